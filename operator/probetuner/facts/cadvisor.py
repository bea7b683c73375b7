"""The kubelet's `/metrics/cadvisor` to facts: CPU throttling, and processes against threads.

Rows are per cgroup; those of pods and of the pause container name no container of ours. A container that was started
again has a new cgroup, whose counters begin at 0, beside which the old one may be shown for a while. Values are as old
as cAdvisor's last look, so a row with the time stamp of the scrape before says nothing new.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from probetuner.facts.exposition import Sample, Scan
from probetuner.facts.fact import CpuThrottled, Fact, ProcessesCounted
from probetuner.facts.growth import Growth, Reading, Scraped
from probetuner.facts.pods import PodState
from probetuner.facts.times import believed

_PERIODS, _THROTTLED = "container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total"
_PROCESSES, _THREADS = "container_processes", "container_threads"

FAMILIES = (_PERIODS, _THROTTLED, _PROCESSES, _THREADS)
"""What is read of the page."""


_MOST_CGROUPS = 8
"""A container has one, and for a while that of the process before it."""


@dataclass(slots=True, kw_only=True)
class _Cgroup:
    """`stamp` is cAdvisor's own time of the values, `at` what is believed of it."""

    pod: PodState
    container: str
    key: str
    stamp: float
    at: float
    values: dict[str, float] = field(default_factory=dict)


def read_cadvisor(
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
    by_name = {(pod.ref.namespace, pod.ref.name): pod for pod in pods}
    scan = Scan(text, families=FAMILIES, pods=by_name.keys())
    cgroups = _cgroups((one for one in scan.samples() if isinstance(one, Sample)), by_name, at)
    problem = "; ".join(filter(None, (problem, scan.problem))) or None
    growth = Growth(before=before, at=at, since=since, whole=problem is None)
    facts: list[Fact] = []
    newest: dict[tuple[str, str], _Cgroup] = {}
    for cgroup in cgroups:
        facts += _throttling(cgroup, growth)
        owner = (cgroup.pod.ref.uid, cgroup.container)
        if _PROCESSES in cgroup.values and _THREADS in cgroup.values:
            newest[owner] = max(newest.get(owner, cgroup), cgroup, key=lambda candidate: candidate.stamp)
    for cgroup in newest.values():
        facts += _processes(cgroup, growth)
    return Reading(scraped=growth.remember(pods), facts=facts, problem=problem)


def _cgroups(samples: Iterable[Sample], by_name: Mapping[tuple[str, str], PodState], at: float) -> list[_Cgroup]:
    found: dict[tuple[str, str, str], _Cgroup] = {}
    numbers: Counter[tuple[str, str]] = Counter()
    for sample in samples:
        labels = sample.labels
        pod = by_name.get((labels.get("namespace", ""), labels.get("pod", "")))
        container, path = labels.get("container", ""), labels.get("id", "")
        if pod is None or pod.container(container) is None or not _is_of(pod, path):
            continue
        key = path.rpartition("/")[2]
        cgroup = found.get((pod.ref.uid, container, key))
        if cgroup is None:
            numbers[pod.ref.uid, container] += 1
            if numbers[pod.ref.uid, container] > _MOST_CGROUPS:
                continue
            stamp = sample.at or at
            cgroup = _Cgroup(pod=pod, container=container, key=key, stamp=stamp, at=believed(stamp, told_at=at))
            found[pod.ref.uid, container, key] = cgroup
        cgroup.values[sample.family] = sample.value
    return list(found.values())


def _is_of(pod: PodState, path: str) -> bool:
    """Whether the cgroup is this pod's and not that of one of the same name before it. systemd writes _ for -."""
    return "pod" not in path or pod.ref.uid in path.replace("_", "-")


def _throttling(cgroup: _Cgroup, growth: Growth) -> list[Fact]:
    if _PERIODS not in cgroup.values:
        return []
    series = (cgroup.pod.ref.uid, cgroup.container, cgroup.key)
    periods, throttled = growth.of(series, (cgroup.values[_PERIODS], cgroup.values.get(_THROTTLED)))
    if not periods or not growth.covers(cgroup.pod):
        return []
    return [
        CpuThrottled(
            at=cgroup.at,
            pod=cgroup.pod.ref,
            container=cgroup.container,
            periods=int(periods),
            throttled=int(min(throttled, periods)),
        )
    ]


def _processes(cgroup: _Cgroup, growth: Growth) -> list[Fact]:
    (newer,) = growth.of((cgroup.pod.ref.uid, cgroup.container), (cgroup.stamp,))
    if not newer:
        return []
    return [
        ProcessesCounted(
            at=cgroup.at,
            pod=cgroup.pod.ref,
            container=cgroup.container,
            processes=int(cgroup.values[_PROCESSES]),
            threads=int(cgroup.values[_THREADS]),
        )
    ]
