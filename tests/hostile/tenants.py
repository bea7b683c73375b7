"""Two tenants of one cluster, each with a workload that the operator serves, and what can be told of their pods."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from probetuner.controller.serving import Following, Served, serve
from probetuner.history.record import WorkloadHistory
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.loops import a_loop

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
"""When the operator began, in epoch seconds."""
TIMEOUT = 'Liveness probe failed: Get "http://10.0.0.9:8080/": context deadline exceeded'
KILL = "Container app failed liveness probe, will be restarted"


def clock(seconds: float) -> str:
    """The time so many seconds after the operator began, as Kubernetes writes it."""
    return datetime.fromtimestamp(BEGAN + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ref(tenant: str) -> WorkloadRef:
    return WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace=tenant, name="web")


_CONTAINER = {
    "name": "app",
    "image": "web:1",
    "livenessProbe": {"httpGet": {"port": 8080}},
    "readinessProbe": {"httpGet": {"port": 8080}},
}


def workload(tenant: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [_CONTAINER]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": tenant,
            "uid": f"d-{tenant}",
            "resourceVersion": "1",
            "generation": 1,
            "creationTimestamp": clock(-60),
        },
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }


def pod(tenant: str, *, number: int = 0, started: str = "", created: str = "") -> dict[str, Any]:
    """A pod of the tenant's workload that runs since the operator began."""
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d", "controller": True}
    state = {"running": {"startedAt": started or clock(5)}}
    status = {"name": "app", "ready": True, "started": True, "restartCount": 0, "containerID": "c://0", "state": state}
    return {
        "kind": "Pod",
        "metadata": {
            "name": f"web-5d-{number}",
            "namespace": tenant,
            "uid": f"uid-{tenant}-{number}",
            "creationTimestamp": created or clock(1),
            "labels": {"pod-template-hash": "5d"},
            "ownerReferences": [owner],
        },
        "spec": {"nodeName": "n1", "containers": [_CONTAINER]},
        "status": {"podIP": "10.0.0.9", "containerStatuses": [status]},
    }


def event(
    tenant: str,
    name: str,
    message: str = TIMEOUT,
    *,
    at: str,
    of: dict[str, Any] | None = None,
    reason: str = "Unhealthy",
    **told: Any,
) -> dict[str, Any]:
    """An Event in the tenant's namespace as its kubelet would make it; `of` names the pod otherwise than it is."""
    return {
        "kind": "Event",
        "metadata": {"namespace": tenant, "name": name, "uid": f"e-{name}"},
        "involvedObject": {
            "kind": "Pod",
            "namespace": tenant,
            "name": "web-5d-0",
            "uid": f"uid-{tenant}-0",
            "fieldPath": "spec.containers{app}",
            **(of or {}),
        },
        "reason": reason,
        "message": message,
        "source": {"component": "kubelet"},
        "count": 1,
        "firstTimestamp": at,
        "lastTimestamp": at,
        **told,
    }


def counters(tenant: str, result: str, value: object) -> str:
    """A line of the kubelet's about the liveness probe of the tenant's pod."""
    labels = f'container="app",namespace="{tenant}",pod="web-5d-0",pod_uid="uid-{tenant}-0",probe_type="Liveness"'
    return f'prober_probe_total{{{labels},result="{result}"}} {value}\n'


class Operator:
    """What the operator holds about the workloads of both tenants, from its beginning or after a restart."""

    def __init__(self, *, since: float = 0, remembers: Iterable[tuple[str, WorkloadHistory]] = ()) -> None:
        self.changed: list[WorkloadRef] = []
        self.following = Following(since=BEGAN + since, changed=lambda ref, _: self.changed.append(ref), loop=a_loop())
        saved = dict(remembers)
        for tenant in ("red", "blue"):
            self.following.add(serve(workload(tenant), saved.get(tenant, WorkloadHistory()), at=BEGAN))

    def watch(self, *raw: dict[str, Any], at: float, change: str | None = "ADDED") -> None:
        """Take in objects so many seconds after the beginning."""
        for one in raw:
            self.following.watch(one, change, BEGAN + at)

    def scrape(self, text: str, *, at: float) -> None:
        """Take in what the node's kubelet says of its probes, so many seconds after the beginning."""
        read = self.following.reader.scraping("n1", "/metrics/probes")
        assert read is not None
        reading = read(text, BEGAN + at)
        self.following.learn(self.following.reader.scraped("n1", "/metrics/probes", reading))

    def served(self, tenant: str) -> Served:
        """What is held about the tenant's workload."""
        return self.following.served[ref(tenant)]

    def failures(self, tenant: str) -> int:
        """How many failed attempts are remembered of the tenant's workload."""
        return sum(run.failures for entry in self.served(tenant).history.containers for run in entry.runs)

    def kills(self, tenant: str) -> int:
        """How many lives are remembered to have been killed by a probe."""
        entries = self.served(tenant).history.containers
        return sum(life.killed_by is not None for entry in entries for life in entry.lives)
