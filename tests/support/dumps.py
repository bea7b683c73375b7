"""What `kubectl get -o json` prints of a workload in trouble: its definition, its pods and what events are left."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS
from probetuner.report.judge import judge
from probetuner.report.report import ContainerReport, WorkloadReport
from probetuner.sources.dump import gather_objects
from probetuner.sources.manifests import Given, Origin
from probetuner.sources.recording import Scrape

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
"""When the dump is taken; times here are seconds since then, and so mostly below zero."""

HTTP = {"httpGet": {"path": "/healthz", "port": 8080}}
TIMED_OUT = (
    'Get "http://10.1.1.5:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
)
REFUSED = 'Get "http://10.1.1.5:8080/healthz": dial tcp 10.1.1.5:8080: connect: connection refused'
TEMPLATE = "7b97564cf4"

_BOUNDS = (*(f"{bound:g}" for bound in LATENCY_BOUNDS_SECONDS), "+Inf")

Json = dict[str, Any]


def clock(seconds: float) -> str:
    """The time so many seconds after noon, as Kubernetes writes it."""
    return datetime.fromtimestamp(NOON + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def status(code: int) -> str:
    """What the kubelet says of an HTTP status that is no success."""
    return f"HTTP probe failed with statuscode: {code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod with one container, which runs since `since` after `restarts` restarts, or waits for the next start.

    `ended` is how its last life ended, by exit code, with when it began and ended; `ready_since` is the last change of
    the pod's condition, from `created` on where it never was ready.
    """

    name: str = "a"
    created: float = -86400.0
    since: float | None = -3600.0
    restarts: int = 0
    ended: tuple[int, float, float] | None = None
    reason: str = "Error"
    ready: bool = True
    ready_since: float | None = None

    @property
    def uid(self) -> str:
        """The pod's uid."""
        return f"uid-{self.name}"

    def written(self, kind: str, container: Json) -> Json:
        """The pod as the API server gives it."""
        state: Json = {
            "waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}
        }
        if self.since is not None:
            state = {"running": {"startedAt": clock(self.since)}}
        changed = clock(self.created if self.ready_since is None else self.ready_since)
        conditions = [
            {"type": name, "status": str(self.ready), "lastTransitionTime": changed}
            for name in ("Ready", "ContainersReady")
        ]
        direct = kind != "Deployment"
        owner = {"apiVersion": "apps/v1", "kind": kind if direct else "ReplicaSet", "controller": True}
        labels = {"controller-revision-hash": TEMPLATE} if direct else {"pod-template-hash": TEMPLATE}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"web-{self.name}",
                "namespace": "shop",
                "uid": self.uid,
                "creationTimestamp": clock(self.created),
                "labels": {"app": "web", **labels},
                "ownerReferences": [{**owner, "name": "web" if direct else f"web-{TEMPLATE}"}],
            },
            "spec": {"nodeName": "node-1", "containers": [container]},
            "status": {
                "startTime": clock(self.created),
                "conditions": conditions,
                "containerStatuses": [
                    {
                        "name": "app",
                        "ready": self.ready,
                        "started": self.since is not None,
                        "restartCount": self.restarts,
                        "state": state,
                        "lastState": {} if self.ended is None else self._last(*self.ended),
                        "containerID": f"containerd://{self.name}{self.restarts}",
                    }
                ],
            },
        }

    def _last(self, code: int, began: float, ended: float) -> Json:
        life = {"exitCode": code, "reason": self.reason, "startedAt": clock(began), "finishedAt": clock(ended)}
        return {"terminated": {**life, "containerID": f"containerd://{self.name}-before"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event of the kubelet about a pod's container: so often between these two times."""

    message: str
    count: int = 1
    first: float = -600.0
    last: float = -60.0
    reason: str = "Unhealthy"
    pod: str = "a"

    def written(self, number: int) -> Json:
        """The event as the API server gives it."""
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"web-{self.pod}.{number}", "namespace": "shop"},
            "involvedObject": {
                "kind": "Pod",
                "namespace": "shop",
                "name": f"web-{self.pod}",
                "uid": f"uid-{self.pod}",
                "fieldPath": "spec.containers{app}",
            },
            "reason": self.reason,
            "message": self.message,
            "source": {"component": "kubelet", "host": "node-1"},
            "count": self.count,
            "firstTimestamp": clock(self.first),
            "lastTimestamp": clock(self.last),
        }


