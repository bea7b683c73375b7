"""One operator of a cluster, or of each shard, works, any others stand by: the holding of the Lease."""

import asyncio
import random
from collections.abc import Callable
from http import HTTPStatus

import structlog

from probetuner.cluster.errors import ApiError, StatusError
from probetuner.cluster.leases import DURATION_SECONDS, Lease
from probetuner.cluster.siblings import Siblings
from probetuner.controller.heartbeat import Heartbeat

_RETRY_SECONDS = 2.0
_LATER = 0.5
"""By which share of that a wait for the Lease differs at most, so that two that gave way to each other meet no more."""
_ATTEMPT_SECONDS = 3.0
_RELEASE_SECONDS = 3.0
_LIMIT_SECONDS = 30.0
# Given up well before others may take it, so that two never work at once.
_LOST_AFTER_SECONDS = 0.75 * DURATION_SECONDS

log = structlog.get_logger()


class LeadershipLostError(Exception):
    """The Lease could not be renewed in time; another operator may work now, and this one has to end."""


class Leadership:
    """Holds the Lease, or waits for it and for shards of another count to end.

    `clock` gives monotonic seconds, `wall` epoch seconds.

    `problem` is a sentence while the Lease cannot be read or written; `was_lost` stays true once it was lost.
    """

    def __init__(
        self, lease: Lease, siblings: Siblings, *, clock: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self.problem: str | None = "The Lease has not been looked at yet."
        self.was_lost = False
        self._lease = lease
        self._siblings = siblings
        self._rival: str | None = None
        self._clock = clock
        self._wall = wall
        self._heartbeat = Heartbeat("holding of the Lease", limit_seconds=_LIMIT_SECONDS, clock=clock)
        self._good_until: float | None = None
        self._server_away = False

    def holds(self) -> bool:
        """Whether this operator may write now: also after the process was held up, as by a paused machine."""
        return self._good_until is not None and self._clock() < self._good_until

    def is_paused(self) -> bool:
        """Whether the Lease, or that of the whole cluster, says that no change may begin, as it was last seen."""
        return self._siblings.are_paused or (self._lease.seen is not None and self._lease.seen.is_paused)

    async def win(self) -> None:
        """Stand by until the Lease is held."""
        told: str | None = None
        while not await self._try():
            holder = self._rival or (self._lease.seen.holder if self._lease.seen is not None else "")
            if holder and holder != told:
                log.info("standing by", holder=holder)
                told = holder
            await asyncio.sleep(_RETRY_SECONDS * random.uniform(1.0, 1.0 + _LATER))  # noqa: S311 - it is no secret
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
                await self._lease.release(wall=self._wall())
        except (ApiError, TimeoutError) as problem:
            log.warning("lease not released, another operator takes it when it expires", problem=str(problem))

    async def _try(self) -> bool:
        """Take or renew it; a failure to reach the API server leaves what is held until it expires."""
        self._heartbeat.beat()
        began = self._clock()
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                held = await self._take()
        except (ApiError, TimeoutError) as problem:
            self._server_away = not isinstance(problem, StatusError)
            self._note(f"The Lease cannot be read or written: {_with_next_step(problem)}")
            return False
        self._server_away = False
        self._good_until = began + _LOST_AFTER_SECONDS if held else None
        self._note(None)
        return held

    async def _take(self) -> bool:
        """Take or renew it, unless somebody works by another count of shards. Raises ApiError.

        Nobody can have begun to while it was held without a break until the answer came. Who has it anew, also since
        somebody deleted it, has to look at all others after it is written (`cluster.siblings`), and looks before too,
        so as not to take it in vain.
        """
        if not self.holds() and await self._gives_way():
            await self._lease.look()  # so that its duration runs from now on, too
            return False
        held = await self._lease.take(wall=self._wall())
        if held and not (self.holds() and self._lease.was_ours) and await self._gives_way():
            await self._lease.release(wall=self._wall())
            return False
        await self._siblings.look()
        return held

    async def _gives_way(self) -> bool:
        self._rival = await self._siblings.rival()
        return self._rival is not None

    def _note(self, problem: str | None) -> None:
        if problem is not None and problem != self.problem:
            log.warning("lease not taken, to be tried again", problem=problem)
        self.problem = problem


def _with_next_step(problem: ApiError | TimeoutError) -> str:
    if isinstance(problem, StatusError) and problem.code == HTTPStatus.FORBIDDEN:
        needed = "list and create Leases there, and get and update its own"
        return f"{problem}; let the operator {needed}, as the chart does, or name another with --lease."
    return str(problem) or "no answer in time"
