"""Whether the operator's own loops still turn."""

from collections.abc import Callable


class Heartbeat:
    """When a loop last turned. `clock` gives seconds on any monotonic scale; a loop has until `limit_seconds`.

    Before its first beat it has not begun, and is not late either.
    """

    def __init__(self, name: str, *, limit_seconds: float, clock: Callable[[], float]) -> None:
        self.name = name
        self._limit_seconds = limit_seconds
        self._clock = clock
        self._at: float | None = None

    def beat(self) -> None:
        """Note that the loop turned; from any thread."""
        self._at = self._clock()

    def problem(self) -> str | None:
        """Return a sentence when the loop has not turned for too long."""
        at = self._at
        if at is None:
            return None
        age_seconds = self._clock() - at
        if age_seconds <= self._limit_seconds:
            return None
        return f"{self.name} has not turned for {age_seconds:.0f} s; {self._limit_seconds:.0f} s are allowed"
