"""A list whose place has expired costs one new list of that kind, and nothing else.

kopf and the Kubernetes client are real here; the API server is not, since a real one expires a place when it likes.
That of the lab is asked in tests/cluster/test_expired_lists.py.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress
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
from support.api_server import discovery, running, until

Json = dict[str, Any]
PLURALS = [plural for _, plural in KINDS]


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
        return web.json_response(discovery(request.path))

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


@pytest.mark.slow
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
