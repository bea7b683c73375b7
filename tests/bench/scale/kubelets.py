"""`python -m bench.scale.kubelets FLEET`: the kubelets of a fleet, in a process of their own, whatever time it is.

The time is part of the path, so that nobody waits for a scrape: /NODE/SECONDS/metrics/probes.
"""

import asyncio
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from bench.scale.fleet import Fleet
from bench.scale.pages import Node

_TESTS = Path(__file__).parents[2]
_GZIP, _QUICKLY = 16 + zlib.MAX_WBITS, 1


@contextmanager
def kubelets(fleet: Fleet) -> Iterator[int]:
    """Run them beside this process; gives their port on loopback."""
    command = [sys.executable, "-m", "bench.scale.kubelets", json.dumps(fleet.document())]
    environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin:
            yield int(process.stdout.readline())


async def _serve(fleet: Fleet) -> None:
    nodes = [Node(fleet, number) for number in range(fleet.nodes)]

    async def answer(request: web.Request) -> web.Response:
        node, at = nodes[int(request.match_info["node"])], float(request.match_info["at"])
        page = node.probes(at) if request.match_info["page"] == "probes" else node.cgroups(at)
        squeeze = zlib.compressobj(_QUICKLY, zlib.DEFLATED, _GZIP)
        packed = squeeze.compress(page) + squeeze.flush()
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    application = web.Application()
    application.router.add_get("/{node}/{at}/metrics/{page}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until whoever began it has ended, in whatever way
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(Fleet(**json.loads(sys.argv[1]))))
