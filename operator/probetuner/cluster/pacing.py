"""How fast requests may follow each other, so that one operator cannot keep a server busy: a token bucket."""

import asyncio
from collections.abc import Callable

import structlog

_TOLD_FROM_SECONDS = 1.0
_TOLD_EVERY_SECONDS = 60.0

log = structlog.get_logger()


class RequestPace:
    """At most `per_second` requests a second in the long run, and `burst` at once. `clock` gives monotonic seconds.

    Who asks gets a turn in the order of asking. `waited` is told how many seconds each turn took to come.
    """

    def __init__(
        self,
        *,
        per_second: float,
        burst: int,
        clock: Callable[[], float],
        waited: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._waited = waited
        self._free_at = float("-inf")
        self._told_at = float("-inf")

    @property
    def backlog_seconds(self) -> float:
        """How long a request that is asked for now would wait."""
        return max(0.0, self._free_at - self._clock())

    async def turn(self) -> None:
        """Wait until the next request may be sent."""
        now = self._clock()
        # The time at which the bucket would be empty of debts, at most a full bucket in the past.
        self._free_at = max(self._free_at, now - self._burst / self._per_second) + 1.0 / self._per_second
        wait_seconds = max(0.0, self._free_at - now)
        self._waited(wait_seconds)
        if wait_seconds <= 0.0:
            return
        if wait_seconds >= _TOLD_FROM_SECONDS and now - self._told_at >= _TOLD_EVERY_SECONDS:
            self._told_at = now
            log.warning("requests wait for their turn", seconds=round(wait_seconds, 1), per_second=self._per_second)
        await asyncio.sleep(wait_seconds)
