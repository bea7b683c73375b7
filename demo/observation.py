"""What a look at a story's namespace shows: its Deployment, pods, kills and ProbePolicy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

KINDS = "deployments,replicasets,pods,events,probepolicies"
_KILLING = ("failed liveness probe", "failed startup probe")


@dataclass(frozen=True, slots=True, kw_only=True)
class PodView:
    """A pod of the workload: `template` is its pod-template-hash, `last_life_seconds` is of the life before this."""

    uid: str
    name: str
    template: str
    restarts: int
    ready_after_seconds: float | None
    last_life_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The kubelet's announcements, `count` of them, that it kills a container for its probe."""

    pod: str
    message: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    """What a ProbePolicy says; `standing` is what is worth showing again when it changes."""

    standing: tuple[str, ...] = ()
    phase: str = ""
    finding: str = ""
    false_restarts: int = 0
    patch: str = ""
    changes: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The namespace at one moment. `template` is the pod-template-hash that the Deployment asks for now.

    `rolled_out` says that all the wanted pods, and no others, are of that template and available.
    """

    template: str | None
    rolled_out: bool
    pods: tuple[PodView, ...]
    kills: Mapping[str, Kill] = field(default_factory=dict)
    policy: PolicyView | None = None
    probes: Mapping[str, Any] = field(default_factory=dict)


def read(listed: Mapping[str, Any], workload: str) -> Observation:
    """Read the JSON of `kubectl get KINDS` in the namespace of the Deployment *workload*."""
    items: dict[str, list[dict[str, Any]]] = {}
    for item in listed["items"]:
        items.setdefault(item["kind"], []).append(item)
    deployments = [item for item in items.get("Deployment", []) if item["metadata"]["name"] == workload]
    deployment = deployments[0] if deployments else None
    pods = [pod for pod in items.get("Pod", []) if pod["metadata"].get("labels", {}).get("app") == workload]
    template = _template(deployment, items.get("ReplicaSet", []))
    views = tuple(_pod(pod) for pod in pods)
    return Observation(
        template=template,
        rolled_out=deployment is not None and _rolled_out(deployment, views, template),
        pods=views,
        kills=_kills(items.get("Event", [])),
        policy=_policy(items.get("ProbePolicy", []), f"deployment-{workload}"),
        probes=_probes(deployment),
    )


def _template(deployment: Mapping[str, Any] | None, sets: Iterable[Mapping[str, Any]]) -> str | None:
    """The hash of the ReplicaSet that carries the Deployment's revision, which is the newest one."""
    if deployment is None or not _is_observed(deployment):
        return None
    owned = (one for one in sets if one["metadata"]["ownerReferences"][0]["uid"] == deployment["metadata"]["uid"])
    newest = [one for one in owned if _revision(one) == _revision(deployment)]
    return newest[0]["metadata"]["labels"]["pod-template-hash"] if newest else None


def _revision(item: Mapping[str, Any]) -> str | None:
    found: str | None = item["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision")
    return found


def _is_observed(deployment: Mapping[str, Any]) -> bool:
    seen: int = deployment.get("status", {}).get("observedGeneration", 0)
    return seen >= int(deployment["metadata"]["generation"])


def _rolled_out(deployment: Mapping[str, Any], pods: tuple[PodView, ...], template: str | None) -> bool:
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    return (
        template is not None
        and status.get("updatedReplicas", 0) == status.get("availableReplicas", 0) == wanted == len(pods)
        and all(pod.template == template for pod in pods)
    )


def _pod(pod: Mapping[str, Any]) -> PodView:
    metadata, status = pod["metadata"], pod.get("status", {})
    containers = status.get("containerStatuses", [])
    ready = [c for c in status.get("conditions", []) if c["type"] == "Ready" and c["status"] == "True"]
    return PodView(
        uid=metadata["uid"],
        name=metadata["name"],
        template=metadata["labels"]["pod-template-hash"],
        restarts=sum(container["restartCount"] for container in containers),
        ready_after_seconds=_between(metadata["creationTimestamp"], ready[0]["lastTransitionTime"]) if ready else None,
        last_life_seconds=max(map(_last_life, containers), default=None, key=lambda seconds: seconds or 0.0),
    )


def _last_life(container: Mapping[str, Any]) -> float | None:
    ended = container.get("lastState", {}).get("terminated", {})
    if not ended.get("startedAt") or not ended.get("finishedAt"):
        return None
    return _between(ended["startedAt"], ended["finishedAt"])


def _between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _kills(events: Iterable[Mapping[str, Any]]) -> dict[str, Kill]:
    return {
        event["metadata"]["uid"]: Kill(
            pod=event["involvedObject"]["name"],
            message=event["message"],
            count=max(event.get("count") or 1, (event.get("series") or {}).get("count", 1)),
        )
        for event in events
        if event["reason"] == "Killing" and any(words in event.get("message", "") for words in _KILLING)
    }


def _policy(policies: Iterable[Mapping[str, Any]], name: str) -> PolicyView | None:
    for policy in policies:
        if policy["metadata"]["name"] == name:
            status = policy.get("status", {})
            return PolicyView(
                standing=_standing(status),
                phase=status.get("phase", ""),
                finding=status.get("finding", ""),
                false_restarts=status.get("falseRestarts", 0),
                patch=status.get("patch", ""),
                changes=tuple(status.get("history", [])),
            )
    return None


def _standing(status: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("mode", "phase", "finding", "falseRestarts")
    return (*(str(status.get(name, "")) for name in names), status.get("recommendation", {}).get("summary", ""))


def _probes(deployment: Mapping[str, Any] | None) -> dict[str, Any]:
    if deployment is None:
        return {}
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    return {name: probe for name, probe in container.items() if name.endswith("Probe")}
