"""The operator's own pages: /livez, /readyz and /metrics."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from aiohttp import web

Problems = Callable[[], Sequence[str]]
Page = Callable[[web.Request], Awaitable[web.StreamResponse]]

_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
_FRESH_SECONDS = 5.0
"""Prometheus asks each 15 s and more. Anybody in the cluster may ask, so that is all that rendering may cost."""

_READERS = 2
"""A pair of Prometheus servers; each reader holds a page of up to some megabytes in memory."""

_READING_SECONDS = 10.0


async def open_pages(
    *, port: int, alive: Problems, ready: Problems, metrics: Callable[[], bytes], clock: Callable[[], float]
) -> tuple[web.AppRunner, int]:
    """Serve the pages on all addresses; returns what closes them and the port, a free one where 0 was asked for.

    `alive` and `ready` give a sentence for each thing that is not as it should be; `metrics` gives the exposition text,
    and is called in a thread. `clock` gives seconds on any monotonic scale. Raises OSError.
    """
    application = web.Application()
    application.router.add_get("/livez", _answers(alive))
    application.router.add_get("/readyz", _answers(ready))
    application.router.add_get("/metrics", MetricsPage(metrics, clock=clock).answer)
    listener = _listen(port)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner, int(listener.getsockname()[1])


class MetricsPage:
    """/metrics for whoever asks, without keeping /livez and /readyz waiting.

    It is rendered once in five seconds at most, in a thread of its own, and read by two at a time at most: who reads
    slowly is hung up on, and the third is told to come again.
    """

    def __init__(self, render: Callable[[], bytes], *, clock: Callable[[], float]) -> None:
        self._render = render
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="metrics")
        self._lock = asyncio.Lock()
        self._rendered: tuple[float, bytes] | None = None
        self._readers = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Send the page, or refuse to."""
        if self._readers >= _READERS:
            headers = {"Retry-After": f"{_FRESH_SECONDS:.0f}"}
            text = f"{_READERS} are reading the metrics already\n"
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=text, headers=headers)
        self._readers += 1
        try:
            return await self._send(request)
        finally:
            self._readers -= 1

    async def _send(self, request: web.Request) -> web.StreamResponse:
        page = await self._page()
        response = web.StreamResponse(headers={"Content-Type": _EXPOSITION, "Content-Length": str(len(page))})
        try:
            async with asyncio.timeout(_READING_SECONDS):
                await response.prepare(request)
                await response.write(page)
                await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _page(self) -> bytes:
        async with self._lock:
            now = self._clock()
            if self._rendered is None or now - self._rendered[0] >= _FRESH_SECONDS:
                loop = asyncio.get_running_loop()
                self._rendered = (now, await loop.run_in_executor(self._thread, self._render))
            return self._rendered[1]


def _listen(port: int) -> socket.socket:
    """One socket for both families where the system has that, since two would not find the same free port."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("0.0.0.0", port))  # noqa: S104 - the kubelet asks at the pod's address


def _answers(problems: Problems) -> Page:
    async def answer(_: web.Request) -> web.Response:
        found = problems()
        return web.Response(text="\n".join(found or ["ok"]) + "\n", status=500 if found else 200)

    return answer
