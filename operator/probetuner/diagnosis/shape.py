"""Findings that the manifest alone shows, and how they matter."""

import ipaddress
from collections.abc import Iterator

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.starting import liveness_kills
from probetuner.model.probe import HttpGet, Probe, ProbeType, TcpSocket
from probetuner.model.workload import WorkloadKind

_CERTAIN = 0.99
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""A pod on the network of its node is asked there: the kubelet runs on the same node."""
_LONE_POD = "Pod"
"""The kind of what is no workload: a pod by itself, as the static pods of a control plane are."""


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
    """timeout-exceeds-period: a probe that takes longer than its period delays the next one (worker.go run).

    A startup probe only waits for longer then, which hurts nobody.
    """
    evidence = [
        f"{kind.field}: timeoutSeconds {probe.timeout_seconds}, periodSeconds {probe.period_seconds}"
        for kind, probe in _probes(case)
        if kind is not ProbeType.STARTUP and probe.timeout_seconds > probe.period_seconds
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
        f"{kind.field}: port {handler.port!r}, declared are {', '.join(sorted(filter(None, names))) or 'none'}"
        for kind, handler in _to_unknown_ports(case)
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
    evidence = [f"{kind.field}: host {handler.host!r}" for kind, handler in _to_hosts(case)]
    return _finding(
        case,
        FindingName.HOST_IN_PROBE,
        Severity.WARNING,
        evidence,
        "The probe asks a fixed host and not the pod itself, so it says nothing about this container. The baseline Pod "
        "Security Standard forbids it since 1.34. To set a virtual host, use a Host header.",
    )


def _is_own_address(case: Case, host: str) -> bool:
    """Whether that is the pod itself, on its node's network: loopback, or for a single pod an address of the node.

    kubeadm writes the node's own address into the probes of its static pods.
    """
    if not case.workload.host_network:
        return False
    alone = case.workload.ref.kind == _LONE_POD
    return host in _LOOPBACK or (alone and _is_address(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _to_unknown_ports(case: Case) -> Iterator[tuple[ProbeType, HttpGet | TcpSocket]]:
    names = {port.name for port in case.container.ports}
    for kind, probe in _probes(case):
        handler = probe.handler
        if not isinstance(handler, HttpGet | TcpSocket) or not isinstance(handler.port, str):
            continue
        refused = bool(probe.violations)  # by the API server, before any kubelet resolves it
        if not refused and not handler.port.isdecimal() and handler.port not in names:
            yield kind, handler


def _to_hosts(case: Case) -> Iterator[tuple[ProbeType, HttpGet | TcpSocket]]:
    for kind, probe in _probes(case):
        handler = probe.handler
        if not isinstance(handler, HttpGet | TcpSocket) or not handler.host:
            continue
        if not _is_own_address(case, handler.host):
            yield kind, handler


def misdirected(case: Case) -> tuple[ProbeType, ...]:
    """The probes that ask a port that is not known, or another host, as the manifest alone shows."""
    found = {kind for told in (_to_unknown_ports(case), _to_hosts(case)) for kind, _ in told}
    return tuple(kind for kind in ProbeType if kind in found)


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


def find_missing_readiness(case: Case) -> Finding | None:
    """missing-readiness: a Service sends traffic to replicas that may not be up yet. Told once for a workload.

    A single replica whose rollout takes the old pod away first has nobody else to send traffic to, and pods that end by
    themselves serve nobody. Who else makes pods may scale them or not: a single one warns only if it surely does.
    """
    workload, containers = case.workload, case.workload.containers
    if (
        workload.ends_by_itself
        or not case.exposed
        or case.container != containers[0]
        or any(c.readiness is not None for c in containers)
    ):
        return None
    many = case.replicas > 1 or (workload.autoscaled and workload.ref.followed)
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
