"""Text from strangers, made harmless for a terminal, a comment or a line of a log."""

_SHOWN_CHARACTERS = 500


def printable(text: str, *, most: int = _SHOWN_CHARACTERS) -> str:
    """The text in one line of at most that many characters, with nothing in it that a terminal would obey."""
    shown = "".join(character if character.isprintable() else "�" for character in " ".join(text.split()))
    return shown if len(shown) <= most else shown[: most - 1] + "…"
