"""The operator's own pages: /livez, /readyz and /metrics."""

import socket
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from probetuner.controller.metrics import Metrics

Problems = Callable[[], Sequence[str]]
Page = Callable[[web.Request], Awaitable[web.StreamResponse]]

_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


async def open_pages(*, port: int, alive: Problems, ready: Problems, metrics: Metrics) -> tuple[web.AppRunner, int]:
    """Serve the pages on all addresses; returns what closes them and the port, a free one where 0 was asked for.

    `alive` and `ready` give a sentence for each thing that is not as it should be. Raises OSError.
    """
    application = web.Application()
    application.router.add_get("/livez", _answers(alive))
    application.router.add_get("/readyz", _answers(ready))
    application.router.add_get("/metrics", _shows(metrics))
    listener = _listen(port)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner, int(listener.getsockname()[1])


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


def _shows(metrics: Metrics) -> Page:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=metrics.page(), headers={"Content-Type": _EXPOSITION})

    return answer
