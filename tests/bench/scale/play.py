"""A fleet under the operator: its parts from what watches and kubelets tell to the status, with an API in memory."""

import asyncio
import resource
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import cast

from bench.scale.api import MemoryApi
from bench.scale.fleet import BEGAN, Fleet, node, node_name
from bench.scale.hurried import HurriedLoop
from bench.scale.kubelets import kubelets
from probetuner.change.decide import decide
from probetuner.change.situation import Decision, Situation
from probetuner.cluster.api import Api
from probetuner.cluster.pacing import RequestPace
from probetuner.controller.deciding import DecisionThread
from probetuner.controller.guarding import Guard
from probetuner.controller.intake import DEBOUNCE_SECONDS, Intake
from probetuner.controller.keeping import Keeper
from probetuner.controller.metrics import Metrics
from probetuner.controller.options import Options
from probetuner.controller.pace import Pace
from probetuner.controller.reconciler import Reconciler
from probetuner.controller.scraping import Scraper
from probetuner.controller.serving import Following
from probetuner.controller.supervising import Loop
from probetuner.controller.view import View
from probetuner.controller.workers import WORKERS, work
from probetuner.controller.workqueue import WorkQueue
from probetuner.diagnosis.mass import MassRule
from probetuner.facts.page import Page
from probetuner.model.workload import WorkloadRef
from probetuner.sources.kubelet import KubeletAccess, KubeletAddress, Kubelets


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What the operator did from one time to another: CPU seconds a minute, and how much of what."""

    cpu: float
    decisions: float
    requests: Mapping[str, int]


@dataclass(slots=True, kw_only=True)
class Played:
    """What came of it.

    Times are seconds: of the first look at each workload since the start, and of advice since the first failure.
    """

    first_looks: list[float] = field(default_factory=list)
    advised_after: list[float] = field(default_factory=list)
    unadvised: int = 0
    stretches: dict[str, Stretch] = field(default_factory=dict)
    peak_mib: float = 0.0


async def no_token() -> None:
    """Show the kubelets no token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timely(KubeletAddress):
    """A kubelet that is asked what it would say at this time."""

    loop: HurriedLoop

    def url(self, path: str) -> str:
        return f"http://{self.host}:{self.port}/{BEGAN + self.loop.time():.3f}{path}"


class _Waiting(Kubelets):
    """Lets the clock stand still while a kubelet is asked."""

    def __init__(self, loop: HurriedLoop) -> None:
        super().__init__(KubeletAccess(bearer_token=no_token))
        self._loop = loop

    async def read(self, address: KubeletAddress, path: str, families: tuple[str, ...]) -> Page:
        self._loop.busy += 1
        try:
            return await super().read(address, path, families)
        finally:
            self._loop.busy -= 1


