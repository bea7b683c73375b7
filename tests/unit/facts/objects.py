"""Small Kubernetes objects to build tests from."""

from datetime import UTC, datetime
from typing import Any

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
PROBE = {"httpGet": {"path": "/", "port": 80}}


def clock(seconds: float) -> str:
    """The time so many seconds after noon, as Kubernetes writes it."""
    return datetime.fromtimestamp(NOON + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def running(since: float) -> dict[str, Any]:
    return {"running": {"startedAt": clock(since)}}


def terminated(life: str, began: float, ended: float, *, code: int = 137, reason: str = "Error") -> dict[str, Any]:
    return {
        "terminated": {
            "containerID": f"containerd://{life}",
            "startedAt": clock(began),
            "finishedAt": clock(ended),
            "exitCode": code,
            "reason": reason,
        }
    }


def waiting(message: str = "", reason: str = "CrashLoopBackOff") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def status(
    state: dict[str, Any],
    *,
    name: str = "app",
    life: str = "life-0",
    restarts: int = 0,
    ready: bool = False,
    started: bool = True,
    last: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "state": state,
        "lastState": last or {},
        "ready": ready,
        "started": started,
        "restartCount": restarts,
        "containerID": f"containerd://{life}",
    }


def condition(kind: str, *, value: bool, since: float = 0, reason: str = "") -> dict[str, Any]:
    return {"type": kind, "status": str(value), "lastTransitionTime": clock(since), "reason": reason}


def pod(
    *statuses: dict[str, Any],
    name: str = "web-5d4f-abcde",
    uid: str = "uid-1",
    node: str = "node-1",
    created: float = 0,
    probes: tuple[str, ...] = ("readinessProbe", "livenessProbe", "startupProbe"),
    conditions: tuple[dict[str, Any], ...] = (),
    metadata: dict[str, Any] | None = None,
    pod_status: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A pod of Deployment web with one container, app."""
    return {
        "kind": "Pod",
        "metadata": {
            "namespace": "shop",
            "name": name,
            "uid": uid,
            "generateName": "web-5d4f-",
            "creationTimestamp": clock(created),
            "labels": {"pod-template-hash": "5d4f"},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f", "controller": True}
            ],
            **(metadata or {}),
        },
        "spec": {"nodeName": node, "containers": [{"name": "app", **dict.fromkeys(probes, PROBE)}]},
        "status": {"containerStatuses": list(statuses), "conditions": list(conditions), **(pod_status or {})},
    }


def event(
    message: str,
    *,
    reason: str = "Unhealthy",
    count: int = 1,
    first: float = 10,
    last: float = 10,
    name: str = "web-5d4f-abcde.18ea",
    uid: str = "uid-1",
    field_path: str = "spec.containers{app}",
    component: str = "kubelet",
) -> dict[str, Any]:
    return {
        "kind": "Event",
        "metadata": {"namespace": "shop", "name": name, "uid": f"event-{name}"},
        "involvedObject": {
            "kind": "Pod",
            "namespace": "shop",
            "name": "web-5d4f-abcde",
            "uid": uid,
            "fieldPath": field_path,
        },
        "reason": reason,
        "message": message,
        "source": {"component": component, "host": "node-1"},
        "count": count,
        "firstTimestamp": clock(first),
        "lastTimestamp": clock(last),
    }


def node(*, ready: bool, since: float = 0, reason: str = "KubeletReady") -> dict[str, Any]:
    return {
        "kind": "Node",
        "metadata": {"name": "node-1"},
        "status": {"conditions": [condition("Ready", value=ready, since=since, reason=reason)]},
    }
