"""Small matters of English in what is told."""

from collections.abc import Sequence


def several(count: int, noun: str) -> str:
    """The number with its noun: `1 kill`, `3 kills`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def first_of(names: Sequence[str], most: int) -> str:
    """So many names at most, and how many others there are: `a, b and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
