"""What is wrong with an object that somebody gave us."""


class InvalidObjectError(ValueError):
    """An object from outside cannot be understood; the text names the place and says what is wrong with it."""

    def __init__(self, place: str, trouble: str) -> None:
        super().__init__(f"{place} {trouble}")
        self.place = place
        self.trouble = trouble
