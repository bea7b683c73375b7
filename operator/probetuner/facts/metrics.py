"""The kubelet's `/metrics/probes` to facts (kubelet prober/prober_manager.go, worker.go)."""

import math
from collections import defaultdict
from collections.abc import Sequence

from probetuner.facts.exposition import Buckets, Sample, Scan
from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS, Fact, PodRef, ProbeCounted, ProbeLatencySampled
from probetuner.facts.growth import Growth, Reading, Scraped, subject_of_label
from probetuner.facts.pods import PodState, disturbed
from probetuner.model.probe import ProbeType

FAMILIES = ("prober_probe_total", "prober_probe_duration_seconds_bucket", "process_start_time_seconds")
"""What is read of the page."""

_SAME_START_SECONDS = 2.0
"""The time of boot, from which the start is reckoned, moves a little when the clock is set."""

_TYPES = {kind.value: kind for kind in ProbeType}
_RESULTS = ("successful", "failed")
_BUCKETS = (*LATENCY_BOUNDS_SECONDS, math.inf)


def read_probes(
    before: Scraped | None,
    text: str,
    *,
    at: float,
    pods: Sequence[PodState],
    since: float = -math.inf,
    problem: str | None = None,
) -> Reading:
    """Read one node's scrape for these pods of it, and compare it with the one before.

    `since` is when observation began (epoch seconds), `problem` says what of the page is not in the text. Never raises
    on what the text holds.
    """
    labels = {(pod.ref.namespace, label) for pod in pods for label in (pod.ref.name, pod.group)}
    scan = Scan(text, families=FAMILIES, pods=labels)
    found = _Found(pods)
    for sample in scan.samples():
        if isinstance(sample, Buckets):
            found.take_buckets(sample)
        else:
            found.take(sample)
    problem = "; ".join(filter(None, (problem, scan.problem))) or None
    restarted = _has_restarted(before, found.started_at)
    growth = Growth(before=before, at=at, since=since, whole=problem is None, restarted=restarted)
    facts: list[Fact] = []
    if restarted and found.started_at is not None:
        for pod in pods:
            facts += disturbed(pod, at=min(at, found.started_at), reason="KubeletRestarted")
    facts += _counted(found, growth)
    facts += _latencies(found, growth)
    scraped = growth.remember(pods, kubelet_started_at=found.started_at)
    return Reading(scraped=scraped, facts=facts, problem=problem)


class _Found:
    """What the samples say of these pods' containers, by series: of no others, whatever the page holds."""

    def __init__(self, pods: Sequence[PodState]) -> None:
        self.started_at: float | None = None
        self.totals: defaultdict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
        self.buckets: defaultdict[tuple[str, str, str, str], dict[float, float]] = defaultdict(dict)
        self.by_uid = {pod.ref.uid: pod for pod in pods}
        self._members = _members(pods)

    def take(self, sample: Sample) -> None:
        """Take in a sample, if it is about one of the containers."""
        match sample.family:
            case "process_start_time_seconds":
                self.started_at = sample.value
            case "prober_probe_total":
                uid, container, kind, result = _labels(sample, "pod_uid", "container", "probe_type", "result")
                pod = self.by_uid.get(uid)
                if pod is not None and pod.container(container) and kind in _TYPES:
                    self.totals[uid, container, kind][result] = sample.value
            case _:
                namespace, label, container, kind, le = _labels(
                    sample, "namespace", "pod", "container", "probe_type", "le"
                )
                if self.members(namespace, label, container) and kind in _TYPES:
                    self.buckets[namespace, label, container, kind][_number(le)] = sample.value

    def take_buckets(self, sample: Buckets) -> None:
        """Take in all buckets of a series at once."""
        namespace, label, container, kind = _labels(sample, "namespace", "pod", "container", "probe_type")
        if self.members(namespace, label, container) and kind in _TYPES:
            self.buckets[namespace, label, container, kind].update(zip(_BUCKETS, sample.counts, strict=True))

    def members(self, namespace: str, label: str, container: str) -> list[PodState]:
        """The pods that a latency series of that container is about."""
        return [pod for pod in self._members.get((namespace, label), ()) if pod.container(container)]


def _has_restarted(before: Scraped | None, started_at: float | None) -> bool:
    if before is None or before.kubelet_started_at is None or started_at is None:
        return False
    return abs(started_at - before.kubelet_started_at) > _SAME_START_SECONDS


def _counted(found: _Found, growth: Growth) -> list[Fact]:
    facts: list[Fact] = []
    for series, results in found.totals.items():
        pod = found.by_uid[series[0]]
        succeeded, failed = growth.of(series, tuple(map(results.get, _RESULTS)))
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


def _latencies(found: _Found, growth: Growth) -> list[Fact]:
    facts: list[Fact] = []
    for (namespace, label, container, kind), cumulative in found.buckets.items():
        members = found.members(namespace, label, container)
        series = (subject_of_label(namespace, label), container, kind, "latency")
        grown = growth.of(series, [cumulative.get(bound) for bound in _BUCKETS])
        counts = tuple(max(0, int(upper - lower)) for lower, upper in zip((0.0, *grown), grown, strict=False))
        ref = _common_ref(members, label)
        if ref is not None and any(counts) and all(growth.covers(member) for member in members):
            facts.append(
                ProbeLatencySampled(at=growth.at, pod=ref, container=container, probe=_TYPES[kind], counts=counts)
            )
    return facts


def _labels(sample: Sample | Buckets, *names: str) -> tuple[str, ...]:
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
