"""Workloads as the API server gives them, and what is parsed from them."""

import copy
from collections.abc import Mapping
from typing import Any

from probetuner.model.workload import Workload, parse_workload
from support.facts import CONTAINER

Json = dict[str, Any]

LIVENESS = {"httpGet": {"path": "/1", "port": 80, "scheme": "HTTP"}}
"""A liveness probe with Kubernetes' defaults: period 10, timeout 1, 3 failures."""


def container(name: str = CONTAINER, **probes: Json) -> Json:
    """A container; the keywords are the fields of its probes, for instance livenessProbe."""
    return {"name": name, "image": "registry.test/web:1", **copy.deepcopy(probes)}


def deployment(
    *containers: Json,
    replicas: int = 2,
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    kind: str = "Deployment",
) -> Json:
    """A workload whose rollout is complete, as the API server shows it."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "uid": "uid-of-web",
            "resourceVersion": "1",
            "generation": 1,
            "annotations": dict(annotations or {}),
            "labels": dict(labels or {}),
        },
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": list(containers) or [container(livenessProbe=LIVENESS)]}},
        },
        "status": {"observedGeneration": 1, **rollout_counts(replicas)},
    }


def rollout_counts(wanted: int, **other: int) -> Json:
    """The counts of a workload's status with all replicas there; a DaemonSet has its own names for them."""
    counts = dict.fromkeys(_COUNTS.values(), wanted) | other
    return counts | {name: counts[like] for name, like in _COUNTS.items()} | {"desiredNumberScheduled": wanted}


_COUNTS = {
    "currentNumberScheduled": "replicas",
    "updatedNumberScheduled": "updatedReplicas",
    "numberReady": "readyReplicas",
    "numberAvailable": "availableReplicas",
}


def workload(*containers: Json, **how: Any) -> Workload:
    return parse_workload(deployment(*containers, **how))