class Theatre:
    """The operator's parts, put together as `controller.working` does, and a fleet that they watch."""

    def __init__(self, fleet: Fleet, loop: HurriedLoop, *, ports: Sequence[int]) -> None:
        self.played = Played()
        self._fleet, self._loop = fleet, loop
        self._decisions = 0
        self._looked: set[WorkloadRef] = set()
        self._advice: dict[WorkloadRef, str | None] = {}
        self._advised: dict[str, list[float]] = {}
        options, metrics = Options(), Metrics()
        clock, monotonic = self._now, loop.time
        pace = RequestPace(
            per_second=options.api_requests_per_second, burst=int(2 * options.api_requests_per_second), clock=monotonic
        )
        self.api = MemoryApi(fleet, pace, clock=clock)
        api = cast("Api", self.api)
        self._queue: WorkQueue[WorkloadRef] = WorkQueue(
            monotonic, tenant=lambda ref: ref.namespace, most_active=WORKERS - 1
        )
        self._view = View(default_mode=options.default_mode)
        self._following = Following(since=clock(), changed=self._look_at, loop=self._a_loop("learning"))
        self._kubelets = _Waiting(loop)
        self._scraper = Scraper(
            self._following,
            self._kubelets,
            metrics,
            interval_seconds=options.scrape_interval_seconds,
            clock=clock,
            loop=self._a_loop("scraping"),
        )
        for number, port in enumerate(ports):
            name = node_name(number)
            self._scraper.addresses[name] = _Timely(node=name, host="127.0.0.1", port=port, loop=loop)
        self._keeper = Keeper(api, self._following, clock=clock, loop=self._a_loop("saving"))
        rule = MassRule(share=options.mass_kill_share, window_seconds=options.mass_kill_window_seconds)
        self._guard = Guard(rule, api, self._following, metrics, clock=clock)
        self._reconciler = Reconciler(
            api,
            self._view,
            self._following,
            self._scraper,
            metrics,
            pace=Pace(self._view, limit=options.max_rollouts, clock=clock),
            guard=self._guard,
            deciding=DecisionThread(
                self._decide, clock=clock, monotonic=time.process_time, limit_seconds=180.0, account=self._queue
            ),
            clock=clock,
        )
        self._intake = Intake(
            self._view,
            self._following,
            self._scraper,
            self._queue,
            relisted=lambda: None,
            clock=clock,
            loop=self._a_loop("watching"),
        )

    async def play(self, *, calm_at: float, until: float) -> Played:
        """Start, be calm for a minute from `calm_at` on, then go through the storm; seconds since the start."""
        for number in range(self._fleet.nodes):
            self._following.watch(node(number), "ADDED", self._now())
        for raw in self._fleet.deployments():
            self._intake.receive("deployments", raw, "ADDED")
        parts = (
            self._scraper.run(),
            self._keeper.run(),
            work(self._queue, self._reconciler.reconcile, failed=lambda: None, loop=self._a_loop("looking")),
            self._tell(),
        )
        tasks = [asyncio.create_task(part) for part in parts]
        await self._measure("start", ends=60.0)
        await self._measure("before", ends=calm_at)
        await self._measure("calm", ends=calm_at + 60.0)
        if self._fleet.storm_at:
            await self._measure("storm", ends=until)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._kubelets.close()
        self._conclude()
        return self.played

    async def _measure(self, name: str, *, ends: float) -> None:
        began, cpu = self._loop.time(), time.process_time()
        decisions, requests = self._decisions, self.api.requests.copy()
        await asyncio.sleep(ends - began)
        minutes = (self._loop.time() - began) / 60.0
        self.played.stretches[name] = Stretch(
            cpu=(time.process_time() - cpu) / minutes,
            decisions=(self._decisions - decisions) / minutes,
            requests=dict(self.api.requests - requests),
        )

    async def _tell(self) -> None:
        """Give what the watches give, when they do."""
        for when, raw in self._fleet.story():
            await asyncio.sleep(max(0.0, when - self._now()))
            self._intake.receive("pods" if raw["kind"] == "Pod" else "events", raw, "MODIFIED")

    def _conclude(self) -> None:
        played, fleet = self.played, self._fleet
        played.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        played.advised_after, played.unadvised = fleet.advised_after(self._advised)

    def _decide(self, situation: Situation, now: float) -> Decision:
        decision = decide(situation, now)
        self._decisions += 1
        ref = situation.workload.ref
        if ref not in self._looked:
            self._looked.add(ref)
            self.played.first_looks.append(self._loop.time())
        advice = (decision.status.get("recommendation") or {}).get("id")
        if advice != self._advice.get(ref):
            self._advice[ref] = advice
            self._advised.setdefault(f"{ref.namespace}/{ref.name}", []).append(self._now())
        return decision

    def _look_at(self, ref: WorkloadRef, within_seconds: float) -> None:
        if within_seconds > DEBOUNCE_SECONDS:
            self._queue.add(ref, delay_seconds=within_seconds)
            return
        begins = self._guard.begins(ref)
        delay_seconds = 0.0 if begins else DEBOUNCE_SECONDS
        self._queue.add(ref, delay_seconds=delay_seconds, first=begins or self._guard.comes_first(ref))

    def _now(self) -> float:
        return BEGAN + self._loop.time()

    def _a_loop(self, name: str) -> Loop:
        return Loop(name, limit_seconds=1e9, clock=self._loop.time, failed=lambda: None)


def play(fleet: Fleet, *, calm_at: float, until: float) -> Played:
    """Play it in this process's own time."""

    async def run() -> Played:
        return await Theatre(fleet, loop, ports=served.ports).play(calm_at=calm_at, until=until)

    with kubelets(fleet.nodes) as served, closing(HurriedLoop()) as loop:
        served.serve(fleet)
        return loop.run_until_complete(run())
