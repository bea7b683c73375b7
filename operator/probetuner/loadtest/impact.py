"""What happened to a workload's containers while it was under load, as facts tell it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from probetuner.facts.fact import (
    ContainerExited,
    Fact,
    FailureCause,
    KillAnnounced,
    PodEnding,
    ProbeCounted,
    ProbeFailed,
    ReadinessChanged,
)
from probetuner.model.probe import ProbeType

_MOST_REMEMBERED = 10_000
_LONGEST_BETWEEN_SCRAPES_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ProbeKey:
    """A probe of a container; all pods of the workload have the same."""

    container: str
    probe: ProbeType


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFailures:
    """Attempts of a probe, `count` of them, that failed in one pod at about one time (epoch seconds)."""

    at: float
    pod: str
    key: ProbeKey
    cause: FailureCause
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The kubelet's announcements, `count` of them, that it kills a container for this probe."""

    at: float
    pod: str
    key: ProbeKey
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """A container that ended."""

    at: float
    pod: str
    container: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """A container became ready, or unready."""

    at: float
    pod: str
    container: str
    ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What the kubelet counted of a probe: attempts that succeeded, and that failed."""

    succeeded: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What happened since the load began (epoch seconds), the first ten thousand of each kind; pods are named.

    `attempts` is empty where the kubelets' counters may not be read. `ended` are pods that were deleted or evicted.
    """

    began_at: float
    failures: tuple[ProbeFailures, ...] = ()
    kills: tuple[Kill, ...] = ()
    restarts: tuple[Restart, ...] = ()
    readiness: tuple[Readiness, ...] = ()
    attempts: Mapping[ProbeKey, Attempts] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()


def take_in(impact: Impact, fact: Fact) -> Impact:
    """The impact with one more fact in it. What a pod's containers do while it is being deleted does not count."""
    pod = fact.pod.name
    if pod in impact.ended:
        return impact
    match fact:
        case ProbeFailed(at=at, cause=cause, count=count):
            key = ProbeKey(container=fact.container, probe=fact.probe)
            failures = ProbeFailures(at=at, pod=pod, key=key, cause=cause, count=count)
            return replace(impact, failures=(*impact.failures, failures)[:_MOST_REMEMBERED])
        case KillAnnounced(at=at, count=count):
            kill = Kill(at=at, pod=pod, key=ProbeKey(container=fact.container, probe=fact.probe), count=count)
            return replace(impact, kills=(*impact.kills, kill)[:_MOST_REMEMBERED])
        case ContainerExited(at=at, reason=reason):
            restart = Restart(at=at, pod=pod, container=fact.container, reason=reason)
            return replace(impact, restarts=(*impact.restarts, restart)[:_MOST_REMEMBERED])
        case ReadinessChanged(at=at, ready=ready):
            change = Readiness(at=at, pod=pod, container=fact.container, ready=ready)
            return replace(impact, readiness=(*impact.readiness, change)[:_MOST_REMEMBERED])
        case ProbeCounted(since=since) if since >= impact.began_at - _LONGEST_BETWEEN_SCRAPES_SECONDS:
            return replace(impact, attempts={**impact.attempts, **_counted(impact, fact)})
        case PodEnding():
            return replace(impact, ended=impact.ended | {pod})
    return impact


def _counted(impact: Impact, fact: ProbeCounted) -> dict[ProbeKey, Attempts]:
    key = ProbeKey(container=fact.container, probe=fact.probe)
    before = impact.attempts.get(key, Attempts())
    return {key: Attempts(succeeded=before.succeeded + fact.succeeded, failed=before.failed + fact.failed)}
