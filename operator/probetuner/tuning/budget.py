"""How much one decision may replay and weigh.

Who owns a workload decides what happens to it, and so could make a decision about it last as long as they like.
"""

MOST_STEPS = 100_000


class TooMuchToReplayError(Exception):
    """More is to be replayed or weighed than is left of a budget."""


class Budget:
    """What one decision may still do: a step is an event of a replay, or as much work as that (some 30 microseconds).

    `problem` says in a sentence that more was asked for, and is None before; from then on nothing is left.
    """

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._steps = self._left = steps
        self.problem: str | None = None

    def spend(self, steps: int = 1) -> None:
        """Take so many steps. Raises TooMuchToReplayError when fewer are left."""
        if steps > self._left:
            self._left = 0
            self.problem = f"more happened than may be replayed and weighed ({self._steps:,} steps)"
            raise TooMuchToReplayError(self.problem)
        self._left -= steps
