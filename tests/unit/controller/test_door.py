"""Whatever the API server passes on, the operator takes it in or leaves it out, and goes on with the others."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probetuner.controller.intake import Intake
from probetuner.controller.scraping import Scraper
from probetuner.controller.serving import Following, serve
from probetuner.controller.view import View
from probetuner.controller.watching import KINDS
from probetuner.controller.workqueue import WorkQueue
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode
from probetuner.model.shard import WHOLE, Shard
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.loops import a_loop

GOOD, BAD = (WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name=name) for name in ("good", "bad"))
WHEN = 1_800_000_000.0

words = st.text(max_size=30) | st.sampled_from(
    [
        "",
        "Apply",
        "Deployment",
        "ReplicaSet",
        "web",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "1969-12-31",
        "x" * 5000,
    ]
)
numbers = st.integers(-(2**70), 2**70) | st.floats()
json = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
changes = st.sampled_from([None, "ADDED", "MODIFIED", "DELETED"])
strings = st.dictionaries(words | st.just("probetuner.dev/mode"), words, max_size=3)
terminated = st.fixed_dictionaries({}, optional=dict.fromkeys(("startedAt", "finishedAt", "exitCode", "reason"), json))
container = st.fixed_dictionaries(
    {},
    optional={
        "name": words,
        "restartCount": numbers,
        "ready": json,
        "started": json,
        "state": st.fixed_dictionaries({}, optional={"running": json, "terminated": terminated, "waiting": json}),
        "lastState": st.fixed_dictionaries({}, optional={"terminated": terminated}),
        "livenessProbe": json,
        "ports": json,
    },
)
containers = st.lists(container | json, max_size=3)
template = st.fixed_dictionaries(
    {}, optional={"metadata": json, "spec": st.fixed_dictionaries({"containers": containers})}
)
spec = st.fixed_dictionaries(
    {},
    optional={
        "containers": containers,
        "initContainers": containers,
        "nodeName": json,
        "template": template | json,
        "replicas": json,
        "selector": json,
        "targetRef": st.fixed_dictionaries({}, optional={"kind": words, "name": words}) | json,
        "bounds": json,
        "apply": json,
    },
)
status = st.fixed_dictionaries(
    {},
    optional={
        "containerStatuses": containers,
        "conditions": st.lists(
            st.fixed_dictionaries({}, optional=dict.fromkeys(("type", "status", "reason"), json)) | json
        ),
        "addresses": json,
        "phase": words,
        "observedGeneration": json,
        "history": json,
    },
)
owners = st.just([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "bad", "controller": True}]) | json
named = {"name": st.just("bad"), "namespace": st.just("shop"), "uid": words, "resourceVersion": words}
objects = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            named,
            optional={"annotations": strings, "labels": strings, "creationTimestamp": words, "ownerReferences": owners},
        ),
        "spec": spec,
        "status": status,
    },
    optional={
        "involvedObject": st.fixed_dictionaries({}, optional=dict.fromkeys(("kind", "name", "uid", "fieldPath"), json))
        | json,
        "message": words,
        "reason": words,
        "count": json,
        "series": json,
        "firstTimestamp": words,
        "lastTimestamp": words,
        "eventTime": words,
    },
)
told = st.tuples(st.sampled_from([plural for _, plural in KINDS]), objects, changes)
_OBJECT_KINDS = {"pods": "Pod", "events": "Event", "nodes": "Node"}


@pytest.mark.slow
@settings(max_examples=50)
@given(st.lists(told, max_size=6))
async def test_no_object_keeps_the_others_from_being_served(
    everything: list[tuple[str, dict[str, Any], str | None]],
) -> None:
    """Only what the API server guarantees of any object is taken for granted: its name, uid and version."""
    door = Door()
    for plural, raw, change in everything:
        door.receive(plural, {"kind": _OBJECT_KINDS.get(plural, "Deployment"), **raw}, change)
    door.receive("pods", _pod("good"), "ADDED")
    await asyncio.sleep(0)

    assert door.faults == []
    assert [life.pod for entry in door.following.served[GOOD].history.containers for life in entry.lives] == ["good-1"]


async def test_what_is_older_than_what_is_known_of_a_workload_is_no_news() -> None:
    """A watch may still tell of the workload as it was before the answer to a patch was read."""
    door = Door()
    metadata = {"name": GOOD.name, "namespace": "shop", "uid": GOOD.name, "resourceVersion": "1"}
    for generation in (3, 2):
        door.receive(
            "deployments", {"kind": "Deployment", "metadata": {**metadata, "generation": generation}}, "MODIFIED"
        )
    await asyncio.sleep(0)

    assert door.following.served[GOOD].workload.generation == 3


@pytest.mark.parametrize("shard", [Shard(1, 2), Shard(2, 2)])
async def test_what_is_of_another_shard_is_not_taken_in(shard: Shard) -> None:
    """Neither its Namespaces, its workloads nor its policies are kept; two shards keep everything once."""
    door = Door(shard)
    names = [f"team-{number}" for number in range(40)]
    target = {"targetRef": {"kind": "Deployment", "name": "web"}}
    for name in names:
        within = {"name": "web", "namespace": name, "uid": name, "resourceVersion": "1"}
        door.receive("namespaces", {"metadata": {"name": name}}, "ADDED")
        door.receive("deployments", {"kind": "Deployment", "metadata": within}, "ADDED")
        door.receive("probepolicies", {"kind": "ProbePolicy", "metadata": within, "spec": target}, "ADDED")
    await asyncio.sleep(0)

    ours = {name for name in names if shard.covers(name)}
    assert 0 < len(ours) < len(names)
    assert set(door.view.namespaces) == ours
    assert {ref.namespace for ref in door.view.workloads} == ours
    assert {namespace for namespace, _ in door.view.policies} == ours
    assert door.faults == []


class Door:
    """The intake of an operator that serves two workloads; `faults` is what it let fall, or only just survived."""

    def __init__(self, shard: Shard = WHOLE) -> None:
        self.faults: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.faults.append(context.get("exception") or context))
        passes_over = a_loop(failed=lambda: self.faults.append("passed over"))
        self.following = Following(since=0.0, changed=lambda *_: None, loop=passes_over)
        for ref in (GOOD, BAD):
            metadata = {"name": ref.name, "namespace": "shop", "uid": ref.name}
            self.following.add(serve({"kind": "Deployment", "metadata": metadata}, WorkloadHistory(), at=0.0))
        scraper = cast("Scraper", Addresses())
        queue: WorkQueue[WorkloadRef] = WorkQueue(loop.time)
        self.view = View(default_mode=Mode.OFF)
        intake = Intake(
            self.view,
            self.following,
            scraper,
            queue,
            relisted=lambda: None,
            clock=lambda: WHEN,
            loop=passes_over,
            covers=shard.covers,
        )
        self.receive: Callable[[str, dict[str, Any], str | None], None] = intake.receive


class Addresses:
    """What the intake knows of a scraper."""

    def __init__(self) -> None:
        self.addresses: dict[str, object] = {}


def _pod(name: str) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-1",
            "namespace": "shop",
            "uid": f"{name}-1",
            "resourceVersion": "1",
            "labels": {"pod-template-hash": "h"},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-h", "controller": True}
            ],
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "web"}]},
        "status": {
            "containerStatuses": [
                {
                    "name": "web",
                    "restartCount": 0,
                    "ready": True,
                    "state": {"running": {"startedAt": "2026-11-23T00:00:00Z"}},
                }
            ]
        },
    }
