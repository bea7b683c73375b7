"""A list whose place has expired costs one new list of that kind, and nothing else.

kopf and the Kubernetes client are real here; the API server is not, since a real one expires a place when it likes.
That of the lab is asked in tests/cluster/test_expired_lists.py.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from probetuner.cluster import api as api_module
from probetuner.cluster.api import Api
from probetuner.cluster.connection import connect
from probetuner.cluster.errors import StatusError
from probetuner.controller import watching
from probetuner.controller.metrics import Metrics
from probetuner.controller.watching import KINDS, Watches

Json = dict[str, Any]
PLURALS = [plural for _, plural in KINDS]
_GROUPS = {"apps": ["deployments", "statefulsets", "daemonsets"], "probetuner.dev": ["probepolicies"]}
_CORE = ["namespaces", "nodes", "pods", "events"]


class Server:
    """An API server with two objects of each kind, in pages of one; the place in some lists expires so often.

    With `rest` it says how the rest of an expired list can be had, as a real one does.
    """

    def __init__(self, *, rest: bool = True, **expires: int) -> None:
        self.expires = expires
        self.rest = rest
        self.begun: Counter[str] = Counter()
        self.watched: Counter[str] = Counter()
        self.ended = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as an API server does, as far as lists and watches need it."""
        plural = request.path.rpartition("/")[2]
        if plural in PLURALS:
            return await self._of_kind(request, plural)
        return web.json_response(_discovery(request.path))

    async def _of_kind(self, request: web.Request, plural: str) -> web.StreamResponse:
        if request.query.get("watch"):
            self.watched[plural] += 1
            stream = web.StreamResponse()
            await stream.prepare(request)
            await self.ended.wait()
            return stream
        token = request.query.get("continue", "")
        if not token:
            self.begun[plural] += 1
            return web.json_response(_page(plural, "one", rest="second"))
        if token == "second" and self.expires.get(plural):
            self.expires[plural] -= 1
            metadata = {"continue": "rest"} if self.rest else {}
            body = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old", "metadata": metadata}
            return web.json_response(body, status=410)
        return web.json_response(_page(plural, "two"))


def _page(plural: str, name: str, *, rest: str = "") -> Json:
    uid = f"{plural}-{name}"
    item = {"metadata": {"name": name, "namespace": "shop", "uid": uid, "resourceVersion": "1"}}
    return {"kind": "List", "metadata": {"resourceVersion": "1", "continue": rest}, "items": [item]}


def _discovery(path: str) -> Json:
    if path == "/api":
        return {"versions": ["v1"]}
    if path == "/apis":
        versions = {"apps": "v1", "probetuner.dev": "v1alpha1"}
        named = {name: {"groupVersion": f"{name}/{version}", "version": version} for name, version in versions.items()}
        return {"groups": [{"name": name, "versions": [v], "preferredVersion": v} for name, v in named.items()]}
    group = path.split("/")[2] if path.startswith("/apis/") else ""
    verbs = {"singularName": "", "namespaced": True, "verbs": ["get", "list", "watch"]}
    plurals = _GROUPS.get(group, _CORE)
    resources = [{"name": plural, "kind": plural.removesuffix("s").title(), **verbs} for plural in plurals]
    return {"resources": resources}


@asynccontextmanager
async def running(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The server at a free port, and a kubeconfig that leads to it."""
    application = web.Application()
    application.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(application, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    clusters = [{"name": "c", "cluster": {"server": f"http://{host}:{port}"}}]
    contexts = [{"name": "c", "context": {"cluster": "c", "user": "u"}}]
    users = [{"name": "u", "user": {"token": "t"}}]
    config = {"current-context": "c", "clusters": clusters, "contexts": contexts, "users": users}
    path = folder / "config"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **config}))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))
    try:
        yield
    finally:
        server.ended.set()
        await runner.cleanup()


async def until(holds: Callable[[], bool], task: "asyncio.Task[None]") -> None:
    deadline = time.monotonic() + 40
    while not holds():
        assert not task.done()
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_a_place_that_expired_costs_a_watch_one_new_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of that kind; the other seven go on, and all that is there is told."""
    server, told = Server(pods=1), set()
    monkeypatch.setattr(watching, "_CHUNK", 1)
    monkeypatch.setattr(watching, "_FIRST_WAIT_SECONDS", 0.01)
    metrics = Metrics()
    watches = Watches(lambda plural, raw, _: told.add((plural, raw["metadata"]["name"])), metrics, clock=time.monotonic)

    async with running(server, tmp_path, monkeypatch):
        task = asyncio.create_task(watches.run())
        await until(lambda: all(server.watched[plural] for plural in PLURALS), task)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    assert server.begun == {**dict.fromkeys(PLURALS, 1), "pods": 2}
    assert told == {(plural, name) for plural in PLURALS for name in ("one", "two")}
    assert b"probetuner_watch_failures_total 1.0" in metrics.page()


@pytest.mark.parametrize("rest", [True, False])
async def test_a_place_that_expired_costs_our_own_lists_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, rest: bool
) -> None:
    """The rest is read from where it was; where the server does not say how, that is an error as it was."""
    server, names = Server(pods=1, rest=rest), []
    monkeypatch.setattr(api_module, "_PAGE", "1")

    async with running(server, tmp_path, monkeypatch):
        api = Api(connect())
        try:
            with suppress(StatusError):
                names.extend([raw["metadata"]["name"] async for raw in api.each("/api/v1/pods")])
        finally:
            api.close()

    assert names == (["one", "two"] if rest else [])
    assert server.begun["pods"] == 1
