"""The operator's own metrics. What is about a workload goes when the workload does, so their number is bounded."""

from collections import Counter as Tally
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from probetuner.change.counters import NodeState
from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS
from probetuner.model.workload import WorkloadRef

_WORKLOAD = ("namespace", "kind", "name")


class Metrics:
    """Counters of what the operator did, and gauges of what it shows of each workload."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.patches = self._counter("patches", "Patches of workloads, by what became of them.", "result")
        self.reconcile_errors = self._counter("reconcile_errors", "Looks at a workload that failed and are retried.")
        self.scrape_errors = self._counter(
            "kubelet_scrape_errors", "Scrapes of a kubelet that did not give all counters."
        )
        self.skipped_scrapes = self._counter(
            "skipped_scrapes", "Scrapes that were not made in time, since the node was still being read."
        )
        self._look_wait = self._plain("look_wait_seconds", "For how long the look that is longest due has been.")
        self._loop_lag = self._plain("event_loop_lag_seconds", "How late a timer was at most within ten seconds.")
        self.watch_failures = self._counter("watch_failures", "Ends of watches, which are begun again each time.")
        self.loop_failures = self._counter(
            "loop_failures", "Objects, and turns of the operator's own loops, that failed and were passed over.", "loop"
        )
        self.api_requests = self._counter("api_requests", "Requests to the API server.")
        self.api_wait_seconds = self._counter("api_wait_seconds", "Seconds that these waited for their turn.")
        self.mass_kills = self._counter("mass_kills", "Beginnings of times in which liveness killed most replicas.")
        self._mass_killed = self._gauge("mass_killed", "1 while liveness is killing most replicas.")
        self.leading = self._plain("leading", "1 while this operator works, 0 while it stands by.")
        self._nodes = Gauge(
            "nodes",
            "Nodes that run pods of served workloads, by how their kubelets answer who asks for counters.",
            ("state",),
            namespace="probetuner",
            registry=self._registry,
        )
        self.endpoint_attempts = self._counter(
            "endpoint_attempts", "Attempts at endpoints that users let be tried, by what came of them.", "result"
        )
        self.endpoint_seconds = Histogram(
            "endpoint_attempt_duration_seconds",
            "How long these attempts took, failed ones too.",
            namespace="probetuner",
            registry=self._registry,
            buckets=LATENCY_BOUNDS_SECONDS,
        )
        self._endpoints = self._gauge(
            "endpoints", "Endpoints that were tried, by their fitness for liveness.", "container", "liveness"
        )
        self._findings = self._gauge("findings", "Findings that hold now.", "container", "finding")
        self._false_restarts = self._gauge("false_restarts", "Restarts by a probe that cured nothing, as remembered.")
        self._flaps = self._gauge("flaps", "Short unready spells in steady state, as remembered.")
        self._shown: dict[WorkloadRef, set[tuple[str, str]]] = {}
        self._guarded: set[WorkloadRef] = set()
        self._judged: dict[WorkloadRef, set[tuple[str, str]]] = {}

    def show(self, ref: WorkloadRef, status: Mapping[str, Any]) -> None:
        """Show what the status of a workload's policy says."""
        of = (ref.namespace, str(ref.kind), ref.name)
        findings = {(f.get("container") or "", f["name"]) for f in status.get("findings") or ()}
        for gone in self._shown.get(ref, set()) - findings:
            self._findings.remove(*of, *gone)
        for finding in findings:
            self._findings.labels(*of, *finding).set(1)
        self._false_restarts.labels(*of).set(status.get("falseRestarts") or 0)
        self._flaps.labels(*of).set(status.get("flaps") or 0)
        self._shown[ref] = findings
        self._show_endpoints(ref, status)

    def _show_endpoints(self, ref: WorkloadRef, status: Mapping[str, Any]) -> None:
        of = (ref.namespace, str(ref.kind), ref.name)
        counts = Tally(
            (container["name"], endpoint["liveness"])
            for container in status.get("containers") or ()
            for endpoint in container.get("endpoints") or ()
        )
        for gone in self._judged.get(ref, set()) - counts.keys():
            self._endpoints.remove(*of, *gone)
        for labels, count in counts.items():
            self._endpoints.labels(*of, *labels).set(count)
        self._judged[ref] = set(counts)

    def show_nodes(self, counts: Mapping[NodeState, int]) -> None:
        """Show how many nodes there are in each state; in those that are not named there is none."""
        for state in NodeState:
            self._nodes.labels(state.value).set(counts.get(state, 0))

    def show_load(self, *, look_wait: float, loop_lag: float) -> None:
        """Show how far the operator is behind, in seconds."""
        self._look_wait.set(look_wait)
        self._loop_lag.set(loop_lag)

    def waited(self, seconds: float) -> None:
        """Count a request to the API server, and how long it waited for its turn."""
        self.api_requests.inc()
        self.api_wait_seconds.inc(seconds)

    def show_mass_kill(self, ref: WorkloadRef, *, holds: bool) -> None:
        """Show whether liveness is killing most replicas of a workload."""
        self._mass_killed.labels(ref.namespace, str(ref.kind), ref.name).set(int(holds))
        self._guarded.add(ref)

    def forget(self, ref: WorkloadRef) -> None:
        """Drop everything about a workload."""
        if ref in self._guarded:
            self._guarded.discard(ref)
            self._mass_killed.remove(ref.namespace, str(ref.kind), ref.name)
        findings = self._shown.pop(ref, None)
        if findings is None:
            return
        of = (ref.namespace, str(ref.kind), ref.name)
        for judged in self._judged.pop(ref, set()):
            self._endpoints.remove(*of, *judged)
        for finding in findings:
            self._findings.remove(*of, *finding)
        self._false_restarts.remove(*of)
        self._flaps.remove(*of)

    def page(self) -> bytes:
        """Return the exposition text."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, namespace="probetuner", registry=self._registry)

    def _plain(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, namespace="probetuner", registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, (*_WORKLOAD, *labels), namespace="probetuner", registry=self._registry)
