"""A workload: what runs the pods whose probes are watched."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from probetuner.model.container import Container, parse_containers
from probetuner.model.fields import INT32_MAX, INT64_MAX, count, objects, shown
from probetuner.model.managers import FieldManager, parse_managers
from probetuner.model.mode import APPROVE_ANNOTATION, MODE_ANNOTATION, ROLLBACK_ANNOTATION
from probetuner.model.pausing import PAUSED_ANNOTATION
from probetuner.model.problem import InvalidObjectError


class WorkloadKind(StrEnum):
    """The kinds that the operator follows and patches, all of group apps/v1."""

    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"
    DAEMON_SET = "DaemonSet"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class WorkloadRef:
    """The name of a workload in its cluster.

    `kind` is a WorkloadKind where the operator follows it. Other controllers of pods are read only; their kind carries
    the API group where Kubernetes has a kind of the same name (StatefulSet.apps.kruise.io), as kubectl writes it.
    """

    kind: str
    namespace: str
    name: str

    @property
    def followed(self) -> bool:
        """Whether it is of a kind that the operator follows and patches."""
        return self.kind in _KINDS

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """How far the present template has been rolled out; counts are pods."""

    desired: int
    updated: int
    ready: int
    available: int
    total: int
    observed: bool
    failed: bool = False

    @property
    def complete(self) -> bool:
        """Every wanted pod runs the present template and is available, and none of an older one is left.

        The rule is `DeploymentComplete` of the Deployment controller and `kubectl rollout status`.
        """
        return self.replaced and self.available == self.desired

    @property
    def replaced(self) -> bool:
        """Every wanted pod was made from the present template, whether it comes up or not, and no other one is left."""
        return self.observed and self.updated == self.desired == self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What runs pods, reduced to what probes depend on.

    `replaces_gradually` is True where a rollout keeps every old pod until a new one in its place is ready. `autoscaled`
    says that something may give it more replicas than it wants now, `accompanied` that another workload is known to
    stand behind one of its Services.
    `share_process_namespace` is None where the template does not say, which means False. `ends_by_itself` says that its
    pods do their work and end, as those of Jobs and of a chart's tests do. `progress_deadline_seconds` is
    how long a rollout waits for the next replica before it counts as failed; None where nothing makes it fail.
    """

    ref: WorkloadRef
    uid: str
    resource_version: str
    generation: int
    containers: tuple[Container, ...]
    rollout: Rollout
    mode_annotation: str | None = None
    approve_annotation: str | None = None
    rollback_annotation: str | None = None
    pause_annotation: str | None = None
    paused: bool = False
    deleting: bool = False
    replaces_gradually: bool = True
    autoscaled: bool = False
    accompanied: bool = False
    grace_seconds: int = 30
    progress_deadline_seconds: int | None = None
    host_pid: bool = False
    host_network: bool = False
    share_process_namespace: bool | None = None
    ends_by_itself: bool = False
    runs_windows: bool = False
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    managers: tuple[FieldManager, ...] = ()

    def container(self, name: str) -> Container | None:
        """The container of that name, if the present template has it."""
        return next((c for c in self.containers if c.name == name), None)


def parse_workload(raw: Mapping[str, Any]) -> Workload:
    """Read a Deployment, StatefulSet or DaemonSet as the API server or a manifest gives it.

    Raises InvalidObjectError when it is none of these or a needed part has the wrong shape.
    """
    kind, name = raw.get("kind"), section(raw, "metadata", "object").get("name")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise InvalidObjectError(f"{kind}/{name}", f"is not one of {', '.join(WorkloadKind)}")
    ref = ref_of(raw, _KINDS[kind])
    metadata, spec = section(raw, "metadata", str(ref)), section(raw, "spec", str(ref))
    workload = of_template(ref, metadata, section(spec, "template", f"{ref}: spec"), place=f"{ref}: spec.template")
    return replace(
        workload,
        rollout=_parse_rollout(ref, spec, section(raw, "status", str(ref)), workload.generation),
        progress_deadline_seconds=_progress_deadline_seconds(ref, spec),
        paused=spec.get("paused") is True,
        replaces_gradually=_replaces_gradually(ref.kind, spec, str(ref)),
        autoscaled=_was_scaled(metadata),
    )


