"""Pod objects to facts: each view of a pod is compared with the little that is remembered of the one before."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, replace

from probetuner.facts.containers import Circumstances, ContainerState, read_container
from probetuner.facts.fact import Fact, NodeDisturbed, PodEnding, PodRef
from probetuner.facts.lives import read_status
from probetuner.facts.owner import TEMPLATE_HASH_LABELS, owner_of
from probetuner.facts.times import believed, happened
from probetuner.model.container import parse_containers
from probetuner.model.fields import Object, count, moment, objects, text
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import section


@dataclass(frozen=True, slots=True, kw_only=True)
class PodState:
    """All that is remembered of a pod, some 1.2 kB with one container. Times are epoch seconds.

    `ending_at` is when its deletion was asked for or it was otherwise doomed. `lost` while the node controller holds
    it unready for a node that went silent. `group` is the pod label that some kubelets give its latencies. `address` is
    its own IP address, empty where it has none, or none that a pod can have.
    """

    ref: PodRef
    created_at: float
    group: str
    containers: tuple[ContainerState, ...]
    ending: str | None = None
    ending_at: float | None = None
    lost: bool = False
    address: str = ""

    def container(self, name: str) -> ContainerState | None:
        """The probed container of that name."""
        return next((container for container in self.containers if container.name == name), None)


def read_pod(
    before: PodState | None, raw: Object, *, at: float, gone: bool = False, node_ready: bool = True
) -> tuple[PodState, list[Fact]]:
    """Compare a Pod, received at `at`, with what was known before of the same pod (by uid).

    `gone` says that this is its last view, `node_ready` what its Node says. At first sight only what the status proves
    is told: the lives that it shows, and that a container is ready (as not by its probe: no change was seen).
    Lives between two views leave no trace but a jump in `restarts`. Raises InvalidObjectError.
    """
    place = f"Pod/{section(raw, 'metadata', 'Pod').get('namespace')}/{section(raw, 'metadata', 'Pod').get('name')}"
    state = replace(before, ref=_ref(raw, place)) if before else _first(raw, place, at)
    state = replace(state, address=_address(raw, place))
    state, facts = _ending(state, raw, place, at=at, gone=gone)
    conditions = {text(c, "type", place): c for c in objects(section(raw, "status", place), "conditions", place)}
    lost = _is_lost(conditions, place)
    if lost and not state.lost:
        since = happened(conditions["Ready"], "lastTransitionTime", place, told_at=at) or at
        facts += _for_all(state, NodeDisturbed, at=since, reason="NodeNotReady")
    circumstances = Circumstances(
        at=at,
        pod=state.ref,
        first_sight=before is None,
        ending=state.ending is not None,
        node_disturbed=state.lost or lost or not node_ready,
        ready_since=_since(conditions, "True", place, at=at),
        unready_since=_since(conditions, "False", place, at=at) if _one_is_unready(raw, place) else None,
        began_at=_began_at(raw, place, at=at, created_at=state.created_at),
    )
    containers, told = _containers(state, raw, circumstances, place)
    return replace(state, containers=containers, lost=lost), [*facts, *told]


def uid_of(raw: Object) -> str:
    """What tells a Pod from others: its uid, or namespace and name in manifests and redacted dumps, which have none."""
    metadata = section(raw, "metadata", "Pod")
    uid, name = text(metadata, "uid", "Pod.metadata"), text(metadata, "name", "Pod.metadata")
    if not (uid or name):
        raise InvalidObjectError("Pod.metadata", "has neither uid nor name")
    return uid or f"{text(metadata, 'namespace', 'Pod.metadata') or 'default'}/{name}"


def _containers(
    state: PodState, raw: Object, circumstances: Circumstances, place: str
) -> tuple[tuple[ContainerState, ...], list[Fact]]:
    statuses = dict(_statuses(raw, place))
    containers, facts = {container.name: container for container in state.containers}, []
    for name in [name for name in containers if name in statuses]:
        shown = read_status(statuses[name], f"{place}: status of {name}", at=circumstances.at)
        containers[name], told = read_container(containers[name], shown, circumstances)
        facts += told
    return tuple(containers.values()), facts


def _first(raw: Object, place: str, at: float) -> PodState:
    metadata = section(raw, "metadata", place)
    ref = _ref(raw, place)
    spec = section(raw, "spec", place)
    return PodState(
        ref=ref,
        created_at=happened(metadata, "creationTimestamp", place, told_at=at) or at,
        group=_group(metadata, place),
        containers=tuple(
            ContainerState.unseen(container) for container in parse_containers(spec, place=f"{place}.spec")
        ),
    )


def _ref(raw: Object, place: str) -> PodRef:
    metadata = section(raw, "metadata", place)
    labels = section(metadata, "labels", place)
    hashes = (text(labels, label, place) for label in TEMPLATE_HASH_LABELS)
    return PodRef(
        namespace=text(metadata, "namespace", place) or "default",
        name=text(metadata, "name", place),
        uid=uid_of(raw),
        template_hash=next((found for found in hashes if found), ""),
        node=text(section(raw, "spec", place), "nodeName", place),
        workload=owner_of(raw),
    )


def _address(raw: Object, place: str) -> str:
    """The pod's IP, if it can be a pod's own: whoever may write a status must not lead us to a machine's own."""
    address = text(section(raw, "status", place), "podIP", place)
    if not address or section(raw, "spec", place).get("hostNetwork") is True:
        return ""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        raise InvalidObjectError(f"{place}.status.podIP", "is not an IP address") from None
    local = found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified or found.is_reserved
    return "" if local else str(found)


