"""What is asked of the API server where only some namespaces are watched: nothing of any other.

kopf and the Kubernetes client are real; the API server refuses what a Role in each namespace does not allow.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from probetuner.cluster import histories
from probetuner.cluster.api import Api
from probetuner.cluster.connection import Connection, connect
from probetuner.cluster.names import lists_of
from probetuner.controller.census import take_census
from probetuner.controller.metrics import Metrics
from probetuner.controller.watching import KINDS, Watches
from support.api_server import discovery, running, until
from support.loops import a_loop

SHOWN = {"namespaces", "nodes"}
WATCHED = frozenset(("shop", "web"))
LISTS = {path for version, plural in KINDS if plural not in SHOWN for path in lists_of(version, plural, WATCHED)}


class Server:
    """An API server with one object of each kind in each namespace; counts who was told to go away."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self.listed: Counter[str] = Counter()
        self.streamed: Counter[str] = Counter()
        self.ended = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as an API server does to an account that has Roles only."""
        path, plural = request.path, request.path.rpartition("/")[2]
        if plural not in {kind for _, kind in KINDS} | {"probehistories"}:
            return web.json_response(discovery(path))
        namespace = path.split("/")[-2] if "/namespaces/" in path else None
        if namespace not in WATCHED and plural not in SHOWN:
            self.refused[path] += 1
            return web.json_response({"kind": "Status", "code": 403, "message": f"{path} is forbidden"}, status=403)
        if request.query.get("watch"):
            self.streamed[path] += 1
            stream = web.StreamResponse()
            await stream.prepare(request)
            await self.ended.wait()
            return stream
        self.listed[path] += 1
        metadata = {"name": f"one-{namespace}", "namespace": namespace, "uid": path, "resourceVersion": "1"}
        return web.json_response(
            {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": [{"metadata": metadata}]}
        )


async def test_each_kind_is_watched_in_these_namespaces_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes and Namespaces, which belong to none, are watched as ever."""
    server, told = Server(), set[tuple[str, Any]]()
    watches = Watches(
        lambda plural, raw, _: told.add((plural, raw["metadata"].get("namespace"))),
        Metrics(),
        clock=time.monotonic,
        namespaces=WATCHED,
    )

    async with running(server, tmp_path, monkeypatch):
        task = asyncio.create_task(watches.run())
        await until(lambda: set(server.streamed) >= {*LISTS, "/api/v1/namespaces", "/api/v1/nodes"}, task)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    assert not server.refused
    assert {(plural, namespace) for plural, namespace in told if plural not in SHOWN} == {
        (plural, namespace) for _, plural in KINDS if plural not in SHOWN for namespace in WATCHED
    }


async def test_each_kind_is_counted_in_these_namespaces_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So are the histories that nobody wants any more, of which one in another namespace is somebody else's."""
    server = Server()

    async with running(server, tmp_path, monkeypatch):
        api = Api(connect(), dry_run=True)
        try:
            census = await take_census(api, a_loop(), WATCHED)
            await histories.delete_strays(api, list, namespaces=WATCHED)
        finally:
            api.close()

    assert not server.refused
    assert {ref.namespace for ref in census.workloads} == WATCHED
    assert {path for path in server.listed if path.endswith("/probehistories")} == set(
        lists_of("probetuner.dev/v1alpha1", "probehistories", WATCHED)
    )


async def test_each_kind_is_counted_in_the_own_shard_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sweeps deletes no history of another shard's, which its own picture of the cluster cannot have."""
    server = Server()

    async with running(server, tmp_path, monkeypatch):
        api = Recording(connect())
        try:
            census = await take_census(api, a_loop(), WATCHED, covers=lambda name: name == "shop")
            await histories.delete_strays(api, list, namespaces=WATCHED, covers=lambda name: name == "shop")
        finally:
            api.close()

    assert {ref.namespace for ref in census.workloads} == {"shop"}
    assert api.deleted == ["/apis/probetuner.dev/v1alpha1/namespaces/shop/probehistories/one-shop"]


class Recording(Api):
    """Keeps what would be written."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, dry_run=True)
        self.deleted: list[str] = []

    async def write(self, method: str, path: str, *_: Any, **__: Any) -> None:
        """Note what is to be deleted."""
        assert method == "DELETE"
        self.deleted.append(path)
