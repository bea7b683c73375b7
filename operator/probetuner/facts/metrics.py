"""The kubelet's `/metrics/probes` to facts (kubelet prober/prober_manager.go, worker.go)."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from probetuner.facts.exposition import Sample, scan
from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS, Fact, PodRef, ProbeCounted, ProbeLatencySampled
from probetuner.facts.growth import Growth, Reading, Scraped, subject_of_label
from probetuner.facts.pods import PodState, disturbed
from probetuner.model.probe import ProbeType

_TOTAL = "prober_probe_total"
_BUCKET = "prober_probe_duration_seconds_bucket"
_STARTED = "process_start_time_seconds"
_SAME_START_SECONDS = 2.0
"""The time of boot, from which the start is reckoned, moves a little when the clock is set."""

_TYPES = {kind.value: kind for kind in ProbeType}
_BUCKETS = (*LATENCY_BOUNDS_SECONDS, math.inf)


def read_probes(
    before: Scraped | None, text: str, *, at: float, pods: Sequence[PodState], since: float = -math.inf
) -> Reading:
    """Read one node's scrape for these pods of it, and compare it with the one before.

    `since` is when observation began (epoch seconds). Never raises on what the text holds.
    """
    labels = {(pod.ref.namespace, label) for pod in pods for label in (pod.ref.name, pod.group)}
    scanned = scan(text, families=(_TOTAL, _BUCKET, _STARTED), pods=labels)
    families: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in scanned.samples:
        families[sample.family].append(sample)
    started_at = families[_STARTED][-1].value if families[_STARTED] else None
    restarted = _has_restarted(before, started_at)
    growth = Growth(before=before, at=at, since=since, whole=scanned.problem is None, restarted=restarted)
    facts: list[Fact] = []
    if restarted and started_at is not None:
        for pod in pods:
            facts += disturbed(pod, at=min(at, started_at), reason="KubeletRestarted")
    facts += _counted(families[_TOTAL], pods, growth)
    facts += _latencies(families[_BUCKET], pods, growth)
    scraped = growth.remember(pods, kubelet_started_at=started_at)
    return Reading(scraped=scraped, facts=facts, problem=scanned.problem)


def _has_restarted(before: Scraped | None, started_at: float | None) -> bool:
    if before is None or before.kubelet_started_at is None or started_at is None:
        return False
    return abs(started_at - before.kubelet_started_at) > _SAME_START_SECONDS


def _counted(samples: Iterable[Sample], pods: Sequence[PodState], growth: Growth) -> list[Fact]:
    by_uid = {pod.ref.uid: pod for pod in pods}
    found: defaultdict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for sample in samples:
        uid, container, kind, result = _labels(sample, "pod_uid", "container", "probe_type", "result")
        if uid in by_uid and by_uid[uid].container(container) is not None and kind in _TYPES:
            found[uid, container, kind][result] = sample.value
    facts: list[Fact] = []
    for series, results in found.items():
        pod = by_uid[series[0]]
        succeeded, failed = growth.of(series, (results.get("successful"), results.get("failed")))
        if growth.covers(pod) and (succeeded or failed):
            facts.append(
                ProbeCounted(
                    at=growth.at,
                    pod=pod.ref,
                    container=series[1],
                    probe=_TYPES[series[2]],
                    since=growth.began(pod),
                    succeeded=int(succeeded),
                    failed=int(failed),
                )
            )
    return facts


def _latencies(samples: Iterable[Sample], pods: Sequence[PodState], growth: Growth) -> list[Fact]:
    found: defaultdict[tuple[str, str, str, str], dict[float, float]] = defaultdict(dict)
    for sample in samples:
        namespace, label, container, kind, bound = _labels(sample, "namespace", "pod", "container", "probe_type", "le")
        if kind in _TYPES:
            found[namespace, label, container, kind][_number(bound)] = sample.value
    members_of = _members(pods)
    facts: list[Fact] = []
    for (namespace, label, container, kind), cumulative in found.items():
        members = [pod for pod in members_of.get((namespace, label), ()) if pod.container(container) is not None]
        if not members:
            continue
        series = (subject_of_label(namespace, label), container, kind, "latency")
        grown = growth.of(series, [cumulative.get(bound) for bound in _BUCKETS])
        counts = tuple(max(0, int(upper - lower)) for lower, upper in zip((0.0, *grown), grown, strict=False))
        ref = _common_ref(members, label)
        if ref is not None and any(counts) and all(growth.covers(member) for member in members):
            facts.append(
                ProbeLatencySampled(at=growth.at, pod=ref, container=container, probe=_TYPES[kind], counts=counts)
            )
    return facts


def _labels(sample: Sample, *names: str) -> tuple[str, ...]:
    return tuple(sample.labels.get(name, "") for name in names)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _members(pods: Sequence[PodState]) -> dict[tuple[str, str], list[PodState]]:
    """The pods that a latency series is about: the one of that name, else all that share the label on some kubelets."""
    members: defaultdict[tuple[str, str], list[PodState]] = defaultdict(list)
    for pod in pods:
        members[pod.ref.namespace, pod.group].append(pod)
    return members | {(pod.ref.namespace, pod.ref.name): [pod] for pod in pods}


def _common_ref(members: Sequence[PodState], label: str) -> PodRef | None:
    """Whose sample it is; nobody's where pods of several templates share a series and cannot be told apart."""
    first = members[0].ref
    if len(members) == 1:
        return first
    if any((m.ref.workload, m.ref.template_hash) != (first.workload, first.template_hash) for m in members):
        return None
    return PodRef(
        namespace=first.namespace,
        name=label,
        uid="",
        template_hash=first.template_hash,
        node=first.node,
        workload=first.workload,
    )
