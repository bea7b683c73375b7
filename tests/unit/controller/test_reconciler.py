"""What is promised of one look at one workload while the cluster moves on."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from probetuner.change.decide import decide
from probetuner.change.enrolment import parse_policy_object
from probetuner.change.situation import Decision, Situation, WorkloadPatch
from probetuner.cluster.api import Api, Object, Query
from probetuner.cluster.errors import NotFoundError
from probetuner.controller.deciding import DecisionThread
from probetuner.controller.guarding import Guard
from probetuner.controller.metrics import Metrics
from probetuner.controller.pace import Pace
from probetuner.controller.reconciler import Reconciler
from probetuner.controller.scraping import Scraper
from probetuner.controller.serving import Following
from probetuner.controller.view import View
from probetuner.controller.workqueue import WorkQueue
from probetuner.diagnosis.mass import MassRule
from probetuner.model.mode import Mode
from probetuner.model.workload import WorkloadKind, WorkloadRef
from probetuner.sources.kubelet import Kubelets
from support.loops import a_loop

WEB = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")
RAW: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "w",
        "resourceVersion": "1",
        "annotations": {"probetuner.dev/mode": "Apply"},
    },
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "app"}]}}},
}


def a_pod(name: str) -> dict[str, Any]:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d", "controller": True}
    state = {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": TIME}}}
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "creationTimestamp": TIME,
            "labels": {"pod-template-hash": "5d"},
            "ownerReferences": [owner],
        },
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "livenessProbe": {"tcpSocket": {"port": 80}}}]},
        "status": {"containerStatuses": [state]},
    }


def a_failure(pod: str) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{pod}.1", "namespace": "shop"},
        "involvedObject": {
            "kind": "Pod",
            "namespace": "shop",
            "name": pod,
            "uid": f"uid-{pod}",
            "fieldPath": "spec.containers{app}",
        },
        "reason": "Unhealthy",
        "source": {"component": "kubelet"},
        "message": "Liveness probe failed: dial tcp 10.0.0.9:80: connect: connection refused",
        "firstTimestamp": TIME,
        "lastTimestamp": TIME,
        "count": 1,
    }


TIME = "1970-01-01T00:00:01Z"
ANOTHERS = a_failure("db-0")


class Bench:
    """A reconciler of one enrolled workload, which may be deleted while its pods are being listed.

    Its decisions wait until `may_decide` is set, and are to send the `patch`, if there is one.
    """

    def __init__(self, *, deleted_meanwhile: bool = False) -> None:
        self.written: list[str] = []
        self.pods: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.events_asked: list[str] = []
        self.has_many_events = False
        self.deleted_meanwhile = deleted_meanwhile
        self.decides, self.may_decide = asyncio.Event(), threading.Event()
        self.loop = asyncio.get_running_loop()
        self.patch: WorkloadPatch | None = None
        self.view = View(default_mode=Mode.OFF)
        self.view.see_workload(WEB, RAW)
        api, metrics = cast("Api", self), Metrics()
        self.following = following = Following(since=0.0, changed=lambda *_: None, loop=a_loop())
        self.reconciler = Reconciler(
            api,
            self.view,
            following,
            Scraper(
                following,
                cast("Kubelets", None),
                metrics,
                interval_seconds=10.0,
                clock=lambda: 0.0,
                loop=a_loop(),
            ),
            metrics,
            pace=Pace(self.view, limit=1, clock=lambda: 0.0),
            guard=Guard(MassRule(), api, following, metrics, clock=lambda: 0.0),
            deciding=DecisionThread(
                self.decide,
                clock=lambda: 0.0,
                monotonic=time.monotonic,
                limit_seconds=1.0,
                account=WorkQueue(time.monotonic),
            ),
            clock=lambda: 0.0,
        )

    def decide(self, situation: Situation, now: float) -> Decision:
        """Decide as the operator does, but take the time that the test wants."""
        self.loop.call_soon_threadsafe(self.decides.set)
        assert self.may_decide.wait(5)
        decision = decide(situation, now)
        return decision if self.patch is None else replace(decision, patch=self.patch)

    async def get(self, path: str, **_: Any) -> dict[str, Any]:
        """Answer as `Api.get` does: the workload is there, and nothing was saved of it."""
        if path.endswith("/deployments/web"):
            return RAW
        raise NotFoundError(404, "NotFound", f"{path} was not found")

    async def each(self, path: str, *, query: Query = (), **_: Any) -> AsyncIterator[Object]:
        """List pods, or Events of one, as `Api.each` does; the watch may tell of the deletion meanwhile."""
        self.view.see_workload(WEB, RAW, gone=self.deleted_meanwhile)
        asked = dict(query).get("fieldSelector", "")
        if path.endswith("/events"):
            self.events_asked.append(asked)
        for item in self.pods if path.endswith("/pods") else self.events:
            if path.endswith("/pods") or item["involvedObject"]["uid"] in asked:
                yield item

    async def few(self, _path: str, *, query: Query) -> list[Object] | None:
        """List the namespace's Events as `Api.few` does, if there are few."""
        self.events_asked.append(dict(query)["fieldSelector"])
        return None if self.has_many_events else [*self.events, ANOTHERS]

    async def write(self, method: str, path: str, body: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Take what is written as `Api.write` does."""
        self.written.append(f"{method} {path}")
        return dict(body)


async def test_a_workload_deleted_while_it_is_looked_at_is_looked_at_again() -> None:
    """That is no failure, and nothing is made for what is gone."""
    bench = Bench(deleted_meanwhile=True)

    wait = await bench.reconciler.reconcile(WEB)

    assert wait is not None
    assert 0.0 < wait < 10.0
    assert bench.written == []


@pytest.mark.parametrize(
    ("many", "requests"), [pytest.param(False, 1, id="few events"), pytest.param(True, 3, id="many events")]
)
async def test_what_was_told_of_the_pods_before_is_read(*, many: bool, requests: int) -> None:
    """In one request where the namespace has few Events, and pod by pod where it has many: the same is known then."""
    bench = Bench()
    bench.may_decide.set()
    bench.pods, bench.has_many_events = [a_pod("web-a"), a_pod("web-b")], many
    bench.events = [a_failure("web-a"), a_failure("web-b")]

    await bench.reconciler.reconcile(WEB)

    (entry,) = bench.following.served[WEB].history.containers
    assert sorted(run.pod_uid for run in entry.runs) == ["uid-web-a", "uid-web-b"]
    assert len(bench.events_asked) == requests


async def test_nothing_else_waits_for_a_decision() -> None:
    """Computing one may take seconds: leases, watches and trials go on meanwhile."""
    bench = Bench()
    looking = asyncio.create_task(bench.reconciler.reconcile(WEB))

    async with asyncio.timeout(5):
        await bench.decides.wait()
    assert not looking.done()
    bench.may_decide.set()
    await looking

    assert any("/status" in line for line in bench.written)


def lowered(bench: Bench) -> None:
    metadata = {**RAW["metadata"], "annotations": {"probetuner.dev/mode": "Off"}}
    bench.view.see_workload(WEB, {**RAW, "metadata": metadata})


def spoken_for(bench: Bench) -> None:
    bench.view.see_policy(
        parse_policy_object(
            {
                "metadata": {"namespace": "shop", "name": "users", "uid": "u"},
                "spec": {"targetRef": {"kind": "Deployment", "name": "web"}, "mode": "Apply", "allow": []},
            }
        )
    )


def scaled(bench: Bench) -> None:
    served = bench.following.served[WEB]
    served.workload = replace(served.workload, resource_version="2")


@pytest.mark.parametrize("change", [lowered, spoken_for, scaled])
async def test_what_is_changed_during_a_decision_holds(change: Callable[[Bench], None]) -> None:
    """What was decided for the old mode, policy or workload is not done, and the workload is looked at again."""
    bench = Bench()
    bench.patch = WorkloadPatch(body={"spec": {"replicas": 2}}, resource_version="1", change="c")
    looking = asyncio.create_task(bench.reconciler.reconcile(WEB))
    async with asyncio.timeout(5):
        await bench.decides.wait()
    before = list(bench.written)

    change(bench)
    bench.may_decide.set()

    assert await looking is not None
    assert bench.written == before
