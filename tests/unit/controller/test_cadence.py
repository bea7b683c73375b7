"""What is promised of how often kubelets are asked: less where nothing happens, and at once where something does."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import cast

import pytest

from bench.scale.hurried import HurriedLoop
from hostile.tenants import counters, pod, workload
from probetuner.controller.metrics import Metrics
from probetuner.controller.scraping import Scraper
from probetuner.controller.serving import Following, serve
from probetuner.facts.page import Page
from probetuner.history.record import WorkloadHistory
from probetuner.sources.kubelet import PATHS, KubeletAddress, Kubelets
from support.loops import a_loop

START = 1_772_366_400.0
MINUTE = 60.0


class Node:
    """A node whose kubelet notes when it is asked, and may take its time to be read."""

    threads = None

    def __init__(self, loop: HurriedLoop, *, takes_seconds: float = 0.0) -> None:
        self.asked: list[float] = []
        self.failed = 0
        self._is_asked = asyncio.Event()
        self._loop, self._takes_seconds = loop, takes_seconds
        self._metrics = Metrics()
        self.following = Following(since=self.now(), changed=lambda *_: None, loop=a_loop())
        self.following.add(serve(workload("blue"), WorkloadHistory(), at=self.now()))
        self.following.watch(pod("blue"), "ADDED", self.now())
        self.scraper = Scraper(
            self.following,
            cast("Kubelets", self),
            self._metrics,
            interval_seconds=10.0,
            clock=self.now,
            loop=a_loop(),
        )
        self.scraper.addresses["n1"] = KubeletAddress(node="n1", host="10.0.0.1", port=10250)

    def now(self) -> float:
        """The time, in epoch seconds."""
        return START + self._loop.time()

    async def read(self, _address: KubeletAddress, path: str, _families: tuple[str, ...]) -> Page:
        """Answer that an attempt passes each ten seconds."""
        if path == PATHS[0]:
            self.asked.append(self._loop.time())
            self._is_asked.set()
            await asyncio.sleep(self._takes_seconds)
        succeeded = counters("blue", "successful", int(self._loop.time() // 10))
        return Page(text=succeeded + counters("blue", "failed", self.failed) if path == PATHS[0] else "")

    async def run(self, *minutes: float, failing: bool = False) -> list[int]:
        """Go on for these minutes, after which an attempt fails where one is to; how often it was asked in each."""
        scraping = asyncio.create_task(self.scraper.run())
        counts = []
        for number in minutes:
            before = len(self.asked)
            await asyncio.sleep(number * MINUTE)
            counts.append(len(self.asked) - before)
            self.failed += failing
        await ended(scraping)
        return counts

    async def next_asked(self) -> None:
        """Wait until it is asked again."""
        self._is_asked.clear()
        await self._is_asked.wait()


async def ended(task: asyncio.Task[None]) -> None:
    """End it, and what it began."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0.1)


@pytest.fixture
def loop() -> Iterator[HurriedLoop]:
    with closing(HurriedLoop()) as made:
        yield made


def test_a_calm_node_is_asked_a_third_as_often(loop: HurriedLoop) -> None:
    """For ten minutes each ten seconds, as at all times before; then each thirty."""
    first, later = loop.run_until_complete(Node(loop).run(10, 10))

    assert 55 <= first <= 65
    assert 18 <= later <= 23


def test_a_failure_has_it_asked_as_often_as_before(loop: HurriedLoop) -> None:
    """Whether an Event tells of it or the counters, the node is asked each ten seconds for the next ten minutes."""
    _, _, after = loop.run_until_complete(Node(loop).run(10, 10, 5, failing=True))

    assert 28 <= after <= 33


def test_what_a_watch_tells_wakes_it(loop: HurriedLoop) -> None:
    """The counters are read within two seconds of the news, not at the end of a long wait."""
    node = Node(loop)

    async def told() -> float:
        scraping = asyncio.create_task(node.scraper.run())
        await asyncio.sleep(15 * MINUTE)
        await node.next_asked()
        await asyncio.sleep(5.0)
        gone = pod("blue")
        gone["status"]["containerStatuses"][0] |= {"ready": False, "restartCount": 1, "containerID": "c://1"}
        node.following.watch(gone, "MODIFIED", node.now())
        at = loop.time()
        await node.next_asked()
        await ended(scraping)
        return loop.time() - at

    assert loop.run_until_complete(told()) < 2.0


def test_scrapes_that_the_reading_of_the_last_took_the_time_of_are_counted(loop: HurriedLoop) -> None:
    """A node that takes 25 s to be read misses two of ten seconds each."""
    node = Node(loop, takes_seconds=25.0)
    (asked,) = loop.run_until_complete(node.run(10))

    assert node.scraper.skipped == pytest.approx(2 * asked, abs=2)
