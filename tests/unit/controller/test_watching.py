"""What is promised of the watches, whatever becomes of kopf."""

import asyncio
import threading
from contextlib import suppress
from typing import Any

import kopf
import pytest

from probetuner.controller import watching
from probetuner.controller.metrics import Metrics
from probetuner.controller.watching import Watches


class Kopf:
    """Stands for `kopf.operator`: fails as often as told, then watches until it is stopped."""

    def __init__(self, *, failures: int) -> None:
        self.failures = failures
        self.begun = threading.Event()
        self.stopped = threading.Event()

    async def __call__(self, *, stop_flag: threading.Event, ready_flag: threading.Event, **_: Any) -> None:
        """Run as kopf does."""
        if self.failures:
            self.failures -= 1
            raise PermissionError("pods is forbidden")
        ready_flag.set()
        self.begun.set()
        await asyncio.to_thread(stop_flag.wait)
        self.stopped.set()


async def test_watches_that_end_are_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What kopf holds to be unrecoverable is logged, counted and said, and tried again; nothing else stops for it."""
    fake, metrics = Kopf(failures=2), Metrics()
    monkeypatch.setattr(kopf, "operator", fake)
    monkeypatch.setattr(watching, "_FIRST_WAIT_SECONDS", 0.01)
    watches = Watches(lambda *_: None, metrics, clock=asyncio.get_running_loop().time)
    assert watches.problem is not None
    running = asyncio.create_task(watches.run())

    assert await asyncio.to_thread(fake.begun.wait, 20)
    async with asyncio.timeout(20):
        while watches.problem is not None:  # noqa: ASYNC110 - it is told by another thread
            await asyncio.sleep(0.01)
    assert b"probetuner_watch_failures_total 2.0" in metrics.page()

    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert fake.stopped.is_set()


async def test_the_reason_is_said_while_there_are_no_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for readiness learns what ended the watches."""
    monkeypatch.setattr(kopf, "operator", Kopf(failures=1))
    watches = Watches(lambda *_: None, Metrics(), clock=asyncio.get_running_loop().time)
    running = asyncio.create_task(watches.run())
    async with asyncio.timeout(20):
        while watches.problem != "The watches ended: PermissionError: pods is forbidden":  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_handlers_return_nothing() -> None:
    """What a handler returned, kopf would write into the status of a user's object."""
    seen: list[tuple[str, Any, Any]] = []
    handler = watching._handler("pods", lambda plural, raw, change: seen.append((plural, raw, change)))

    assert await handler(event={"object": {"kind": "Pod"}, "type": None}, body=None) is None
    assert seen == [("pods", {"kind": "Pod"}, None)]
