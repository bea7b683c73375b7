"""What goes to standard error: trouble in a sentence each. Standard output is for data only."""

import sys

from probetuner.report.printable import printable

_MOST = 100
_MOST_CHARACTERS = 2000


class Problems:
    """Tells problems as they come and counts them; past the first hundred only their number is told, by `close`."""

    def __init__(self) -> None:
        self.count = 0

    def tell(self, problem: str) -> None:
        """Tell a problem."""
        self.count += 1
        if self.count <= _MOST:
            note(problem)

    def close(self) -> None:
        """Tell how many problems were not told."""
        if self.count > _MOST:
            note(f"and {self.count - _MOST} problems more")


def note(sentence: str) -> None:
    """Tell something that is no problem."""
    sys.stderr.write(f"probetuner: {printable(sentence, most=_MOST_CHARACTERS)}\n")
