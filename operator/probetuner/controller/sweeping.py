"""Bringing the picture in line with the cluster: at the start, every ten minutes, and after watches were broken off.

kopf tells nothing of what was deleted while a watch was broken off, and nothing of what a workload became between two
of our own requests.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

import structlog

from probetuner.cluster import histories, workloads
from probetuner.cluster.api import Api
from probetuner.cluster.errors import ApiError, NotFoundError
from probetuner.controller.census import make_sure_of_discovery, pod_uids, take_census
from probetuner.controller.serving import Following
from probetuner.controller.supervising import Loop
from probetuner.controller.view import View
from probetuner.model.shard import WHOLE
from probetuner.model.workload import WorkloadRef

_INTERVAL_SECONDS = 600.0
_AFTER_LIST_SECONDS = 10.0
_FIRST_WAIT_SECONDS = 1.0
_LAST_WAIT_SECONDS = 30.0

log = structlog.get_logger()


class Sweeper:
    """Takes the census. `look_at` is called with each workload that it may matter to.

    With `namespaces`, nothing is listed in any other. What is in a namespace that `covers` does not is another shard's.
    """

    def __init__(
        self,
        api: Api,
        view: View,
        following: Following,
        *,
        look_at: Callable[[WorkloadRef], None],
        loop: Loop,
        namespaces: Collection[str] = (),
        covers: Callable[[str], bool] = WHOLE.covers,
    ) -> None:
        self._covers = covers
        self.problem: str | None = "The cluster has not been listed yet."
        self._api = api
        self._view = view
        self._following = following
        self._look_at = look_at
        self._loop = loop
        self._namespaces = namespaces
        self._missed = asyncio.Event()

    def relisted(self) -> None:
        """Take note that a watch gave a list instead of changes: what was deleted before it, nobody will tell."""
        self._missed.set()

    async def begin(self) -> None:
        """Take the first census; what hinders it is logged, and it is tried until it is done."""
        wait_seconds = _FIRST_WAIT_SECONDS
        while self.problem is not None:
            with self._loop.turn() as turn:
                await self._begin()
            if turn.failed:
                self.problem = "The cluster cannot be listed: see the log for what went wrong."
            self._loop.beat()
            if self.problem is not None:
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(_LAST_WAIT_SECONDS, 2 * wait_seconds)

    async def _begin(self) -> None:
        try:
            await make_sure_of_discovery(self._api)
            await self._count()
        except ApiError as problem:
            self.problem = f"The cluster cannot be listed: {_with_next_step(problem)}"
            log.warning("the cluster cannot be listed, to be tried again", problem=self.problem)
        else:
            self.problem = None

    async def run(self) -> None:
        """Sweep every so often and after lists, until cancelled."""
        while True:
            await self._wait()
            with self._loop.turn():
                await self._sweep()
            self._loop.beat()

    async def _sweep(self) -> None:
        try:
            await self._count()
            await self._sweep_served()
            await histories.delete_strays(
                self._api, self._view.remembered, namespaces=self._namespaces, covers=self._covers
            )
        except ApiError as problem:
            log.warning("not swept, to be tried again", problem=str(problem))

    async def _wait(self) -> None:
        """Wait for the next sweep; all watches are listed anew within seconds of each other, and need one sweep."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_INTERVAL_SECONDS):
                await self._missed.wait()
                await asyncio.sleep(_AFTER_LIST_SECONDS)
        self._missed.clear()

    async def _count(self) -> None:
        self._view.begin_census()
        census = await take_census(self._api, self._loop, self._namespaces, covers=self._covers)
        for ref in self._view.end_census(census) | set(self._following.served):
            self._look_at(ref)

    async def _sweep_served(self) -> None:
        for namespace in self._following.namespaces:
            with self._loop.turn(f"pods of {namespace}", besides=(ApiError,)):
                before = self._following.pods_in(namespace)
                self._following.forget_pods(before - await pod_uids(self._api, namespace))
            self._loop.beat()
        for ref, served in list(self._following.served.items()):
            known = self._view.workloads.get(ref)
            if known is not None and known.resource_version != served.workload.resource_version:
                with self._loop.turn(ref, besides=(ApiError,)):
                    await self._read_again(ref)
                self._loop.beat()

    async def _read_again(self, ref: WorkloadRef) -> None:
        try:
            raw = await workloads.read(self._api, ref)
        except NotFoundError as problem:
            log.warning("workload not read", workload=str(ref), problem=str(problem))
            return
        if ref in self._following.served:
            self._following.served[ref].see(raw)
            self._look_at(ref)


def _with_next_step(problem: ApiError) -> str:
    if isinstance(problem, NotFoundError):
        return f"{problem}; install the definitions of ProbePolicy and ProbeHistory (crds/, or the chart)."
    return str(problem)