def _group(metadata: Object, place: str) -> str:
    """The pod label of latency series where the kubelet strips what is generated (worker.go getPodLabelName)."""
    name = text(metadata, "name", place)
    if not text(metadata, "generateName", place):
        return name
    template_hash = text(section(metadata, "labels", place), TEMPLATE_HASH_LABELS[0], place)
    stripped = name.rpartition("-")[0]
    return stripped.replace(f"-{template_hash}", "") if template_hash else stripped


def _ending(state: PodState, raw: Object, place: str, *, at: float, gone: bool) -> tuple[PodState, list[Fact]]:
    """Why the pod goes away, told once per reason; that it is deleted is told only where nothing better is known."""
    reason, since = _why_ending(raw, place, gone=gone)
    if reason is None or reason == state.ending or (state.ending and reason == "Deleted"):
        return state, []
    since = min(since or at, at)
    known = replace(state, ending=reason, ending_at=min(since, since if state.ending_at is None else state.ending_at))
    return known, _for_all(state, PodEnding, at=since, reason=reason)


def _why_ending(raw: Object, place: str, *, gone: bool) -> tuple[str | None, float | None]:
    metadata, status = section(raw, "metadata", place), section(raw, "status", place)
    for condition in objects(status, "conditions", place):
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            reason = text(condition, "reason", place) or "DisruptionTarget"
            return reason, moment(condition, "lastTransitionTime", place)
    if reason := text(status, "reason", place):
        return reason, None
    deletion = moment(metadata, "deletionTimestamp", place)
    if deletion is not None:
        # It is the end of the grace period, not its beginning (apiserver registry/rest/delete.go BeforeDelete).
        return "Deleted", deletion - count(metadata, "deletionGracePeriodSeconds", place)
    return ("Deleted" if gone else None), None


def _for_all(state: PodState, kind: type[PodEnding | NodeDisturbed], *, at: float, reason: str) -> list[Fact]:
    return [kind(at=at, pod=state.ref, container=container.name, reason=reason) for container in state.containers]


def disturbed(state: PodState, *, at: float, reason: str) -> list[Fact]:
    """NodeDisturbed for each probed container of the pod."""
    return _for_all(state, NodeDisturbed, at=at, reason=reason)


def _is_lost(conditions: dict[str, Object], place: str) -> bool:
    """Whether the node controller made the pod unready: it turns only Ready, the kubelet always both.

    A readiness gate does the same, with its own reason (controller/util/node MarkPodsNotReady; kubelet
    status/generate.go).
    """
    ready, containers_ready = conditions.get("Ready", {}), conditions.get("ContainersReady", {})
    return (
        ready.get("status") == "False"
        and containers_ready.get("status") == "True"
        and text(ready, "reason", place) != "ReadinessGatesNotReady"
    )


def _began_at(raw: Object, place: str, *, at: float, created_at: float) -> float | None:
    """When the kubelet took the pod on; None where its clock is too far ahead to compare with its other times."""
    claimed = moment(section(raw, "status", place), "startTime", place) or created_at
    return claimed if believed(claimed, told_at=at) == claimed else None


def _since(conditions: dict[str, Object], status: str, place: str, *, at: float) -> float | None:
    """Since when all containers have been ready ("True"), or one has not ("False"); None where it is otherwise."""
    ready = conditions.get("ContainersReady", {})
    return happened(ready, "lastTransitionTime", place, told_at=at) if ready.get("status") == status else None


def _one_is_unready(raw: Object, place: str) -> bool:
    return sum(status.get("ready") is not True for _, status in _statuses(raw, place)) == 1


def _statuses(raw: Object, place: str) -> Iterator[tuple[str, Object]]:
    status = section(raw, "status", place)
    for field in ("initContainerStatuses", "containerStatuses"):
        for entry in objects(status, field, place):
            yield text(entry, "name", place), entry
