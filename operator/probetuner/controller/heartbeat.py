"""Whether the operator's own loops still turn."""

from collections.abc import Callable


class Heartbeat:
    """When a loop last turned. `clock` gives seconds on any monotonic scale; a loop has until `limit_seconds`."""

    def __init__(self, name: str, *, limit_seconds: float, clock: Callable[[], float]) -> None:
        self.name = name
        self._limit_seconds = limit_seconds
        self._clock = clock
        self._at = clock()

    def beat(self) -> None:
        """Note that the loop turned."""
        self._at = self._clock()

    def problem(self) -> str | None:
        """Return a sentence when the loop has not turned for too long."""
        age_seconds = self._clock() - self._at
        if age_seconds <= self._limit_seconds:
            return None
        return f"{self.name} has not turned for {age_seconds:.0f} s; {self._limit_seconds:.0f} s are allowed"
