"""A cluster of so many pods, as the API server and kubelets tell of it: the same for whoever asks at that time."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

Json = dict[str, Any]

BEGAN = 1_770_000_000.0
"""When a fleet begins, in epoch seconds, unless it says otherwise."""
AGE_SECONDS = 86_400.0
"""How old pods are by then: nothing that they do has to do with their start."""
PERIOD_SECONDS = 10.0
NAMESPACES = 20
TEMPLATE_HASH = "5d4f8c7b9d"
_KILLS, _KILLS_APART_SECONDS, _WITHIN_SECONDS, _KILLED_OF = 3, 60.0, 20, 10
_FAILURES, _STOP_SECONDS, _START_SECONDS = 3, 1.0, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Deployments of ten pods each, spread over nodes; `beside` as many pods of workloads that nobody enrolled.

    From `storm_at` (seconds after it `began`, in epoch seconds) on, all pods of every tenth workload are restarted by
    liveness, within twenty seconds, three times and a minute apart. Zero is no storm. `uids` are those that an API
    server gave its pods, by their numbers; without them they are invented.
    """

    workloads: int
    nodes: int
    beside: float = 0.0
    storm_at: float = 0.0
    pods_each: int = 10
    began: float = BEGAN
    uids: Sequence[str] = ()

    @property
    def pods(self) -> range:
        """The enrolled pods, by number."""
        return range(self.workloads * self.pods_each)

    @property
    def strangers(self) -> range:
        """The pods that nobody enrolled, by number."""
        return range(len(self.pods), len(self.pods) + int(self.beside * len(self.pods)))

    @property
    def storm_ends(self) -> float:
        """When the third kill of every pod is past, in epoch seconds."""
        return self.began + self.storm_at + (_KILLS - 1) * _KILLS_APART_SECONDS + _WITHIN_SECONDS

    def on(self, node: int) -> tuple[range, range]:
        """The pods of a node: the enrolled ones and the others."""
        others = self.strangers
        first = others.start + (node - others.start) % self.nodes
        return range(node, len(self.pods), self.nodes), range(first, others.stop, self.nodes)

    def kills(self, pod: int) -> tuple[float, ...]:
        """When liveness kills that pod, in epoch seconds."""
        if not self.storm_at or pod >= len(self.pods) or self.workload(pod) % _KILLED_OF:
            return ()
        first = self.began + self.storm_at + pod * 7 % _WITHIN_SECONDS
        return tuple(first + number * _KILLS_APART_SECONDS for number in range(_KILLS))

    def fails_at(self, pod: int) -> float:
        """When the first attempt of the storm fails there, in epoch seconds."""
        return self.kills(pod)[0] - (_FAILURES - 1) * PERIOD_SECONDS

    def is_stormy(self, workload: int) -> bool:
        """Whether the storm is about that workload."""
        return bool(self.kills(workload * self.pods_each))

    def uid(self, pod: int) -> str:
        """The uid of a pod."""
        return self.uids[pod] if self.uids else f"{pod:08x}-9e1f-4c5a-8b7d-3f2e1d0c9b8a"

    def advised_after(self, advised: Mapping[str, Sequence[float]]) -> tuple[list[float], int]:
        """Seconds from the first failed attempt at a workload to its next advice, and how many got none.

        *advised* has the times at which the advice of each workload (`namespace/name`) changed, in their order.
        """
        after, unadvised = [], 0
        for workload in filter(self.is_stormy, range(self.workloads)):
            first = workload * self.pods_each
            failed_at = min(map(self.fails_at, range(first, first + self.pods_each)))
            told_at = advised.get(f"{namespace_of(workload)}/{name_of(workload)}", ())
            later = [at - failed_at for at in told_at if at >= failed_at]
            after += later[:1]
            unadvised += not later
        return after, unadvised

    def workload(self, pod: int) -> int:
        """The workload of a pod, by number."""
        return pod // self.pods_each

    def attempts(self, pod: int, at: float) -> tuple[int, int]:
        """How many attempts of its liveness probe have succeeded and failed by then."""
        failed = sum(when - back * PERIOD_SECONDS <= at for when in self.kills(pod) for back in range(_FAILURES))
        tried = int((at - self.began + AGE_SECONDS + pod % PERIOD_SECONDS) // PERIOD_SECONDS)
        return tried - failed, failed

    def deployments(self) -> Iterator[Json]:
        """The workloads that are enrolled."""
        for number in range(self.workloads):
            yield {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {
                    "name": name_of(number),
                    "namespace": namespace_of(number),
                    "uid": f"workload-{number}",
                    "resourceVersion": "1",
                    "generation": 1,
                    "creationTimestamp": clock(self.began - AGE_SECONDS - 60),
                    "annotations": {"probetuner.dev/mode": "Recommend"},
                },
                "spec": {
                    "replicas": self.pods_each,
                    "selector": {"matchLabels": {"app": name_of(number)}},
                    "template": {"metadata": {"labels": {"app": name_of(number)}}, "spec": _SPEC},
                },
                "status": {
                    "observedGeneration": 1,
                    **dict.fromkeys(
                        ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), self.pods_each
                    ),
                },
            }

    def pod(self, number: int, at: float) -> Json:
        """A pod as its status says at that time."""
        killed = [when + _STOP_SECONDS for when in self.kills(number) if when + _STOP_SECONDS <= at]
        began = killed[-1] + _START_SECONDS if killed else self.began - AGE_SECONDS
        runs, ready = at >= began, at >= began + PERIOD_SECONDS
        flipped = began + PERIOD_SECONDS if ready else (killed[-1] if killed else began)
        workload, restarts = self.workload(number), len(killed) - (not runs)
        status = {
            "name": "app",
            "ready": ready,
            "started": runs,
            "restartCount": restarts,
            "image": "registry/app:1",
            "containerID": f"containerd://{container_id(number, restarts)}",
            "state": {"running": {"startedAt": clock(began)}} if runs else {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": self._ended(number, killed)} if killed else {},
        }
        is_ready = {"type": "Ready", "status": str(ready), "lastTransitionTime": clock(flipped)}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": pod_name(number, workload),
                "generateName": f"{name_of(workload)}-{TEMPLATE_HASH}-",
                "namespace": namespace_of(workload),
                "uid": self.uid(number),
                "resourceVersion": str(int(at)),
                "creationTimestamp": clock(self.began - AGE_SECONDS),
                "labels": {"app": name_of(workload), "pod-template-hash": TEMPLATE_HASH},
                "ownerReferences": [
                    {
                        "apiVersion": "apps/v1",
                        "kind": "ReplicaSet",
                        "name": f"{name_of(workload)}-{TEMPLATE_HASH}",
                        "uid": f"set-{workload}",
                        "controller": True,
                    }
                ],
            },
            "spec": {**_SPEC, "nodeName": node_name(number % self.nodes)},
            "status": {
                "phase": "Running",
                "startTime": clock(self.began - AGE_SECONDS),
                "conditions": [is_ready, {**is_ready, "type": "ContainersReady"}],
                "containerStatuses": [status],
            },
        }

    def story(self) -> Iterator[tuple[float, Json]]:
        """What watches give of all pods in the storm, in the order of its times."""
        return heapq.merge(*map(self.told, self.pods), key=itemgetter(0))

    def told(self, pod: int) -> Iterator[tuple[float, Json]]:
        """What a watch gives of a pod in the storm, and when: its statuses, and the kubelet's Events."""
        for number, killed_at in enumerate(self.kills(pod)):
            for back in reversed(range(_FAILURES)):
                when = killed_at - back * PERIOD_SECONDS
                count = number * _FAILURES + _FAILURES - back
                yield when, self._event(pod, "Unhealthy", at=when, count=count)
            yield killed_at, self._event(pod, "Killing", at=killed_at, count=number + 1)
            for after in (
                _STOP_SECONDS,
                _STOP_SECONDS + _START_SECONDS,
                _STOP_SECONDS + _START_SECONDS + PERIOD_SECONDS,
            ):
                yield killed_at + after, self.pod(pod, killed_at + after)

    def _event(self, pod: int, reason: str, *, at: float, count: int) -> Json:
        workload = self.workload(pod)
        name, namespace = pod_name(pod, workload), namespace_of(workload)
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name}.{reason}", "namespace": namespace, "uid": f"event-{pod}-{reason}"},
            "involvedObject": {
                "kind": "Pod",
                "name": name,
                "namespace": namespace,
                "uid": self.uid(pod),
                "fieldPath": "spec.containers{app}",
            },
            "type": "Normal" if reason == "Killing" else "Warning",
            "reason": reason,
            "message": _WORDS[reason],
            "firstTimestamp": clock(at),
            "lastTimestamp": clock(at),
            "count": count,
            "source": {"component": "kubelet", "host": node_name(pod % self.nodes)},
        }

    def _ended(self, pod: int, killed: Sequence[float]) -> Json:
        began = killed[-2] + _START_SECONDS if len(killed) > 1 else self.began - AGE_SECONDS
        return {
            "containerID": f"containerd://{container_id(pod, len(killed) - 1)}",
            "startedAt": clock(began),
            "finishedAt": clock(killed[-1]),
            "exitCode": 137,
            "reason": "Error",
        }

    def document(self) -> Json:
        """The fleet as JSON, for another process."""
        return asdict(self)