def ref_of(raw: Mapping[str, Any], kind: str) -> WorkloadRef:
    """The name of an object of that kind. Raises InvalidObjectError when it has none."""
    metadata = section(raw, "metadata", "object")
    name = metadata.get("name") or metadata.get("generateName")  # `kubectl create` takes the latter
    if not isinstance(name, str) or not name:
        raise InvalidObjectError(f"{kind}", "has no metadata.name")
    return WorkloadRef(kind=kind, namespace=str(metadata.get("namespace") or "default"), name=name)


def of_template(ref: WorkloadRef, metadata: Mapping[str, Any], template: Mapping[str, Any], *, place: str) -> Workload:
    """What a pod template, or a pod itself, says of a workload with that metadata."""
    pod_spec = section(template, "spec", place)
    annotations = _texts(section(metadata, "annotations", f"{ref}: metadata"))
    return Workload(
        ref=ref,
        uid=str(metadata.get("uid") or ""),
        resource_version=str(metadata.get("resourceVersion") or ""),
        generation=count(metadata, "generation", f"{ref}: metadata", most=INT64_MAX),
        containers=parse_containers(pod_spec, place=f"{place}.spec"),
        rollout=Rollout(desired=1, updated=0, ready=0, available=0, total=0, observed=False),
        mode_annotation=annotations.get(MODE_ANNOTATION),
        approve_annotation=annotations.get(APPROVE_ANNOTATION),
        rollback_annotation=annotations.get(ROLLBACK_ANNOTATION),
        pause_annotation=annotations.get(PAUSED_ANNOTATION),
        deleting=metadata.get("deletionTimestamp") is not None,
        grace_seconds=_grace_seconds(pod_spec, f"{place}.spec"),
        host_pid=pod_spec.get("hostPID") is True,
        host_network=pod_spec.get("hostNetwork") is True,
        share_process_namespace=_flag(pod_spec.get("shareProcessNamespace")),
        ends_by_itself=pod_spec.get("restartPolicy") in ("Never", "OnFailure"),
        runs_windows=_runs_windows(pod_spec, place),
        pod_labels=_texts(section(section(template, "metadata", place), "labels", f"{place}.metadata")),
        labels=_texts(section(metadata, "labels", f"{ref}: metadata")),
        annotations=annotations,
        owners=controllers_of(metadata),
        managers=parse_managers(metadata, f"{ref}: metadata"),
    )


def section(raw: Mapping[str, Any], name: str, place: str) -> Mapping[str, Any]:
    """An object inside an object, empty when absent. Raises InvalidObjectError when it is something else."""
    value = raw.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidObjectError(f"{place}.{name}", "is not an object")
    return value


def _grace_seconds(pod_spec: Mapping[str, Any], place: str) -> int:
    """The API server takes any int64 here; what is above some 68 years is as good as for ever."""
    return min(INT32_MAX, count(pod_spec, "terminationGracePeriodSeconds", place, default=30, most=INT64_MAX))


def _parse_rollout(ref: WorkloadRef, spec: Mapping[str, Any], status: Mapping[str, Any], generation: int) -> Rollout:
    place = f"{ref}: status"
    observed = count(status, "observedGeneration", place, most=INT64_MAX) >= generation
    if ref.kind is WorkloadKind.DAEMON_SET:
        return Rollout(
            desired=count(status, "desiredNumberScheduled", place),
            updated=count(status, "updatedNumberScheduled", place),
            ready=count(status, "numberReady", place),
            available=count(status, "numberAvailable", place),
            total=count(status, "currentNumberScheduled", place),
            observed=observed,
        )
    return Rollout(
        desired=count(spec, "replicas", f"{ref}: spec", default=1),
        updated=count(status, "updatedReplicas", place),
        ready=count(status, "readyReplicas", place),
        available=count(status, "availableReplicas", place),
        total=count(status, "replicas", place),
        observed=observed,
        failed=any(
            c.get("reason") == "ProgressDeadlineExceeded" and c.get("status") == "False"
            for c in objects(status, "conditions", "status")
        ),
    )


