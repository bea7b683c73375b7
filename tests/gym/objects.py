"""What a cluster shows of a phase at one moment: the pods' status, the events that are left, and counters' totals.

It is made of the facts that an observer of all would have seen, so a single look shows no more than happened. An Event
is kept for an hour after it was last told (kube-apiserver --event-ttl); a status shows the present life and the last.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gym.manifest import CONTAINER
from probetuner.facts.fact import (
    LATENCY_BOUNDS_SECONDS,
    BackOff,
    ContainerExited,
    ContainerStarted,
    CpuThrottled,
    Fact,
    FailureCause,
    KillAnnounced,
    NodeDisturbed,
    PodRef,
    ProbeCounted,
    ProbeFailed,
    ProbeLatencySampled,
    ReadinessChanged,
    StartupSucceeded,
)
from probetuner.model.probe import ProbeType
from probetuner.sources.recording import Scrape

Json = dict[str, Any]

EVENT_TTL_SECONDS = 3600.0
_ASKED = 'Get "http://10.1.1.5:8080/": '
_SAID = {
    FailureCause.TIMEOUT: f"{_ASKED}context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
    FailureCause.REFUSED: f"{_ASKED}dial tcp 10.1.1.5:8080: connect: connection refused",
    FailureCause.RESET: f"{_ASKED}EOF",
    FailureCause.HTTP_STATUS: "HTTP probe failed with statuscode: 500",
}


@dataclass(slots=True, kw_only=True)
class _Told:
    """An Event that is told again and again; times are epoch seconds."""

    first: float
    last: float = 0.0
    count: int = 0


@dataclass(slots=True, kw_only=True)
class _Pod:
    """A pod as its status would show it."""

    ref: PodRef
    created_at: float
    started_at: float = 0.0
    restarts: int = 0
    started: bool = False
    exit: ContainerExited | None = None
    ready: bool = False
    changed_at: float = 0.0
    lost: bool = False
    events: dict[tuple[str, str], _Told] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        return self.exit is None or self.exit.restarts < self.restarts

    def take(self, fact: Fact) -> None:
        match fact:
            case ContainerStarted():
                self.started_at, self.restarts, self.started = fact.at, fact.restarts, False
            case ContainerExited():
                self.exit = fact
            case StartupSucceeded():
                self.started = True
            case NodeDisturbed():
                self.lost = True
            case ReadinessChanged():
                self._turn(fact)
            case ProbeFailed():
                self._tell("Unhealthy", f"{fact.probe.value} probe failed: {_SAID[fact.cause]}", fact.at, fact.count)
            case KillAnnounced():
                killer = fact.probe.value.lower()
                self._tell("Killing", f"Container {CONTAINER} failed {killer} probe, will be restarted", fact.at, 1)
            case BackOff():
                self._tell("BackOff", f"Back-off restarting failed container {CONTAINER}", fact.at, 1)

    def _turn(self, fact: ReadinessChanged) -> None:
        """The node controller turns the pod's Ready alone, and the container is ready all the while."""
        if not self.lost:
            self.ready = fact.ready
        self.lost = self.lost and not fact.ready
        self.changed_at = fact.at

    def _tell(self, reason: str, message: str, at: float, count: int) -> None:
        told = self.events.setdefault((reason, message), _Told(first=at))
        told.last, told.count = at, told.count + count


def objects_at(template: Json, facts: Iterable[Fact], *, until: float, at: float) -> list[Json]:
    """Nodes, pods and events at that time (epoch seconds), if nothing more happened after `until`.

    `template` is the workload, of which the pods are made.
    """
    pods: dict[str, _Pod] = {}
    for fact in facts:
        if fact.at <= until:
            pods.setdefault(fact.pod.uid, _Pod(ref=fact.pod, created_at=fact.at)).take(fact)
    nodes = sorted({pod.ref.node for pod in pods.values()})
    written = [_pod(pod, template["spec"]["template"]["spec"]) for pod in pods.values()]
    events = [event for pod in pods.values() for event in _events(pod, at)]
    return [*(_node(name, at) for name in nodes), *written, *events]


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(math.floor(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _node(name: str, at: float) -> Json:
    condition = {"type": "Ready", "status": "True", "lastHeartbeatTime": _clock(at)}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"conditions": [condition]}}


def _pod(pod: _Pod, spec: Json) -> Json:
    ref = pod.ref
    assert ref.workload is not None
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True}
    status: Json = {
        "name": CONTAINER,
        "ready": pod.ready,
        "started": pod.runs and (pod.started or "startupProbe" not in spec["containers"][0]),
        "restartCount": pod.restarts,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "containerID": f"containerd://{ref.uid}-{pod.restarts}",
    }
    if pod.runs:
        status["state"] = {"running": {"startedAt": _clock(pod.started_at)}}
    if pod.exit is not None:
        status["lastState"] = {"terminated": _terminated(pod.exit)}
    shown = {"Ready": pod.ready and not pod.lost, "ContainersReady": pod.ready}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "uid": ref.uid,
            "creationTimestamp": _clock(pod.created_at),
            "labels": {"pod-template-hash": ref.template_hash},
            "ownerReferences": [{**owner, "name": f"{ref.workload.name}-{ref.template_hash}"}],
        },
        "spec": {**spec, "nodeName": ref.node},
        "status": {
            "startTime": _clock(pod.created_at),
            "conditions": [
                {"type": name, "status": str(true), "lastTransitionTime": _clock(pod.changed_at or pod.created_at)}
                for name, true in shown.items()
            ],
            "containerStatuses": [status],
        },
    }


