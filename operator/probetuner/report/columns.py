"""Rows of words, in columns."""

from collections.abc import Sequence


def align(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of words as lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows)
