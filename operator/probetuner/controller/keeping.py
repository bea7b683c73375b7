"""Keeping what is remembered.

A history is saved when something happened (not when probes merely went on succeeding, or a quiet cluster would cause
writes), at most once a minute. What merely goes on failing is saved every ten minutes: a probe that never succeeds
would cause a write a minute for ever. At the end everything is saved.
"""

import asyncio
from collections.abc import Callable

import structlog

from probetuner.cluster import histories
from probetuner.cluster.api import Api
from probetuner.cluster.errors import ApiError, ConflictError, NotFoundError
from probetuner.controller.serving import Following, Served
from probetuner.controller.supervising import Loop
from probetuner.history.notable import goings_on, happenings
from probetuner.history.record import WorkloadHistory

_LOOK_SECONDS = 5.0
_INTERVAL_SECONDS, _GOING_ON_SECONDS = 60.0, 600.0
_AT_ONCE = 4

log = structlog.get_logger()


class Keeper:
    """Saves the histories of served workloads. `clock` gives epoch seconds."""

    def __init__(self, api: Api, following: Following, *, clock: Callable[[], float], loop: Loop) -> None:
        self._api = api
        self._following = following
        self._clock = clock
        self._loop = loop
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Save what is due, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            with self._loop.turn():
                await self.save_due()
            self._loop.beat()

    async def save_due(self) -> None:
        """Save that to which something happened, if it was not saved within the last minute, or ten if it goes on."""
        latest = self._clock() - _INTERVAL_SECONDS
        due = [served for served in self._changed() if served.saved_at <= latest]
        await self._save([served for served in due if self._is_worth_saving(served)])

    async def save_all(self) -> None:
        """Save everything that is not saved yet, and first that to which something happened: there may not be time."""
        changed = [(self._is_worth_saving(served), served) for served in self._changed()]
        for is_worth_it in (True, False):
            await self._save([served for worth, served in changed if worth is is_worth_it])

    def _is_worth_saving(self, served: Served) -> bool:
        with self._loop.turn(served.workload.ref):
            if happenings(served.history) != happenings(served.saved):
                return True
            due = served.saved_at <= self._clock() - _GOING_ON_SECONDS
            return due and goings_on(served.history) != goings_on(served.saved)
        return False

    def _changed(self) -> list[Served]:
        everything = self._following.served.values()
        return [each for each in everything if each.history is not each.saved and each.history_problem is None]

    async def _save(self, due: list[Served]) -> None:
        await asyncio.gather(*(self._save_one(served) for served in due))

    async def _save_one(self, served: Served) -> None:
        history, workload = served.history, served.workload
        async with self._slots:
            # Set before the attempt: one that fails is repeated in a minute, not at once.
            served.saved_at = self._clock()
            with self._loop.turn(workload.ref):
                await self._save_this(served, history)
            self._loop.beat()

    async def _save_this(self, served: Served, history: WorkloadHistory) -> None:
        workload = served.workload
        try:
            served.saved_version = await histories.save(
                self._api,
                workload.ref,
                history,
                uid=workload.uid,
                now=served.saved_at,
                version=served.saved_version,
            )
            served.saved = history
        except (ConflictError, NotFoundError) as problem:
            log.info("history has changed, it is saved with the next", workload=str(workload.ref), problem=str(problem))
            await self._look_again(served)
        except ApiError as problem:
            log.warning("history not saved, to be tried again", workload=str(workload.ref), problem=str(problem))

    async def _look_again(self, served: Served) -> None:
        """See what stands there now: a save of ours that seemed to have failed, or somebody's change of its labels.

        What is known here is not older than that: while it works, an operator is the only one who saves.
        """
        ref, uid = served.workload.ref, served.workload.uid
        try:
            there = await histories.load(self._api, ref, uid=uid, now=self._clock())
        except ApiError as problem:
            log.warning("history not read, to be tried again", workload=str(ref), problem=str(problem))
            return
        served.saved_version, served.history_problem = there.version, there.problem