def _terminated(exited: ContainerExited) -> Json:
    return {
        "exitCode": exited.exit_code,
        "reason": exited.reason,
        "startedAt": _clock(exited.at if exited.started_at is None else exited.started_at),
        "finishedAt": _clock(exited.at),
        "containerID": f"containerd://{exited.pod.uid}-{exited.restarts}",
    }


def _events(pod: _Pod, at: float) -> Iterator[Json]:
    for number, ((reason, message), told) in enumerate(pod.events.items()):
        if told.last > at - EVENT_TTL_SECONDS:
            yield {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{pod.ref.name}.{number}", "namespace": pod.ref.namespace},
                "involvedObject": {
                    "kind": "Pod",
                    "namespace": pod.ref.namespace,
                    "name": pod.ref.name,
                    "uid": pod.ref.uid,
                    "fieldPath": f"spec.containers{{{CONTAINER}}}",
                },
                "reason": reason,
                "message": message,
                "source": {"component": "kubelet", "host": pod.ref.node},
                "count": told.count,
                "firstTimestamp": _clock(told.first),
                "lastTimestamp": _clock(told.last),
            }


def pages_at(facts: Iterable[Fact], *, at: float) -> list[Scrape]:
    """What the kubelets' counters say then, since their pods began."""
    attempts: defaultdict[tuple[PodRef, ProbeType], list[int]] = defaultdict(lambda: [0, 0])
    latencies: defaultdict[tuple[PodRef, ProbeType], list[int]] = defaultdict(lambda: [0] * len(_BOUNDS))
    periods: defaultdict[PodRef, list[int]] = defaultdict(lambda: [0, 0])
    for fact in facts:
        if fact.at > at:
            continue
        if isinstance(fact, ProbeCounted):
            _add(attempts[fact.pod, fact.probe], (fact.succeeded, fact.failed))
        elif isinstance(fact, ProbeLatencySampled):
            _add(latencies[fact.pod, fact.probe], fact.counts)
        elif isinstance(fact, CpuThrottled):
            _add(periods[fact.pod], (fact.periods, fact.throttled))
    probes: defaultdict[str, list[str]] = defaultdict(list)
    cgroups: defaultdict[str, list[str]] = defaultdict(list)
    for (pod, probe), counts in attempts.items():
        probes[pod.node] += _totals(pod, probe, counts)
    for (pod, probe), counts in latencies.items():
        probes[pod.node] += _buckets(pod, probe, counts)
    for pod, counts in periods.items():
        cgroups[pod.node] += _periods(pod, counts)
    pages = {"/metrics/probes": probes, "/metrics/cadvisor": cgroups}
    return [
        Scrape(at=at, node=node, path=path, text="".join(lines))
        for path, by_node in pages.items()
        for node, lines in by_node.items()
    ]


_BOUNDS = (*LATENCY_BOUNDS_SECONDS, math.inf)


def _add(totals: list[int], counts: Sequence[int]) -> None:
    totals[:] = [total + count for total, count in zip(totals, counts, strict=True)]


def _labels(pod: PodRef) -> str:
    return f'container="{CONTAINER}",namespace="{pod.namespace}",pod="{pod.name}"'


def _totals(pod: PodRef, probe: ProbeType, counts: Sequence[int]) -> Iterator[str]:
    labels = f'{_labels(pod)},pod_uid="{pod.uid}",probe_type="{probe.value}"'
    for result, count in zip(("successful", "failed"), counts, strict=True):
        yield f'prober_probe_total{{{labels},result="{result}"}} {count}\n'


def _buckets(pod: PodRef, probe: ProbeType, counts: Sequence[int]) -> Iterator[str]:
    total = 0
    for bound, count in zip(_BOUNDS, counts, strict=True):
        total += count
        le = "+Inf" if math.isinf(bound) else f"{bound:g}"
        labels = f'{_labels(pod)},probe_type="{probe.value}",le="{le}"'
        yield f"prober_probe_duration_seconds_bucket{{{labels}}} {total}\n"


def _periods(pod: PodRef, counts: Sequence[int]) -> Iterator[str]:
    labels = f'{_labels(pod)},id="/kubepods/pod{pod.uid}/{CONTAINER}"'
    yield f"container_cpu_cfs_periods_total{{{labels}}} {counts[0]}\n"
    yield f"container_cpu_cfs_throttled_periods_total{{{labels}}} {counts[1]}\n"
