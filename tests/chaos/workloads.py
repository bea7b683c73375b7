"""The workloads that chaos makes changes of: quickly found, quickly judged, cheap to run.

Liveness ends each start before the application listens, which mode Apply cures with a startup probe within half a
minute: two kills prove it. What becomes of the cure is up to what new pods find in a ConfigMap: a page, or none.
"""

from enum import StrEnum
from typing import Any

from lab.images import DEMO

NAMESPACE = "chaos"
CONTAINER = "web"
CYCLE = "example.com/cycle"
PORT = 8000
_START_SECONDS = 6
_LIVENESS = {"periodSeconds": 1, "failureThreshold": 3}
"""A start is ended after some three seconds, half of what it needs."""

_HURRIED_SECONDS = 30
"""Within which a rollout has to get on: more than the start and its budget need, and soon over where it cannot."""

GOOD, BAD = "/etc", "/proc"
"""Folders to serve: `hostname` is in the one and not in the other."""


_SERVE = f"""
import os, runpy, sys, time
time.sleep({_START_SECONDS})
sys.argv = ["http.server", "{PORT}", "--directory", os.environ["ROOT"]]
runpy.run_module("http.server", run_name="__main__")
"""


class Fate(StrEnum):
    """What awaits a recommendation."""

    WORSE = "worse"
    """New pods never become ready: to be rolled back."""

    BETTER = "better"
    """New pods are ready sooner: to be kept."""

    FOUGHT = "fought"
    """A second writer puts the old values back each time: to be left alone after the second.

    All pods are replaced at once: while old ones are left, the newest are of the template that was put back."""


def manifests(name: str, fate: Fate, *, cycle: int) -> list[dict[str, Any]]:
    """Return a workload in mode Apply and what it needs; *cycle* tells its pods from those of its predecessors."""
    found = [_root(name, GOOD), _deployment(name, fate, cycle=cycle)]
    return found if fate is Fate.WORSE else [*found, _policy(name)]


def _root(name: str, folder: str) -> dict[str, Any]:
    """What the pods of a workload that start from now on serve."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"root": folder}}


def spoilt(name: str) -> dict[str, Any]:
    """The ConfigMap with which new pods never become ready."""
    return _root(name, BAD)


def old_probes() -> dict[str, Any]:
    """The strategic-merge patch with which the second writer puts the old values back."""
    container = {"name": CONTAINER, "livenessProbe": {"initialDelaySeconds": 0, **_LIVENESS}, "startupProbe": None}
    return {"spec": {"template": {"spec": {"containers": [container]}}}}


def _deployment(name: str, fate: Fate, *, cycle: int) -> dict[str, Any]:
    labels = {"app": name}
    hurried, at_once = fate is Fate.WORSE, fate is Fate.FOUGHT
    container = {
        "name": CONTAINER,
        "image": DEMO.name,
        "imagePullPolicy": "Never",
        "command": ["python3", "-c", _SERVE],
        "env": [{"name": "ROOT", "valueFrom": {"configMapKeyRef": {"name": name, "key": "root"}}}],
        "livenessProbe": _asks("/", **_LIVENESS),
        "readinessProbe": _asks("/hostname", periodSeconds=2),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "annotations": {"probetuner.dev/mode": "Apply"}},
        "spec": {
            "replicas": 2,
            "progressDeadlineSeconds": _HURRIED_SECONDS if hurried else 600,
            "strategy": {"rollingUpdate": {"maxSurge": int(not at_once), "maxUnavailable": 2 * at_once}},
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {CYCLE: str(cycle)}},
                "spec": {"dnsPolicy": "Default", "terminationGracePeriodSeconds": 0, "containers": [container]},
            },
        },
    }


def _asks(path: str, **numbers: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": PORT}, "timeoutSeconds": 5, **numbers}


def _policy(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "probetuner.dev/v1alpha1",
        "kind": "ProbePolicy",
        "metadata": {"name": name},
        "spec": {
            "targetRef": {"kind": "Deployment", "name": name},
            "mode": "Apply",
            "apply": {"cooldownSeconds": 30, "verifySeconds": 30, "maxChangesPerDay": 10},
        },
    }