def node(number: int) -> Json:
    """A node that is ready."""
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": clock(BEGAN - 2 * AGE_SECONDS)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node_name(number), "resourceVersion": "1"},
        "status": {"conditions": [ready]},
    }


def name_of(workload: int) -> str:
    """The name of a workload."""
    return f"checkout-{workload}"


def namespace_of(workload: int) -> str:
    """The namespace of a workload."""
    return f"team-{workload % NAMESPACES}"


def pod_name(pod: int, workload: int) -> str:
    """The name of a pod."""
    return f"{name_of(workload)}-{TEMPLATE_HASH}-{pod:05x}"


def container_id(pod: int, restarts: int) -> str:
    """The id of a container, as long as those of containerd are."""
    return "7c" * 28 + f"{restarts:02x}{pod:06x}"


def node_name(number: int) -> str:
    """The name of a node."""
    return f"worker-{number}"


def clock(at: float) -> str:
    """The time as Kubernetes writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_WORDS = {
    "Unhealthy": 'Liveness probe failed: Get "http://10.0.0.9:8080/livez": context deadline exceeded '
    "(Client.Timeout exceeded while awaiting headers)",
    "Killing": "Container app failed liveness probe, will be restarted",
}
_PROBE = {"httpGet": {"path": "/livez", "port": 8080}, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3}
_SPEC: Json = {
    "terminationGracePeriodSeconds": 30,
    "containers": [
        {
            "name": "app",
            "image": "registry/app:1",
            "ports": [{"containerPort": 8080}],
            "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}},
            "livenessProbe": _PROBE,
            "readinessProbe": {**_PROBE, "httpGet": {"path": "/readyz", "port": 8080}},
        }
    ],
}
