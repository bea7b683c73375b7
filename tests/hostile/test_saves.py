"""A save that is held up on its way never replaces what another operator has saved meanwhile."""

import asyncio
import json
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hostile.tenants import BEGAN, Operator, clock, event, pod
from probetuner.cluster import histories
from probetuner.cluster.api import Api
from probetuner.cluster.connection import Connection
from probetuner.cluster.errors import ConflictError
from probetuner.controller.keeping import Keeper
from probetuner.history.packing import unpack
from probetuner.history.record import ContainerHistory, WorkloadHistory
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.loops import a_loop

WEB = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")


class Server:
    """One ProbeHistory and its resourceVersion, with the API server's answers about them (registry/store.go).

    `tests/cluster/test_histories.py` asks a real one the same.
    """

    def __init__(self) -> None:
        self.version = 0
        self.there: dict[str, Any] | None = None
        self.lost_answers = 0

    def answer(self, method: str, body: Any) -> tuple[int, dict[str, Any]]:
        """The status and the content of an answer."""
        if method == "POST":
            return (409, {"message": "already exists"}) if self.there else (201, self._put(body))
        if self.there is None:
            return 404, {"message": "not found"}
        if method == "GET":
            return 200, self.there
        asked = (body.get("preconditions") or body.get("metadata") or {}).get("resourceVersion")
        if asked not in (None, self.there["metadata"]["resourceVersion"]):
            return 409, {"message": "the object has been modified"}
        if method == "DELETE":
            self.there = None
            return 200, {"kind": "Status"}
        return 200, self._put(body)

    def _put(self, body: Any) -> dict[str, Any]:
        self.version += 1
        self.there = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        return self.there

    @property
    def state(self) -> str:
        """The history that is saved."""
        assert self.there is not None
        return unpack(self.there["data"]["state"]).decode()


class Way:
    """An operator's way to that server; `free` is set while requests get through at once."""

    def __init__(self, server: Server) -> None:
        self.free = threading.Event()
        self.free.set()
        self.held = threading.Event()
        self._server = server
        client = SimpleNamespace(param_serialize=self._request, call_api=self._call, close=lambda: None)
        self.api = Api(cast("Connection", SimpleNamespace(client=client)))

    def _request(self, method: str, path: str, **options: Any) -> tuple[str, str, Any]:
        return method, path, options.get("body")

    def _call(self, method: str, _: str, body: Any, **__: Any) -> Any:
        if not self.free.is_set():
            self.held.set()
            assert self.free.wait(20)
        status, content = self._server.answer(method, body)
        if method != "GET" and self._server.lost_answers:
            self._server.lost_answers -= 1
            raise OSError("the connection broke off")
        return SimpleNamespace(status=status, read=lambda: json.dumps(content).encode())


def _history(containers: int) -> WorkloadHistory:
    names = (f"c{number}" for number in range(containers))
    entries = (ContainerHistory(name=name, template_hash="h", first_seen_at=1, last_seen_at=1) for name in names)
    return WorkloadHistory(containers=tuple(entries))


@pytest.mark.parametrize("saved_before", [True, False])
async def test_a_save_in_flight_does_not_land_on_the_next_leaders(*, saved_before: bool) -> None:
    """The old leader's request arrives after the new one has saved: it is refused, and the new state stands."""
    server = Server()
    old, new = Way(server), Way(server)
    version = ""
    if saved_before:
        version = await histories.save(old.api, WEB, _history(1), uid="w", now=0.0, version="")
    old.free.clear()
    held = asyncio.create_task(histories.save(old.api, WEB, _history(2), uid="w", now=1.0, version=version))
    assert await asyncio.to_thread(old.held.wait, 20)
    loaded = await histories.load(new.api, WEB, uid="w", now=2.0)
    await histories.save(new.api, WEB, _history(5), uid="w", now=2.0, version=loaded.version)
    old.free.set()

    with pytest.raises(ConflictError):
        await held
    assert server.state.count('"name"') == 5


async def test_a_deletion_in_flight_does_not_delete_what_the_next_leader_saved() -> None:
    """What was left by the old leader and enrolled again by the new one keeps its history."""
    server = Server()
    old, new = Way(server), Way(server)
    version = await histories.save(old.api, WEB, _history(1), uid="w", now=0.0, version="")

    async def written_late(*arguments: Any, **options: Any) -> Any:
        await histories.save(new.api, WEB, _history(5), uid="w", now=2.0, version=version)
        return await old.api.write(*arguments, **options)

    await histories.delete(cast("Api", SimpleNamespace(get=old.api.get, write=written_late)), WEB)

    assert server.state.count('"name"') == 5


async def test_a_save_whose_answer_was_lost_is_made_good() -> None:
    """What seemed to fail and did not is in the way of the next save once, and of no other."""
    operator, server = Operator(), Server()
    way, now = Way(server), BEGAN
    operator.following.drop(operator.served("red").workload.ref)
    keeper = Keeper(way.api, operator.following, clock=lambda: now, loop=a_loop())
    operator.watch(pod("blue"), at=10)

    server.lost_answers = 1
    for minute in range(1, 4):
        now = BEGAN + 70 * minute
        operator.watch(event("blue", f"e{minute}", at=clock(70 * minute)), at=70 * minute)
        await keeper.save_due()

    served = operator.served("blue")
    assert served.saved is served.history
    assert server.state.count('"failures_by_events":') == len(served.history.containers[0].runs)
    assert server.there is not None
    assert served.saved_version == server.there["metadata"]["resourceVersion"]