def killing(count: int, *, probe: str = "liveness", first: float = -600.0, last: float = -60.0, pod: str = "a") -> Told:
    """The kubelet said so often that it kills the container for that probe."""
    message = f"Container app failed {probe} probe, will be restarted"
    return Told(message=message, reason="Killing", count=count, first=first, last=last, pod=pod)


def failing(
    said: str, count: int, *, probe: str = "Liveness", first: float = -600.0, last: float = -60.0, pod: str = "a"
) -> Told:
    """So many attempts of that probe failed, and that is what the kubelet said of them."""
    return Told(message=f"{probe} probe failed: {said}", count=count, first=first, last=last, pod=pod)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """A workload with one container of these probes, its pods and their events, at noon.

    `counted` has what the kubelet's counters say, by pod and probe: how many attempts passed, and how many failed. With
    it this is one look at a cluster. `took` has how many of those that passed took up to 5 ms, and how many up to a
    second.
    """

    probes: Json = field(default_factory=lambda: {"livenessProbe": HTTP, "readinessProbe": HTTP})
    pods: Sequence[Pod] = (Pod(),)
    events: Sequence[Told] = ()
    kind: str = "Deployment"
    spec: Json = field(default_factory=dict)
    counted: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    took: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    @property
    def items(self) -> list[Json]:
        """The objects of the dump; a node's lease says when it was taken."""
        container = {"name": "app", "image": "web:1", **self.probes}
        workload = {
            "apiVersion": "apps/v1",
            "kind": self.kind,
            "metadata": {"name": "web", "namespace": "shop", "uid": "uid-web"},
            "spec": {
                "replicas": len(self.pods),
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
                **self.spec,
            },
        }
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": "node-1"},
            "status": {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": clock(0)}]},
        }
        pods = [pod.written(self.kind, container) for pod in self.pods]
        return [workload, node, *pods, *(told.written(number) for number, told in enumerate(self.events))]

    @property
    def json(self) -> bytes:
        """What kubectl prints."""
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": self.items}).encode()

    def judge(self) -> WorkloadReport:
        """What is made of it."""
        given = [Given(object=item, origin=Origin(place="dump")) for item in self.items]
        (subject,) = gather_objects(given, _fail, scrapes=self._scrapes()).subjects()
        return judge(subject)

    def _scrapes(self) -> list[Scrape]:
        lines = [
            f'prober_probe_total{{container="app",namespace="shop",pod="web-{pod}",pod_uid="uid-{pod}",'
            f'probe_type="{probe}",result="{result}"}} {count}\n'
            for (pod, probe), counts in self.counted.items()
            for result, count in zip(("successful", "failed"), counts, strict=True)
        ]
        lines += [
            f'prober_probe_duration_seconds_bucket{{container="app",namespace="shop",pod="web-{pod}",'
            f'probe_type="{probe}",le="{bound}"}} {quick + (slow if bound == "+Inf" or float(bound) >= 1 else 0)}\n'
            for (pod, probe), (quick, slow) in self.took.items()
            for bound in _BOUNDS
        ]
        return [Scrape(at=NOON + 2.5, node="node-1", path="/metrics/probes", text="".join(lines))] if lines else []

    def container(self) -> ContainerReport:
        """What is made of its container."""
        (container,) = self.judge().containers
        return container


def _fail(problem: str) -> None:
    raise AssertionError(problem)


def names(container: ContainerReport) -> set[str]:
    """The names of the findings."""
    return {finding.name.value for finding in container.findings}


def actions(container: ContainerReport) -> set[str]:
    """The names of the actions."""
    return {action.name.value for action in container.actions}


def words(container: ContainerReport) -> str:
    """All that is said of it: evidence, explanations, reasons and the kubelet's sentences."""
    said = [text for finding in container.findings for text in (*finding.evidence, finding.explanation)]
    said += [action.reason for action in container.actions]
    return "\n".join([*said, *(failures.words for failures in container.failures)])
