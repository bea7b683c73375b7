"""Anybody in the cluster may ask for /metrics as often as they like: it costs a rendering in five seconds, no more."""

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from probetuner.controller import pages
from probetuner.controller.pages import open_pages


class Rendering:
    """Stands for the metrics: counts how often they are rendered, which takes until it may end."""

    def __init__(self, size: int = 100) -> None:
        self.times = 0
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.now = 1000.0
        self._page = b"#" * size

    def __call__(self) -> bytes:
        """Render, in whatever thread."""
        self.times += 1
        self.begun.set()
        assert self.may_end.wait(20)
        return self._page


@asynccontextmanager
async def serving(rendering: Rendering) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """The pages, and somebody who asks for them."""
    runner, port = await open_pages(port=0, alive=list, ready=list, metrics=rendering, clock=lambda: rendering.now)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield f"http://127.0.0.1:{port}", session
    finally:
        rendering.may_end.set()
        await runner.cleanup()


async def get(session: aiohttp.ClientSession, url: str) -> tuple[int, bytes, str | None]:
    async with asyncio.timeout(20), session.get(url) as answer:
        return answer.status, await answer.read(), answer.headers.get("Retry-After")


async def test_health_is_answered_whatever_metrics_do() -> None:
    """While a page is being rendered, and never comes, the kubelet's questions are answered."""
    rendering = Rendering()
    async with serving(rendering) as (url, session):
        asking = [asyncio.create_task(get(session, f"{url}/metrics")) for _ in range(2)]
        assert await asyncio.to_thread(rendering.begun.wait, 20)

        for path in ("/livez", "/readyz"):
            assert (await get(session, f"{url}{path}"))[0] == 200
        assert not any(task.done() for task in asking)

        rendering.may_end.set()
        assert [status for status, _, _ in await asyncio.gather(*asking)] == [200, 200]


async def test_a_third_reader_is_told_to_come_again() -> None:
    """Fifty at once make one rendering; two get it, and the others a 503."""
    rendering = Rendering()
    async with serving(rendering) as (url, session):
        asking = [asyncio.create_task(get(session, f"{url}/metrics")) for _ in range(50)]
        refused = [await first for first in itertools.islice(asyncio.as_completed(asking), 48)]
        assert {status for status, _, _ in refused} == {503}
        rendering.may_end.set()
        answers = await asyncio.gather(*asking)

    assert Counter((status, retry) for status, _, retry in answers) == {(200, None): 2, (503, "5"): 48}
    assert rendering.times == 1


async def test_it_is_rendered_at_most_once_in_five_seconds() -> None:
    """Who asks sooner gets the same page."""
    rendering = Rendering()
    rendering.may_end.set()
    async with serving(rendering) as (url, session):
        for seconds in (0.0, 1.0, 3.9, 0.2, 4.9):
            rendering.now += seconds
            assert (await get(session, f"{url}/metrics"))[:2] == (200, b"#" * 100)

    assert rendering.times == 2  # at 0 and at 5.1 s


@pytest.mark.slow
async def test_who_reads_slowly_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that never read a page of many megabytes are hung up on, and others are served."""
    monkeypatch.setattr(pages, "_READING_SECONDS", 2.0)
    rendering = Rendering(size=32 * 1024 * 1024)
    rendering.may_end.set()
    async with serving(rendering) as (url, session):
        port = int(url.rpartition(":")[2])
        slow = [await asyncio.open_connection("127.0.0.1", port, limit=1024) for _ in range(2)]
        for _, writer in slow:
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await asyncio.to_thread(rendering.begun.wait, 20)
        deadline = time.monotonic() + 20
        while (answer := await get(session, f"{url}/metrics"))[0] == 503:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        for _, writer in slow:
            writer.close()

    assert (answer[0], len(answer[1])) == (200, 32 * 1024 * 1024)


async def test_a_rendering_that_fails_is_tried_again() -> None:
    """It keeps no place, and the next one gets a page."""

    class Failing(Rendering):
        def __call__(self) -> bytes:
            if self.times < 3:
                self.times += 1
                raise RuntimeError("dictionary changed size during iteration")
            return super().__call__()

    rendering = Failing()
    rendering.may_end.set()
    async with serving(rendering) as (url, session):
        answers = [(await get(session, f"{url}/metrics"))[0] for _ in range(4)]

    assert answers == [500, 500, 500, 200]
