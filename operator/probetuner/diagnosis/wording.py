"""Small matters of English in findings."""


def several(count: int, noun: str) -> str:
    """The number with its noun: `1 kill`, `3 kills`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
