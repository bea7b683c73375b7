"""Whatever else runs pods than the three kinds that the operator follows: read by the template of its pods."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from probetuner.model.fields import count, objects
from probetuner.model.probe import HANDLER_FIELDS, ProbeType
from probetuner.model.workload import Workload, WorkloadRef, controllers_of, of_template, ref_of, section


def makes_pods(raw: Mapping[str, Any]) -> bool:
    """Whether the object is of another kind that makes pods from a template, and known to do so."""
    return (_group(raw.get("apiVersion")), str(raw.get("kind"))) in _TEMPLATES


def parse_pod_controller(raw: Mapping[str, Any]) -> Workload | None:
    """Read an object that `makes_pods`, by their template; None where it has none, or is controlled by another object.

    What else it does with its pods is not known here, so it counts as autoscaled. Raises InvalidObjectError.
    """
    path = _TEMPLATES[_group(raw.get("apiVersion")), str(raw.get("kind"))]
    if controllers_of(section(raw, "metadata", "object")):
        return None
    ref = ref_of(raw, qualified_kind(str(raw["kind"]), raw.get("apiVersion")))
    template: Any = raw
    for step in path:
        inner = template.get(step) if isinstance(template, Mapping) else None
        template = inner[0] if isinstance(inner, list) and inner else inner
    if not isinstance(template, Mapping):
        return None
    if ref.kind == _KNATIVE:
        template = _as_knative_completes(template, str(ref))
    desired = count(section(raw, "spec", str(ref)), "replicas", f"{ref}: spec", default=1)
    workload = of_template(ref, section(raw, "metadata", str(ref)), template, place=f"{ref}: {'.'.join(path)}")
    return replace(workload, autoscaled=True, rollout=replace(workload.rollout, desired=desired))


_KNATIVE = "Service.serving.knative.dev"


def _as_knative_completes(template: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """The template with what Knative fills in: the container's name, and the port of its probes (v1 revision_defaults).

    Whatever port is meant, it is the one that the container listens on.
    """
    spec = section(template, "spec", place)
    containers = [
        {
            "name": "user-container",
            **raw,
            **{kind.field: _with_port(raw[kind.field]) for kind in ProbeType if kind.field in raw},
        }
        for raw in objects(spec, "containers", place)
    ]
    return {**template, "spec": {**spec, "containers": containers}}


def _with_port(probe: Any) -> Any:
    if not isinstance(probe, Mapping):
        return probe
    return {
        name: {"port": _KNATIVE_PORT, **body} if name in HANDLER_FIELDS and isinstance(body, Mapping) else body
        for name, body in probe.items()
    }


_KNATIVE_PORT = 8080
_PROBES = tuple(kind.field for kind in ProbeType)


def parse_pods_workload(pod: Mapping[str, Any], ref: WorkloadRef) -> Workload:
    """What is known of a workload from one of its pods alone.

    How many pods it wants and how it replaces them is not known. Raises InvalidObjectError.
    """
    metadata = section(pod, "metadata", str(ref))
    workload = of_template(ref, {"labels": metadata.get("labels")}, pod, place=f"{ref}: Pod/{metadata.get('name')}")
    return replace(workload, autoscaled=True)


def qualified_kind(kind: str, api_version: object) -> str:
    """The kind, with its API group where Kubernetes itself has a kind of that name in another one."""
    group = _group(api_version)
    return f"{kind}.{group}" if _BUILT_IN.get(kind, group) != group and group else kind


def _group(api_version: object) -> str:
    return api_version.rpartition("/")[0] if isinstance(api_version, str) else ""


_BUILT_IN = {
    **dict.fromkeys(("Pod", "ReplicationController", "Service"), ""),
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"), "apps"),
    **dict.fromkeys(("Job", "CronJob"), "batch"),
}
"""The API groups of Kubernetes' own kinds that other groups have kinds of the same name for."""

_TEMPLATES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "ReplicationController"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("apps.openshift.io", "DeploymentConfig"): ("spec", "template"),
    ("argoproj.io", "Rollout"): ("spec", "template"),
    ("serving.knative.dev", "Service"): ("spec", "template"),
    ("apps.kruise.io", "CloneSet"): ("spec", "template"),
    ("apps.kruise.io", "StatefulSet"): ("spec", "template"),
    ("apps.kruise.io", "DaemonSet"): ("spec", "template"),
    ("core.strimzi.io", "StrimziPodSet"): ("spec", "pods"),
}
"""Where other objects keep the template of their pods, by API group and kind. Where it is a list, the first counts."""

POD_CONTROLLERS = frozenset(kind for _, kind in _TEMPLATES)
"""The kinds of these objects, of whatever API group."""
