"""An API server on loopback that kopf and our own client find their way about, for tests that say what it answers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiohttp import web

Json = dict[str, Any]

_GROUPS = {"apps": ["deployments", "statefulsets", "daemonsets"], "probetuner.dev": ["probepolicies"]}
_CORE = ["namespaces", "nodes", "pods", "events"]
_IN_NO_NAMESPACE = ("namespaces", "nodes")


class Server(Protocol):
    """What a test says of the server; `ended` is set when the test is over, for answers that wait."""

    ended: asyncio.Event

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as an API server does."""
        ...


def discovery(path: str) -> Json:
    """Return what an API server says of the kinds that it has, to whoever asks at this path."""
    if path == "/api":
        return {"versions": ["v1"]}
    if path == "/apis":
        versions = {"apps": "v1", "probetuner.dev": "v1alpha1"}
        named = {name: {"groupVersion": f"{name}/{version}", "version": version} for name, version in versions.items()}
        return {"groups": [{"name": name, "versions": [v], "preferredVersion": v} for name, v in named.items()]}
    group = path.split("/")[2] if path.startswith("/apis/") else ""
    return {"resources": [_resource(plural) for plural in _GROUPS.get(group, _CORE)]}


def _resource(plural: str) -> Json:
    return {
        "name": plural,
        "singularName": "",
        "namespaced": plural not in _IN_NO_NAMESPACE,
        "kind": plural.removesuffix("s").title(),
        "verbs": ["get", "list", "watch"],
    }


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
    """Wait for something that the task, which must not end, brings about."""
    deadline = time.monotonic() + 40
    while not holds():
        assert not task.done()
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
