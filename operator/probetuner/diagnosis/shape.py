"""Findings that the manifest alone shows, and how they matter."""

from collections.abc import Iterator

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.starting import liveness_kills
from probetuner.model.probe import HttpGet, Probe, ProbeType, TcpSocket
from probetuner.model.workload import WorkloadKind

_CERTAIN = 0.99
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""A pod on the network of its node is asked there: the kubelet runs on the same node."""


def _probes(case: Case) -> Iterator[tuple[ProbeType, Probe]]:
    for kind in ProbeType:
        probe = case.container.probe(kind)
        if probe is not None:
            yield kind, probe


def _finding(
    case: Case, name: FindingName, severity: Severity, evidence: list[str], explanation: str
) -> Finding | None:
    if not evidence:
        return None
    return Finding(
        name=name,
        container=case.container.name,
        severity=severity,
        confidence=_CERTAIN,
        samples=len(evidence),
        evidence=tuple(evidence),
        explanation=explanation,
    )


def find_long_timeouts(case: Case) -> Finding | None:
    """timeout-exceeds-period: a probe that takes longer than its period delays the next one (worker.go run)."""
    evidence = [
        f"{kind.field}: timeoutSeconds {probe.timeout_seconds}, periodSeconds {probe.period_seconds}"
        for kind, probe in _probes(case)
        if probe.timeout_seconds > probe.period_seconds
    ]
    return _finding(
        case,
        FindingName.TIMEOUT_EXCEEDS_PERIOD,
        Severity.INFO,
        evidence,
        "Attempts never overlap, so while they time out the probe runs once per timeout and not once per period: a "
        "lock-up is found later than the numbers suggest.",
    )


def find_unknown_ports(case: Case) -> Finding | None:
    """port-not-declared: a port name must exist on that container, or every attempt is an error (prober util.go)."""
    names = {port.name for port in case.container.ports}
    evidence = [
        f"{kind.field}: port {probe.handler.port!r}, declared are {', '.join(sorted(filter(None, names))) or 'none'}"
        for kind, probe in _probes(case)
        if isinstance(probe.handler, HttpGet | TcpSocket)
        and isinstance(probe.handler.port, str)
        and not probe.violations  # the API server refuses it before any kubelet resolves it
        and not probe.handler.port.isdecimal()
        and probe.handler.port not in names
    ]
    return _finding(
        case,
        FindingName.PORT_NOT_DECLARED,
        Severity.CRITICAL,
        evidence,
        "The API server does not check the name of a probe's port; the kubelet cannot resolve it and throws every "
        "attempt away. A liveness probe then never restarts anything, a readiness probe never lets the pod in.",
    )


def find_hosts(case: Case) -> Finding | None:
    """host-in-probe: the kubelet then asks another address than the pod's."""
    evidence = [
        f"{kind.field}: host {probe.handler.host!r}"
        for kind, probe in _probes(case)
        if isinstance(probe.handler, HttpGet | TcpSocket)
        and probe.handler.host
        and not (case.workload.host_network and probe.handler.host in _LOOPBACK)
    ]
    return _finding(
        case,
        FindingName.HOST_IN_PROBE,
        Severity.WARNING,
        evidence,
        "The probe asks a fixed host and not the pod itself, so it says nothing about this container. The baseline Pod "
        "Security Standard forbids it since 1.34. To set a virtual host, use a Host header.",
    )


def find_success_thresholds(case: Case) -> Finding | None:
    """success-threshold-ignored: must be 1 for liveness and startup (validation.go)."""
    evidence = [
        f"{kind.field}: successThreshold {probe.success_threshold}"
        for kind, probe in _probes(case)
        if kind is not ProbeType.READINESS and probe.success_threshold != 1
    ]
    return _finding(
        case,
        FindingName.SUCCESS_THRESHOLD_IGNORED,
        Severity.WARNING,
        evidence,
        "The API server refuses a successThreshold other than 1 on liveness and startup probes.",
    )


def liveness_acts_first(case: Case) -> bool:
    """Whether liveness restarts a container before readiness would take it out, by the same question."""
    liveness, readiness = case.container.liveness, case.container.readiness
    return (
        liveness is not None
        and readiness is not None
        and case.container.asks_the_same(liveness.handler, readiness.handler)
        and liveness.detection_seconds < readiness.detection_seconds
    )


def find_wrong_order(case: Case) -> Finding | None:
    """liveness-before-readiness: the same handler is fine if liveness is the laxer one."""
    liveness, readiness = case.container.liveness, case.container.readiness
    if liveness is None or readiness is None or not liveness_acts_first(case):
        return None
    harmless = bool(case.history.minutes) and not liveness_kills(case)
    return _finding(
        case,
        FindingName.LIVENESS_BEFORE_READINESS,
        Severity.INFO if harmless else Severity.WARNING,
        [
            f"both ask {liveness.handler}",
            f"liveness acts after at most {liveness.detection_seconds} s, readiness {readiness.detection_seconds} s",
        ],
        "The container is restarted before readiness could take it out of its Services and give it time to recover.",
    )


def find_lone_readiness(case: Case) -> Finding | None:
    """single-replica-readiness: with one replica readiness can only take the only backend away.

    Not with an autoscaler, which brings more, nor for a DaemonSet, whose number of pods is that of the nodes.
    """
    workload = case.workload
    if case.container.readiness is None or case.replicas != 1 or workload.autoscaled:
        return None
    if workload.ref.kind is WorkloadKind.DAEMON_SET:
        return None
    useless = not workload.replaces_gradually and case.container.liveness is not None
    return _finding(
        case,
        FindingName.SINGLE_REPLICA_READINESS,
        Severity.WARNING if useless else Severity.INFO,
        ["1 replica is wanted, and it has a readiness probe", _what_a_rollout_loses(case)],
        "While it fails there is no other replica to take the traffic: all that it can do is refuse requests which "
        "would only have waited.",
    )


def _what_a_rollout_loses(case: Case) -> str:
    if not case.workload.replaces_gradually:
        return "a rollout takes the old pod away before the new one answers, with this probe or without it"
    took = max(case.answer_seconds(), default=None)
    known = "" if took is None else f", up to {took:.0f} s"
    return (
        "a rolling update keeps the old pod until this probe passes on the new one; without it requests would be lost "
        f"until the new one answers{known}"
    )


def find_missing_readiness(case: Case) -> Finding | None:
    """missing-readiness: a Service sends traffic to replicas that may not be up yet. Told once for a workload.

    A single replica whose rollout takes the old pod away first has nobody else to send traffic to.
    """
    workload, containers = case.workload, case.workload.containers
    if not case.exposed or case.container != containers[0] or any(c.readiness is not None for c in containers):
        return None
    many = case.replicas > 1 or workload.autoscaled
    if not many and not workload.replaces_gradually and workload.ref.kind != WorkloadKind.DAEMON_SET:
        return None
    # Where rollouts were watched, what they cost is found as trouble of its own.
    costs = many and workload.ref.kind != WorkloadKind.DAEMON_SET and not (case.was_seen or workload.uid)
    return _finding(
        case,
        FindingName.MISSING_READINESS,
        Severity.WARNING if costs else Severity.INFO,
        ["a Service selects these pods, and none of their containers has a readiness probe"],
        "The Service sends requests to a pod as soon as its process runs, whether it answers yet or not: some fail at "
        "every rollout, restart and scale-up.",
    )
