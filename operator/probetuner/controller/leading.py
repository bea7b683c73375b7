"""One operator of a cluster works, any others stand by: the holding of the Lease."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import structlog

from probetuner.cluster.errors import ApiError, StatusError
from probetuner.cluster.leases import DURATION_SECONDS, Lease
from probetuner.controller.heartbeat import Heartbeat

_RETRY_SECONDS = 2.0
_ATTEMPT_SECONDS = 3.0
_RELEASE_SECONDS = 3.0
_LIMIT_SECONDS = 30.0
# Given up well before others may take it, so that two never work at once.
_LOST_AFTER_SECONDS = 0.75 * DURATION_SECONDS

log = structlog.get_logger()


class LeadershipLostError(Exception):
    """The Lease could not be renewed in time; another operator may work now, and this one has to end."""


class Leadership:
    """Holds the Lease, or waits for it. `clock` gives monotonic seconds, `wall` epoch seconds.

    `problem` is a sentence while the Lease cannot be read or written; `was_lost` stays true once it was lost.
    """

    def __init__(self, lease: Lease, *, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        self.problem: str | None = "The Lease has not been looked at yet."
        self.was_lost = False
        self._lease = lease
        self._clock = clock
        self._wall = wall
        self._heartbeat = Heartbeat("holding of the Lease", limit_seconds=_LIMIT_SECONDS, clock=clock)
        self._good_until: float | None = None
        self._server_away = False

    def holds(self) -> bool:
        """Whether this operator may write now: also after the process was held up, as by a paused machine."""
        return self._good_until is not None and self._clock() < self._good_until

    def is_paused(self) -> bool:
        """Whether the Lease says that no change may begin, as it was last seen."""
        return self._lease.seen is not None and self._lease.seen.is_paused

    async def win(self) -> None:
        """Stand by until the Lease is held."""
        told: str | None = None
        while not await self._try():
            holder = self._lease.seen.holder if self._lease.seen is not None else ""
            if holder and holder != told:
                log.info("standing by", holder=holder)
                told = holder
            await asyncio.sleep(_RETRY_SECONDS)
        log.info("leading", identity=self._lease.identity)

    async def keep(self) -> None:
        """Renew it until another operator has had it, or it may not be renewed for too long.

        While the API server is away nobody can take it: nothing is written meanwhile (`holds`), what was learned is
        kept, and the work goes on afterwards if nobody has held it in between.
        """
        turn = self._turn()
        while self.holds() or self._server_away:
            await asyncio.sleep(_RETRY_SECONDS)
            await self._try()
            if self._turn() != turn:
                break
        self.was_lost = True
        log.error("the lease is lost", problem=self.problem or "another operator holds it")

    def _turn(self) -> object:
        """How often the Lease has changed hands, as far as it was seen."""
        return self._lease.seen.spec.get("leaseTransitions") if self._lease.seen is not None else None

    def late(self) -> str | None:
        """Return a sentence when nobody looks after the Lease any more."""
        return self._heartbeat.problem()

    async def release(self) -> None:
        """Let the next operator take it at once; from here on this one may not write."""
        if not self.holds():
            return
        self._good_until = None
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._lease.release(now=self._clock(), wall=self._wall())
        except (ApiError, TimeoutError) as problem:
            log.warning("lease not released, another operator takes it when it expires", problem=str(problem))

    async def _try(self) -> bool:
        """Take or renew it; a failure to reach the API server leaves what is held until it expires."""
        self._heartbeat.beat()
        began = self._clock()
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                held = await self._lease.take(now=began, wall=self._wall())
        except (ApiError, TimeoutError) as problem:
            self._server_away = not isinstance(problem, StatusError)
            self._note(f"The Lease cannot be read or written: {_with_next_step(problem)}")
            return False
        self._server_away = False
        self._good_until = began + _LOST_AFTER_SECONDS if held else None
        self._note(None)
        return held

    def _note(self, problem: str | None) -> None:
        if problem is not None and problem != self.problem:
            log.warning("lease not taken, to be tried again", problem=problem)
        self.problem = problem


def _with_next_step(problem: ApiError | TimeoutError) -> str:
    if isinstance(problem, StatusError) and problem.code == HTTPStatus.FORBIDDEN:
        return f"{problem}; let the operator get, create and update it as the chart does, or name another with --lease."
    return str(problem) or "no answer in time"
