"""Asking the kubelets of the nodes that run served pods for their counters, each on its own."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import structlog

from probetuner.change.counters import WAITING, NodeCounters, NodeState
from probetuner.controller.metrics import Metrics
from probetuner.controller.serving import Following
from probetuner.controller.supervising import Loop
from probetuner.facts.feed import FAMILIES
from probetuner.sources.failing import Failure
from probetuner.sources.kubelet import PATHS, KubeletAddress, KubeletError, Kubelets

_LOOK_SECONDS = 1.0
_JITTER = 0.1
_CALM_AFTER_SECONDS = 600.0
_CALM_SECONDS = 30.0
"""How often nodes are asked to whose pods nothing has happened for ten minutes. Counters are kept by the minute, so two
looks in each lose nothing; and what happens comes by a watch, so the first failed attempt has the node asked at once,
and then as often as before."""

_STATES = {
    Failure.REFUSED: NodeState.REFUSED,
    Failure.UNTRUSTED: NodeState.UNTRUSTED,
    Failure.UNREACHABLE: NodeState.UNREACHABLE,
    Failure.BROKEN: NodeState.BROKEN,
    Failure.UNASKED: NodeState.UNASKED,
}

_READ = (NodeState.ANSWERING, NodeState.PARTIAL)

_NOT_ASKED = NodeCounters(
    state=NodeState.UNASKED, problem="Kubelets are not asked (--kubelet-source=none, kubelet.source of the chart)."
)

log = structlog.get_logger()


class Scraper:
    """One task for each node, so that a kubelet that hangs or refuses holds up nothing but its own counters.

    `clock` gives epoch seconds. `addresses` is kept by the watch of nodes; `heard` has for each node that runs served
    pods what came of asking it last, and `skipped` counts scrapes that were due while the node was still being read.
    With `asks` false none is asked. Where nothing happens, they are asked less often.
    """

    def __init__(
        self,
        following: Following,
        kubelets: Kubelets,
        metrics: Metrics,
        *,
        interval_seconds: float,
        clock: Callable[[], float],
        loop: Loop,
        asks: bool = True,
    ) -> None:
        self.addresses: dict[str, KubeletAddress] = {}
        self.heard: dict[str, NodeCounters] = {}
        self.skipped = 0
        self._following = following
        self._kubelets = kubelets
        self._metrics = metrics
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._loop = loop
        self._asks = asks
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asked_since: dict[str, float] = {}
        self._dozing: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        """Scrape until cancelled."""
        try:
            while True:
                self._loop.beat()
                with self._loop.turn():
                    self._adjust(self._following.nodes() if self._asks else set())
                    self._wake()
                    self._metrics.show_nodes(Counter(counters.state for counters in self.heard.values()))
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._adjust(set())

    def counters(self, nodes: set[str]) -> dict[str, NodeCounters]:
        """Return what came of asking each of these nodes last."""
        if not self._asks:
            return dict.fromkeys(nodes, _NOT_ASKED)
        return {node: self.heard.get(node, WAITING) for node in nodes}

    def _adjust(self, nodes: set[str]) -> None:
        for node in self._tasks.keys() - nodes:
            self._tasks.pop(node).cancel()
            self.heard.pop(node, None)
            self._dozing.pop(node, None)
            self._asked_since.pop(node, None)
            self._following.forget_news(node)
        for node in nodes - self._tasks.keys():
            self.heard[node] = WAITING
            self._asked_since[node] = self._clock()
            self._tasks[node] = asyncio.create_task(self._scrape_for_ever(node), name=f"scrape {node}")

    async def _scrape_for_ever(self, node: str) -> None:
        await asyncio.sleep(random.uniform(0, _LOOK_SECONDS))  # noqa: S311 - to spread the load, not to hide anything
        while True:
            began = asyncio.get_running_loop().time()
            with self._loop.turn(node):
                counters = await self._scrape(node)
                self._note(node, counters)
                if counters.state in _READ:
                    self._skipped(int((asyncio.get_running_loop().time() - began) // self._interval_seconds))
            await self._rest(node, random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 - as above

    async def _rest(self, node: str, share: float) -> None:
        """Wait until the node is to be asked again: while all is calm for longer, but not when something happens."""
        if not self._is_calm(node):
            await asyncio.sleep(self._interval_seconds * share)
            return
        self._dozing[node] = woken = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(self._interval_seconds, _CALM_SECONDS) * share):
                await woken.wait()

    def _skipped(self, scrapes: int) -> None:
        self.skipped += scrapes
        self._metrics.skipped_scrapes.inc(scrapes)

    def _is_calm(self, node: str) -> bool:
        since = max(self._asked_since[node], self._following.news_at(node))
        return self._clock() - since >= _CALM_AFTER_SECONDS

    def _wake(self) -> None:
        for node in [node for node in self._dozing if not self._is_calm(node)]:
            self._dozing.pop(node).set()

    async def _scrape(self, node: str) -> NodeCounters:
        """Read both pages of a node; returns what came of it."""
        address = self.addresses.get(node)
        if address is None:
            problem = f"Node {node} has no internal address yet; its kubelet is asked as soon as it has."
            return NodeCounters(state=NodeState.UNASKED, problem=problem)
        try:
            for path in PATHS:
                page = await self._kubelets.read(address, path, FAMILIES[path])
                read = self._following.reader.scraping(node, path)
                if read is not None:
                    # A thread of its own: a page may take a second, and others must not wait for it.
                    loop, threads = asyncio.get_running_loop(), self._kubelets.threads
                    reading = await loop.run_in_executor(threads, read, page.text, self._clock(), page.problem)
                    self._following.learn(self._following.reader.scraped(node, path, reading))
        except KubeletError as failed:
            return NodeCounters(state=_STATES[failed.failure], problem=str(failed))
        partly = self._following.reader.problem(node)
        if partly is not None:
            return NodeCounters(state=NodeState.PARTIAL, problem=partly)
        return NodeCounters(state=NodeState.ANSWERING)

    def _note(self, node: str, counters: NodeCounters) -> None:
        if counters.problem:
            self._metrics.scrape_errors.inc()
        before = self.heard.get(node, WAITING)
        if counters == before:
            return
        self.heard[node] = counters
        if counters.problem:
            log.warning("counters of a kubelet are missing", node=node, problem=counters.problem)
        elif before.problem:
            log.info("kubelet answers again", node=node)
        for ref in self._following.on_node(node):
            self._following.changed(ref, 0.0)
