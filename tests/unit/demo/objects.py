"""Kubernetes objects as `kubectl get -o json` shows them, as far as a story reads them."""

from typing import Any

STARTED = "2026-01-01T00:00:00Z"


def deployment(*, revision: int = 1, generation: int = 1, observed: int = 1, replicas: int = 2) -> dict[str, Any]:
    """The Deployment rng with all its pods there."""
    container = {"name": "rng", "livenessProbe": {"httpGet": {"path": "/1", "port": "http"}}}
    return {
        "kind": "Deployment",
        "metadata": {
            "name": "rng",
            "uid": "deployment-uid",
            "generation": generation,
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
        },
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
        "status": {"observedGeneration": observed, "updatedReplicas": replicas, "availableReplicas": replicas},
    }


def replica_set(template: str, *, revision: int) -> dict[str, Any]:
    """A ReplicaSet of the Deployment."""
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"rng-{template}",
            "labels": {"pod-template-hash": template},
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [{"uid": "deployment-uid"}],
        },
    }


def pod(name: str, *, template: str = "old", restarts: int = 0, lived: str | None = None) -> dict[str, Any]:
    """A pod that was ready 46 s after it was made; *lived* is when its life before this one ended."""
    last = {"terminated": {"startedAt": STARTED, "finishedAt": lived}} if lived else {}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:46Z"}
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "creationTimestamp": STARTED,
            "labels": {"app": "rng", "pod-template-hash": template},
        },
        "status": {
            "phase": "Running",
            "conditions": [ready],
            "containerStatuses": [{"restartCount": restarts, "lastState": last}],
        },
    }


def killing(uid: str, pod_name: str, message: str, *, count: int = 1) -> dict[str, Any]:
    """An event of reason Killing."""
    return {
        "kind": "Event",
        "metadata": {"uid": uid},
        "reason": "Killing",
        "message": message,
        "count": count,
        "involvedObject": {"name": pod_name},
    }


def policy(*, phase: str = "", false_restarts: int = 0) -> dict[str, Any]:
    """The ProbePolicy that the operator made for the Deployment."""
    status = {"phase": phase, "mode": "Apply", "falseRestarts": false_restarts} if phase else {}
    return {"kind": "ProbePolicy", "metadata": {"name": "deployment-rng"}, "status": status}


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    """What `kubectl get` gives for several objects."""
    return {"kind": "List", "items": list(items)}
