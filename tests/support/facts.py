"""Facts as tests write them: the pod and the container are usually the same, the times and the numbers matter."""

from collections.abc import Iterable

from probetuner.facts.fact import (
    ContainerExited,
    ContainerStarted,
    Fact,
    FailureCause,
    KillAnnounced,
    PodEnding,
    PodRef,
    ProbeCounted,
    ProbeFailed,
    ProbeLatencySampled,
    ReadinessChanged,
    StartupSucceeded,
)
from probetuner.history.fold import observe
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory, WorkloadHistory
from probetuner.model.probe import ProbeType

LIVENESS, READINESS, STARTUP = ProbeType.LIVENESS, ProbeType.READINESS, ProbeType.STARTUP
CONTAINER = "web"
T0 = 1_760_000_000.0
"""A whole second, as Kubernetes' own times are."""


def pod(name: str = "web-a", *, template: str = "old", node: str = "node-1") -> PodRef:
    return PodRef(namespace="shop", name=name, uid=f"uid-{name}", template_hash=template, node=node)


POD = pod()


def started(at: float, *, restarts: int = 0, of: PodRef = POD) -> ContainerStarted:
    return ContainerStarted(at=T0 + at, pod=of, container=CONTAINER, restarts=restarts)


def exited(
    at: float,
    *,
    restarts: int = 0,
    code: int = 137,
    reason: str = "Error",
    of: PodRef = POD,
    began: float | None = None,
) -> ContainerExited:
    return ContainerExited(
        at=T0 + at,
        pod=of,
        container=CONTAINER,
        restarts=restarts,
        started_at=None if began is None else T0 + began,
        exit_code=code,
        reason=reason,
    )


def failed(
    at: float,
    *,
    probe: ProbeType = LIVENESS,
    cause: FailureCause = FailureCause.TIMEOUT,
    count: int = 1,
    combined: bool = False,
    client_error: bool = False,
    since: float | None = None,
    said: str = "",
    of: PodRef = POD,
) -> ProbeFailed:
    return ProbeFailed(
        at=T0 + at,
        pod=of,
        container=CONTAINER,
        probe=probe,
        cause=cause,
        client_error=client_error,
        count=count,
        combined=combined,
        since=None if since is None else T0 + since,
        said=said,
    )


def counted(
    since: float, at: float, *, ok: int = 0, bad: int = 0, probe: ProbeType = LIVENESS, of: PodRef = POD
) -> ProbeCounted:
    return ProbeCounted(
        at=T0 + at, pod=of, container=CONTAINER, probe=probe, since=T0 + since, succeeded=ok, failed=bad
    )


def killed(at: float, *, probe: ProbeType = LIVENESS, of: PodRef = POD) -> KillAnnounced:
    return KillAnnounced(at=T0 + at, pod=of, container=CONTAINER, probe=probe)


def ready(
    at: float, *, flag: bool = True, by_probe: bool = True, passed: bool = False, of: PodRef = POD
) -> ReadinessChanged:
    return ReadinessChanged(at=T0 + at, pod=of, container=CONTAINER, ready=flag, by_probe=by_probe, passed=passed)


def unready(at: float, *, by_probe: bool = True, of: PodRef = POD) -> ReadinessChanged:
    return ready(at, flag=False, by_probe=by_probe, of=of)


def startup_done(at: float, *, of: PodRef = POD) -> StartupSucceeded:
    return StartupSucceeded(at=T0 + at, pod=of, container=CONTAINER)


def ending(at: float, *, reason: str = "Deleted", of: PodRef = POD) -> PodEnding:
    return PodEnding(at=T0 + at, pod=of, container=CONTAINER, reason=reason)


def slow(at: float, answers: int, *, probe: ProbeType = LIVENESS, of: PodRef = POD) -> ProbeLatencySampled:
    """Successes that took between 2.5 and 5 s."""
    counts = tuple(answers if bucket == 9 else 0 for bucket in range(12))
    return ProbeLatencySampled(at=T0 + at, pod=of, container=CONTAINER, probe=probe, counts=counts)


def answered(
    at: float, *, buckets: dict[int, int], probe: ProbeType = LIVENESS, of: PodRef = POD
) -> ProbeLatencySampled:
    """Successes by the kubelet's bucket of how long they took: 2 is up to 25 ms, 7 is 0.5 to 1 s."""
    counts = tuple(buckets.get(bucket, 0) for bucket in range(12))
    return ProbeLatencySampled(at=T0 + at, pod=of, container=CONTAINER, probe=probe, counts=counts)


def remember(facts: Iterable[Fact], history: WorkloadHistory | None = None) -> WorkloadHistory:
    """Fold the facts in the order in which they come."""
    history = history or WorkloadHistory()
    for fact in facts:
        history = observe(history, fact)
    return history


def entry(facts: Iterable[Fact]) -> ContainerHistory:
    """What is remembered of the one container that the facts are about."""
    (only,) = remember(facts).containers
    return only


def lives(facts: Iterable[Fact]) -> tuple[Life, ...]:
    return entry(facts).lives
