"""What is promised of the watches, whatever becomes of kopf."""

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import kopf
import pytest

from probetuner.controller import watching
from probetuner.controller.metrics import Metrics
from probetuner.controller.watching import KINDS, Watches

PLURALS = {plural for _, plural in KINDS}


class Kopf:
    """Stands for `kopf.operator`: fails as often as told for a kind, then watches until it is stopped.

    With `hangs` it keeps its event loop from turning until all is over.
    """

    def __init__(self, *, hangs: bool = False, **failures: int) -> None:
        self.hangs = hangs
        self.is_over = threading.Event()
        self.failures = failures
        self.begun: Counter[str] = Counter()
        self.stopped: Counter[str] = Counter()

    async def __call__(self, *, registry: Any, stop_flag: asyncio.Event, ready_flag: threading.Event, **_: Any) -> None:
        """Run as kopf does, for the one kind that is asked for."""
        (plural,) = (handler.id for handler in registry._watching.get_all_handlers())
        self.begun[plural] += 1
        if self.failures.get(plural):
            self.failures[plural] -= 1
            raise PermissionError(f"{plural} is forbidden")
        ready_flag.set()
        if self.hangs:
            self.is_over.wait()
        await stop_flag.wait()
        self.stopped[plural] += 1


class Bench:
    """The watches at work on a kopf that is none."""

    def __init__(self, fake: Kopf, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kopf, "operator", fake)
        monkeypatch.setattr(watching, "_FIRST_WAIT_SECONDS", 0.01)
        monkeypatch.setattr(watching, "_BEAT_SECONDS", 0.05)
        self.fake, self.metrics = fake, Metrics()
        self.watches = Watches(lambda *_: None, self.metrics, clock=time.monotonic)
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.watches.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._running is not None
        self.fake.is_over.set()
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that other threads do."""
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110 - as it says
                await asyncio.sleep(0.01)


async def test_a_watch_that_ends_is_begun_again_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """What kopf holds to be unrecoverable is logged, counted and said, and tried again; nothing else stops for it."""
    bench = Bench(Kopf(pods=2), monkeypatch)
    assert bench.watches.problem is not None

    async with bench:
        await bench.until(lambda: bench.watches.problem is None)
        assert b"probetuner_watch_failures_total 2.0" in bench.metrics.page()
        assert bench.fake.begun == {**dict.fromkeys(PLURALS, 1), "pods": 3}

    assert set(bench.fake.stopped) == PLURALS


async def test_the_reason_is_said_while_a_kind_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for readiness learns what ended the watch."""
    said = "The watch of pods ended: PermissionError: pods is forbidden"

    async with Bench(Kopf(pods=10**6), monkeypatch) as bench:
        await bench.until(lambda: bench.watches.problem == said)


@pytest.mark.slow
async def test_a_watch_whose_thread_hangs_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that turns is not, although nothing is to be seen."""
    monkeypatch.setattr(watching, "_LIMIT_SECONDS", 1.0)

    async with Bench(Kopf(), monkeypatch) as bench:
        await bench.until(lambda: bench.watches.problem is None)
        began = time.monotonic()
        await bench.until(lambda: bench.watches.late() != [] or time.monotonic() > began + 2.0)
        assert bench.watches.late() == []
    async with Bench(Kopf(hangs=True), monkeypatch) as bench:
        await bench.until(lambda: len(bench.watches.late()) == len(KINDS))


def test_watches_that_have_not_begun_are_not_late() -> None:
    """They wait for the first lists, however long the API server is away."""
    watches = Watches(lambda *_: None, Metrics(), clock=itertools.count(step=10**6).__next__)

    assert watches.late() == []


async def test_handlers_return_nothing() -> None:
    """What a handler returned, kopf would write into the status of a user's object."""
    seen: list[tuple[str, Any, Any]] = []
    handler = watching._handler("pods", lambda plural, raw, change: seen.append((plural, raw, change)))

    assert await handler(event={"object": {"kind": "Pod"}, "type": None}, body=None) is None
    assert seen == [("pods", {"kind": "Pod"}, None)]