def _replaces_gradually(kind: str, spec: Mapping[str, Any], place: str) -> bool:
    """A StatefulSet takes a pod away before it makes the new one, and a DaemonSet does unless it may surge.

    A Deployment may take away maxUnavailable, rounded down, before a new pod is ready (deployment_util.go
    ResolveFenceposts; both default to 25%, and where both come to nothing maxUnavailable is 1).
    """
    strategy = section(spec, "strategy", place) or section(spec, "updateStrategy", place)
    if strategy.get("type", "RollingUpdate") != "RollingUpdate" or kind is WorkloadKind.STATEFUL_SET:
        return False
    rolling = section(strategy, "rollingUpdate", place)
    place = f"{place}: rollingUpdate"
    if kind is WorkloadKind.DAEMON_SET:
        return _pods(rolling, "maxSurge", place, default=0, replicas=1) > 0
    replicas = count(spec, "replicas", place, default=1)
    surge = _pods(rolling, "maxSurge", place, default="25%", replicas=replicas)
    return surge > 0 and int(_pods(rolling, "maxUnavailable", place, default="25%", replicas=replicas)) == 0


_SHARE = re.compile(r"([0-9]+)%?")


def _pods(rolling: Mapping[str, Any], name: str, place: str, *, default: int | str, replicas: int) -> float:
    """A count of pods that may be a share of all (IntOrString).

    The API server takes a percentage of any length, and the Deployment controller then cannot read it.
    """
    value = rolling.get(name)
    value = default if value is None else value
    found = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return float(count({name: value}, name, place))
    if len(found[1]) > len(str(INT32_MAX)):
        raise InvalidObjectError(f"{place}.{name}", f"is {shown(value)}, which is no count and no share of pods")
    return int(found[1]) * replicas / 100


_NO_DEADLINE = 2**31 - 1
"""By which a Deployment says that its rollouts wait for ever (deployment_util.go HasProgressDeadline)."""


def _progress_deadline_seconds(ref: WorkloadRef, spec: Mapping[str, Any]) -> int | None:
    """Only Deployments have one, of 600 s by default (apis/apps/v1/defaults.go)."""
    if ref.kind is not WorkloadKind.DEPLOYMENT:
        return None
    deadline = count(spec, "progressDeadlineSeconds", f"{ref}: spec", default=600)
    return None if deadline >= _NO_DEADLINE else deadline


def _was_scaled(metadata: Mapping[str, Any]) -> bool:
    """Whether somebody but a person with kubectl has set the replicas through the scale subresource."""
    entries = objects(metadata, "managedFields", "metadata")
    return any(e.get("subresource") == "scale" and not str(e.get("manager")).startswith("kubectl") for e in entries)


def _runs_windows(pod_spec: Mapping[str, Any], place: str) -> bool:
    """Whether the pods say that they are for Windows, where there are no zombies and no namespace to share."""
    place = f"{place}.spec"
    chosen = section(pod_spec, "nodeSelector", place).get("kubernetes.io/os")
    return "windows" in (section(pod_spec, "os", place).get("name"), chosen)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def controllers_of(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """What controls an object, as Kind/name; empty where nothing does."""
    return tuple(
        f"{owner.get('kind')}/{owner.get('name')}"
        for owner in objects(metadata, "ownerReferences", "metadata")
        if owner.get("controller") is True
    )


def _texts(raw: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): value for key, value in raw.items() if isinstance(value, str)}


_KINDS = {kind.value: kind for kind in WorkloadKind}
