"""The objects of a scenario: Services first, then what runs, then its users."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from after.scenarios import Scenario
from demo.cluster import Cluster
from demo.workloads import SECURITY, container_basics

BESIDE, USERS = "ledger", "users"
"""The names of what the workload depends on, and of the pod that sends the load."""

_APPS = Path(__file__).parent / "apps"
_PORT = 8080
_PROGRAMS = "programs"


def services(scenario: Scenario) -> list[dict[str, Any]]:
    """A Service before the workload, and one before what it depends on."""
    names = [scenario.name, *([BESIDE] if scenario.beside else [])]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": "http"}]},
        }
        for name in names
    ]


def programs() -> dict[str, Any]:
    """The ConfigMap with all programs."""
    data = {path.name: path.read_text() for path in sorted(_APPS.glob("*.py"))}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _PROGRAMS}, "data": data}


def workload(cluster: Cluster, scenario: Scenario, addresses: Mapping[str, str]) -> dict[str, Any]:
    """The Deployment in trouble; *addresses* are those of the Services by name."""
    program = [*scenario.program, *([_url(addresses[BESIDE])] if scenario.beside else [])]
    spec = _pod(cluster, scenario.name, program, probes=scenario.probes, grace_seconds=scenario.grace_seconds)
    return _deployment(scenario.name, spec, replicas=scenario.replicas)


def surroundings(cluster: Cluster, scenario: Scenario, addresses: Mapping[str, str]) -> list[dict[str, Any]]:
    """What is the same before and after: what the workload depends on, and its users."""
    arguments = ["load", _url(addresses[scenario.name]), *scenario.load.arguments]
    asking = {**_pod(cluster, USERS, arguments, probes={}, grace_seconds=1), "restartPolicy": "Never"}
    users = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": USERS}, "spec": asking}
    if not scenario.beside:
        return [users]
    spec = _pod(cluster, BESIDE, scenario.beside, probes={}, grace_seconds=1)
    return [_deployment(BESIDE, spec, replicas=1), users]


def _url(address: str) -> str:
    return f"http://{address}/"


def _deployment(name: str, pod: Mapping[str, Any], *, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _pod(
    cluster: Cluster, name: str, program: Sequence[str], *, probes: Mapping[str, Any], grace_seconds: int
) -> dict[str, Any]:
    module, *arguments = program
    container = {
        "name": name,
        "command": ["python3", "-m", f"after.apps.{module}", *arguments],
        "env": [{"name": "PYTHONPATH", "value": "/srv"}, {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}],
        "ports": [{"name": "http", "containerPort": _PORT}],
        "volumeMounts": [{"name": _PROGRAMS, "mountPath": "/srv/after/apps"}],
        **probes,
        **container_basics(cluster),
    }
    return {
        "terminationGracePeriodSeconds": grace_seconds,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "dnsPolicy": "Default",
        "securityContext": SECURITY,
        "containers": [container],
        "volumes": [{"name": _PROGRAMS, "configMap": {"name": _PROGRAMS}}],
    }
