"""A simulated workload as the API server would give it."""

from dataclasses import replace
from typing import Any

from gym.truth import GymCase
from probetuner.model.probe import FIELD_OF, HttpGet, Probe, ProbeType
from probetuner.model.workload import Workload, parse_workload
from probetuner.tuning.recommendation import Probes

CONTAINER = "app"


def http(path: str, **numbers: Any) -> Probe:
    """A probe of a path; the numbers are attributes of `Probe`."""
    return replace(Probe(handler=HttpGet(port=8080, path=path)), **numbers)


def deployment(case: GymCase, probes: Probes) -> dict[str, Any]:
    """The Deployment of the case with these probes, rolled out, as the API server has it."""
    replicas = case.truth.replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": case.name, "namespace": "gym", "generation": 1},
        "spec": {"replicas": replicas, "template": {"spec": _pod_spec(case, probes)}},
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
        },
    }


def workload_of(case: GymCase, probes: Probes) -> Workload:
    """The same as the operator reads it."""
    return parse_workload(deployment(case, probes))


def probes_of(workload: Workload) -> Probes:
    """The probes of the case's container."""
    (container,) = workload.containers
    return Probes(liveness=container.liveness, readiness=container.readiness, startup=container.startup)


def _pod_spec(case: GymCase, probes: Probes) -> dict[str, Any]:
    container: dict[str, Any] = {"name": CONTAINER, "image": "app:1", "ports": [{"containerPort": 8080}]}
    for kind in ProbeType:
        probe = probes.get(kind)
        if probe is not None:
            container[kind.field] = _written(probe)
    if case.truth.throttled < 1:
        container["resources"] = {"limits": {"cpu": "500m"}}
    return {"containers": [container], "terminationGracePeriodSeconds": int(case.truth.grace_seconds)}


def _written(probe: Probe) -> dict[str, Any]:
    assert isinstance(probe.handler, HttpGet)
    numbers = {field: getattr(probe, attribute) for attribute, field in FIELD_OF.items()}
    if probe.termination_grace_period_seconds is not None:
        numbers["terminationGracePeriodSeconds"] = probe.termination_grace_period_seconds
    return {"httpGet": {"path": probe.handler.path, "port": 8080}, **numbers}
