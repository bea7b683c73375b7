"""What is remembered of a workload: plain values, bounded in number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from probetuner.facts.fact import FailureCause
from probetuner.history import bounds
from probetuner.history.life import Life
from probetuner.history.trial import Trial
from probetuner.model.probe import ProbeType


class RunEnding(StrEnum):
    """How a run of failed attempts ended."""

    OPEN = "open"
    BY_ITSELF = "by-itself"
    KILLED = "killed"
    EXITED = "exited"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRun:
    """Failed attempts of one probe in one pod with no success seen between them.

    `last_at` is the last failure; `ended_at` when the end was seen, at most one scrape late.
    """

    pod_uid: str
    probe: ProbeType
    started_at: float
    last_at: float
    failures_by_events: int = 0
    failures_by_counters: int = 0
    causes: Mapping[FailureCause, int] = field(default_factory=dict)
    ending: RunEnding = RunEnding.OPEN
    ended_at: float | None = None

    @property
    def failures(self) -> int:
        """Attempts that failed in this run."""
        return max(self.failures_by_events, self.failures_by_counters)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadySpell:
    """A time in which the readiness probe held a container that had been ready out of its Services."""

    pod_uid: str
    started_at: float
    ended_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What the kubelet's counters said of all replicas of a container within one minute.

    `latency` counts successful attempts per bucket (`LATENCY_BOUNDS_SECONDS`, the last entry is above them all).
    """

    started_at: float
    succeeded: Mapping[ProbeType, int] = field(default_factory=dict)
    failed: Mapping[ProbeType, int] = field(default_factory=dict)
    latency: Mapping[ProbeType, tuple[int, ...]] = field(default_factory=dict)
    cpu_periods: int = 0
    cpu_throttled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSample:
    """Live processes and tasks (threads and zombies included) of one container at one time.

    `attempts` and `failed` are what was known by then of its probes: how often each was tried in this life of the
    container, and how often it failed.
    """

    at: float
    processes: int
    threads: int
    attempts: Mapping[ProbeType, int] = field(default_factory=dict)
    failed: Mapping[ProbeType, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How often one probe failed for one cause, in all replicas, by events; and the kubelet's sentence about it.

    `words` are those of the last of them that read otherwise than the ones before, numbers aside.
    """

    count: int
    words: str
    first_at: float
    last_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRate:
    """So many failures of one probe in one pod between two times, which one event told of together.

    Whether any attempt passed between them is not known.
    """

    pod_uid: str
    probe: ProbeType
    cause: FailureCause
    began_at: float
    last_at: float
    count: int


READY_FLAG_FELL = "ready flag fell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """The node under a pod was not itself, or (READY_FLAG_FELL) a ready flag fell by no probe's doing."""

    at: float
    pod_uid: str
    node: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerHistory:
    """What is remembered of one container of one pod template, over all replicas.

    Newest last everywhere. `forgotten` counts lives that fell off the ledger because of its bound. `errored` counts
    attempts that could not be made, `errors` is what the last of them said. `tasks` is by pod uid. `early` has, one a
    pod, what was told before any life of the pod was known; `newest_pod_at` is when its newest pod first started.
    `trials` is by the name of the endpoint (`model.endpoint`). `kills` counts what the kubelet announced, `said` is
    what it said of failures by probe and cause, `rates` has the failures of which one event told at once.

    It was watched from `first_seen_at` to `last_seen_at`, which are the same where somebody only looked once. What is
    older is what objects still told of the past: the little that they remember, and never what did not happen.
    """

    name: str
    template_hash: str
    first_seen_at: float
    last_seen_at: float
    newest_pod_at: float | None = None
    lives: tuple[Life, ...] = ()
    early: tuple[Life, ...] = ()
    runs: tuple[FailureRun, ...] = ()
    unready: tuple[UnreadySpell, ...] = ()
    minutes: tuple[Minute, ...] = ()
    forgotten: int = 0
    errored: Mapping[ProbeType, int] = field(default_factory=dict)
    errors: Mapping[ProbeType, str] = field(default_factory=dict)
    tasks: Mapping[str, tuple[TaskSample, ...]] = field(default_factory=dict)
    disturbances: tuple[Disturbance, ...] = ()
    trials: Mapping[str, Trial] = field(default_factory=dict)
    kills: Mapping[ProbeType, int] = field(default_factory=dict)
    said: Mapping[ProbeType, Mapping[FailureCause, Said]] = field(default_factory=dict)
    rates: tuple[FailureRate, ...] = ()

    @property
    def singles_since(self) -> float:
        """Since when single failures are all remembered."""
        if len(self.runs) < bounds.RUNS:
            return self.first_seen_at
        return min((run.started_at for run in self.runs if run.failures <= 1), default=self.first_seen_at)

    @property
    def pods(self) -> frozenset[str]:
        """The uids of the pods in the ledger."""
        return frozenset(life.pod_uid for life in self.lives)

    @property
    def gone_at(self) -> float | None:
        """When the last of its pods was going away; None while one is there for all that is known, and without any."""
        last = {life.pod_uid: life.ending_at for life in sorted(self.lives, key=lambda life: life.restarts)}
        ends = [ending_at for ending_at in last.values() if ending_at is not None]
        return max(ends) if ends and len(ends) == len(last) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadHistory:
    """What is remembered of a workload: one entry per container and pod template, oldest template first.

    `watched_since` is when somebody began to watch it (epoch seconds); 0 is from the first fact on.
    """

    containers: tuple[ContainerHistory, ...] = ()
    counters_at: float | None = None
    watched_since: float = 0.0

    def of(self, container: str) -> tuple[ContainerHistory, ...]:
        """The histories of that container, one per template, oldest first."""
        return tuple(entry for entry in self.containers if entry.name == container)

    def latest(self, container: str, *, replaced: bool) -> ContainerHistory | None:
        """The history of that container under the present template: that of its newest pod.

        A rollback leads back to a template that was seen long before, so the first sight of one says nothing. Where all
        pods of the newest have gone, the workload says that those that it has are of the present one (`replaced`), and
        others were heard of half a minute later, it was given up: a rollout that is undone before it was through leaves
        the pods that were there, and makes none.
        """
        entries = self.of(container)
        newest = max(entries, key=_newest_pod_at, default=None)
        if newest is None or newest.gone_at is None or not replaced:
            return newest
        settled_at = newest.gone_at + _GIVEN_UP_SECONDS
        there = (
            entry for entry in entries if entry.lives and entry.gone_at is None and entry.last_seen_at >= settled_at
        )
        return max(there, key=_newest_pod_at, default=newest)


_GIVEN_UP_SECONDS = 30.0
"""What is known of pods and what the workload says of itself come by different watches, and may be so far apart."""


def _newest_pod_at(entry: ContainerHistory) -> float:
    return entry.newest_pod_at or entry.first_seen_at
