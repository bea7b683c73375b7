"""`python -m bench.scale.kubelets NODES [PKI]`: the kubelets of a fleet, in a process of their own, one port each.

Without a folder of certificates they speak plain HTTP and say what they would say at whatever time the path names, so
that nobody waits for a scrape: /SECONDS/metrics/probes. With one they speak TLS and say what is so now, and one port
more has the metrics API of the whole fleet, as metrics-server serves it. The ports are printed first; then a fleet is
read, as a line of JSON.
"""

import asyncio
import json
import os
import ssl
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from aiohttp import web

from bench.scale.fleet import Fleet
from bench.scale.pages import Node
from bench.scale.usage import DISCOVERY, PATH, usage

_TESTS = Path(__file__).parents[2]
_GZIP, _QUICKLY = 16 + zlib.MAX_WBITS, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubelets:
    """Kubelets that run beside this process, on ports of loopback in the order of their nodes."""

    ports: Sequence[int]
    metrics_port: int
    told: IO[str]

    def serve(self, fleet: Fleet) -> None:
        """Have them serve that fleet; until then they keep who asks waiting."""
        self.told.write(json.dumps(fleet.document()) + "\n")
        self.told.flush()


@contextmanager
def kubelets(nodes: int, *, pki: Path | None = None) -> Iterator[Kubelets]:
    """Run them beside this process."""
    command = [sys.executable, "-m", "bench.scale.kubelets", str(nodes), *([str(pki)] if pki else [])]
    environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin:
            *ports, metrics_port = json.loads(process.stdout.readline())
            yield Kubelets(ports=ports, metrics_port=metrics_port, told=process.stdin)


async def _serve(nodes: int, pki: Path | None) -> None:
    context = None
    if pki is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pki / "kubelet.crt", pki / "kubelet.key")
    fleet: asyncio.Future[Fleet] = asyncio.get_running_loop().create_future()
    runners = [web.AppRunner(_kubelet(number, fleet), access_log=None) for number in range(nodes)]
    runners.append(web.AppRunner(_metrics(fleet), access_log=None))
    for runner in runners:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    print(json.dumps([runner.addresses[0][1] for runner in runners]), flush=True)
    told = await asyncio.to_thread(sys.stdin.readline)
    if told:
        fleet.set_result(Fleet(**json.loads(told)))
        await asyncio.to_thread(sys.stdin.read)  # until whoever began it has ended, in whatever way
    for runner in runners:
        await runner.cleanup()


def _kubelet(number: int, fleet: "asyncio.Future[Fleet]") -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        at = float(request.match_info.get("at", time.time()))
        node = Node(await asyncio.shield(fleet), number)
        page = node.probes(at) if request.match_info["page"] == "probes" else node.cgroups(at)
        return _packed(page)

    application = web.Application()
    application.router.add_get("/metrics/{page}", answer)
    application.router.add_get("/{at}/metrics/{page}", answer)
    return application


def _metrics(fleet: "asyncio.Future[Fleet]") -> web.Application:
    async def discover(_: web.Request) -> web.Response:
        return web.json_response(DISCOVERY)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=usage(await asyncio.shield(fleet), time.time()), content_type="application/json")

    application = web.Application()
    application.router.add_get(PATH, discover)
    application.router.add_get(f"{PATH}/pods", answer)
    return application


def _packed(body: bytes) -> web.Response:
    squeeze = zlib.compressobj(_QUICKLY, zlib.DEFLATED, _GZIP)
    packed = squeeze.compress(body) + squeeze.flush()
    return web.Response(body=packed, content_type="text/plain", headers={"Content-Encoding": "gzip"})


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
