"""Absurd objects that a real API server takes: they cost neither the other workloads nor much memory."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cluster.operator_process import OperatorProcess, Space, deployment, wait_for

pytestmark = pytest.mark.cluster

_MOST_BYTES = 250 * 1024 * 1024
_ABSURD_TIMES = ("9999-12-31T23:59:59Z", "0001-01-01T00:00:01Z", "1970-01-01T00:00:00Z")
_CHARACTERS = 200_000
"""As JSON and in UTF-8 up to 1.2 MB, just below what etcd takes for one object."""
_NO_NODE = {"nodeSelector": {"no": "node"}}


def test_absurd_objects_cost_nothing_but_themselves(
    space: Space, start_operator: Callable[..., OperatorProcess]
) -> None:
    """500 containers, names at their limits, 1 MB of event text, times out of this world: others are served on."""
    operator = start_operator("--scrape-interval-seconds=2")
    operator.wait_ready()
    space.create(_crowded())
    space.create(deployment("shouting", "A" * 200_000))
    space.create(deployment("n" * 253, "Recommend"))
    space.apply(_timeless())
    space.apply(deployment("good", "Observe", replicas=1))
    pod = wait_for(lambda: next((name for name in space.names("pod") if name.startswith("good")), None), "its pod")
    for number in range(3):
        space.create(_event(pod, space.name, number))
    for at, name in zip(_ABSURD_TIMES, wait_for(lambda: _pods_of(space, "timeless"), "the pods"), strict=False):
        space.kubectl("patch", name, "--subresource=status", f"--patch={json.dumps(_status(at))}")

    for name in ("deployment-crowded", "deployment-shouting", "deployment-timeless"):
        _wait_for_status(space, name)
    space.apply(deployment("later", "Observe"))
    _wait_for_status(space, "deployment-later")
    wait_for(lambda: space.names("probehistory"), "something is saved", seconds=90)

    assert operator.most_bytes() < _MOST_BYTES
    assert operator.page("/livez")[0] == 200
    assert [line["event"] for line in operator.lines() if line["level"] == "error"] == []
    assert len(json.dumps(space.status("deployment-shouting"))) < 10_000
    assert operator.stop() == 0


def _wait_for_status(space: Space, policy: str) -> None:
    wait_for(lambda: space.status(policy).get("phase"), f"{policy} has a status", seconds=90)


def _crowded() -> dict[str, Any]:
    manifest = deployment("crowded", "Recommend", replicas=1)
    pod = manifest["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    pod["containers"] = [{**container, "name": f"c{number}"} for number in range(500)]
    pod |= _NO_NODE
    return manifest


def _timeless() -> dict[str, Any]:
    manifest = deployment("timeless", "Observe", replicas=3)
    manifest["spec"]["template"]["spec"] |= _NO_NODE
    return manifest


def _pods_of(space: Space, name: str) -> list[str] | None:
    found = space.kubectl("get", "pods", f"--selector=app={name}", "-o", "name").split()
    return found if len(found) == len(_ABSURD_TIMES) else None


def _status(at: str) -> dict[str, Any]:
    """A container that started then, and one life before that ended then."""
    ended = {"exitCode": 137, "reason": "Error", "startedAt": at, "finishedAt": at}
    container = {
        "name": "web",
        "ready": False,
        "restartCount": 2_000_000_000,
        "image": "i",
        "imageID": "i",
        "state": {"running": {"startedAt": at}},
        "lastState": {"terminated": ended},
    }
    return {"status": {"phase": "Running", "containerStatuses": [container]}}


def _event(pod: str, space: str, number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"shout-{number}"},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": pod,
            "namespace": space,
            "fieldPath": "spec.containers{web}",
        },
        "reason": "Unhealthy",
        "type": "Warning",
        "message": "Liveness probe failed: " + ("\u0001", "\U0001f4a9", "\n")[number] * _CHARACTERS,
        "count": 2_147_483_647,
        "firstTimestamp": _ABSURD_TIMES[number],
        "lastTimestamp": _ABSURD_TIMES[number],
    }
