"""What an observer of the cluster would see of a phase: facts, with all that the kubelet keeps to itself.

Kubernetes cuts times to whole seconds. A pod has a bucket of 25 events of each type, Normal and Warning, that refills
by one in five minutes (client-go events_cache.go): what finds it empty is not sent, but its count comes with the next.
The counters are complete, but read every ten seconds, or
more seldom, or never. Flips of readiness within a tenth of a second are not seen.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gym.manifest import CONTAINER
from gym.phase import Phase
from gym.weather import Fate
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
    PodEnding,
    PodRef,
    ProbeCounted,
    ProbeErrored,
    ProbeFailed,
    ProbeLatencySampled,
    ReadinessChanged,
    StartupSucceeded,
)
from probetuner.model.probe import ProbeType
from probetuner.model.workload import WorkloadKind, WorkloadRef
from probetuner.tuning.replay.answer import Verdict
from probetuner.tuning.replay.outcome import Attempt, LifeRun, Outcome

SCRAPE_SECONDS = 10.0
_SEEN_LATER_SECONDS = 0.3
_UNSEEN_FLIP_SECONDS = 0.1
_FRESH_SECONDS = 1.0
_BURST, _REFILL_SECONDS = 25.0, 300.0
_KILLED = (137, "Error")


@dataclass(slots=True, kw_only=True)
class _Bucket:
    """The kubelet's allowance of events of one type for one pod."""

    tokens: float = _BURST
    at: float = 0.0

    def take(self, at: float) -> bool:
        self.tokens = min(_BURST, self.tokens + (at - self.at) / _REFILL_SECONDS)
        self.at = at
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True, kw_only=True)
class _Events:
    """The events of one pod: `held` counts failures that were not sent, per message."""

    normal: _Bucket = field(default_factory=_Bucket)
    warning: _Bucket = field(default_factory=_Bucket)
    held: Counter[tuple[ProbeType, FailureCause]] = field(default_factory=Counter)


def facts_of(
    phase: Phase, *, epoch: float, template: str, generation: int = 0, scrape_seconds: float | None = SCRAPE_SECONDS
) -> list[Fact]:
    """All facts in the order of their times; `epoch` is the phase's begin in epoch seconds.

    The pods are new ones in each `generation`. Counters are read each `scrape_seconds`, with None never.
    """
    watches = _watches(phase, epoch, template, generation, scrape_seconds)
    return sorted((fact for watch in watches for fact in watch.facts()), key=lambda fact: fact.at)


def deletion_of(phase: Phase, *, epoch: float, template: str, generation: int = 0) -> list[Fact]:
    """What is seen when the pods of that phase are deleted at its end."""
    watches = _watches(phase, epoch, template, generation)
    return sorted((fact for watch in watches for fact in watch.deletion()), key=lambda fact: fact.at)


def _watches(
    phase: Phase, epoch: float, template: str, generation: int, scrape_seconds: float | None = None
) -> Iterator["_Watch"]:
    for index, outcome in enumerate(phase.outcomes):
        pod = PodRef(
            namespace="gym",
            name=f"{phase.case.name}-{index}",
            uid=f"{phase.case.name}-{generation}-{index}",
            template_hash=template,
            node=f"node-{index % 2}",
            workload=WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="gym", name=phase.case.name),
        )
        yield _Watch(
            phase=phase,
            outcome=outcome,
            fates=phase.fates[index],
            stop_seconds=phase.stop_seconds[index],
            pod=pod,
            epoch=epoch,
            scrape_seconds=scrape_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    phase: Phase
    outcome: Outcome
    fates: Sequence[Fate]
    stop_seconds: float
    pod: PodRef
    epoch: float
    scrape_seconds: float | None

    def facts(self) -> Iterator[Fact]:
        attempts = [a for a in self.outcome.attempts if self.phase.weather.node_away.end_of(a.at) is None]
        yield from self._lives()
        yield from self._readiness()
        yield from self._events(attempts)
        if self.scrape_seconds is not None:
            yield from self._scrapes(attempts, self.scrape_seconds)
        yield from self._node()

    def deletion(self) -> Iterator[Fact]:
        """The pod is deleted as the phase ends, and its process asked to stop if it runs."""
        at, grace = self.outcome.until, self.phase.case.truth.grace_seconds
        yield PodEnding(at=self._at(at), pod=self.pod, container=CONTAINER, reason="Deleted")
        number, life = len(self.outcome.lives) - 1, self.outcome.lives[-1]
        if life.ended_at is None:
            code, reason = self._asked(self.stop_seconds)
            yield ContainerExited(
                at=self._cut(at + min(self.stop_seconds, grace)),
                pod=self.pod,
                container=CONTAINER,
                restarts=number,
                started_at=self._cut(life.started_at),
                exit_code=code,
                reason=reason,
            )

    def _at(self, seconds: float) -> float:
        return self.epoch + seconds

    def _cut(self, seconds: float) -> float:
        return float(math.floor(self._at(seconds)))

    def _lives(self) -> Iterator[Fact]:
        for number, life in enumerate(self.outcome.lives):
            started = self._cut(life.started_at)
            yield ContainerStarted(at=started, pod=self.pod, container=CONTAINER, restarts=number)
            if life.startup_succeeded_at is not None:
                at = self._at(life.startup_succeeded_at) + _SEEN_LATER_SECONDS
                yield StartupSucceeded(at=at, pod=self.pod, container=CONTAINER)
            if life.ended_at is not None:
                code, reason = self._exit(life, self.fates[number])
                yield ContainerExited(
                    at=self._cut(life.ended_at),
                    pod=self.pod,
                    container=CONTAINER,
                    restarts=number,
                    started_at=started,
                    exit_code=code,
                    reason=reason,
                )

    def _exit(self, life: LifeRun, fate: Fate) -> tuple[int, str]:
        if life.killed_by is None:
            return (137, "OOMKilled") if fate.oom else (1, "Error")
        assert life.ended_at is not None
        assert life.decided_at is not None
        return self._asked(life.ended_at - life.decided_at)

    def _asked(self, took_seconds: float) -> tuple[int, str]:
        """How a process ends that was asked to stop: by itself, or by SIGKILL when its grace has run out."""
        truth = self.phase.case.truth
        if took_seconds >= truth.grace_seconds:
            return _KILLED
        return truth.exit_code, "Error" if truth.exit_code else "Completed"

    def _readiness(self) -> Iterator[Fact]:
        probed = self.phase.probes.readiness is not None
        failed = {a.at for a in self.outcome.attempts if a.probe is ProbeType.READINESS and a.verdict is Verdict.FAILED}
        shown = list(self.outcome.ready)
        for (at, ready), following in zip(shown, [*shown[1:], (math.inf, True)], strict=False):
            if not ready and following[0] - at < _UNSEEN_FLIP_SECONDS:
                continue
            by_probe = probed and (ready or (at in failed and not self._is_fresh(at)))
            seen = self._at(at) + _SEEN_LATER_SECONDS
            yield ReadinessChanged(at=seen, pod=self.pod, container=CONTAINER, ready=ready, by_probe=by_probe)

    def _is_fresh(self, at: float) -> bool:
        """Whether a container had just been started: it is not ready because it is new, whatever its probe says."""
        return any(0.0 <= at - life.started_at < _FRESH_SECONDS for life in self.outcome.lives)

    def _events(self, attempts: Sequence[Attempt]) -> Iterator[Fact]:
        events = _Events()
        happened: list[tuple[float, int, Attempt | LifeRun | float]] = [
            *((a.at, 0, a) for a in attempts if a.verdict in (Verdict.FAILED, Verdict.ERRORED)),
            *((life.decided_at, 1, life) for life in self.outcome.lives if life.decided_at is not None),
            *((life.started_at, 2, life) for life in self.outcome.lives),
            *((wait.at, 3, wait.seconds) for wait in self.outcome.waits),
        ]
        for at, order, what in sorted(happened, key=lambda entry: entry[:2]):
            if order == 2:
                for _ in ("Pulled", "Created", "Started"):
                    events.normal.take(at)
            elif isinstance(what, Attempt):
                yield from self._attempt(what, events)
            elif isinstance(what, LifeRun):
                if events.normal.take(at) and what.killed_by is not None:
                    yield KillAnnounced(at=self._cut(at), pod=self.pod, container=CONTAINER, probe=what.killed_by)
            else:
                events.warning.take(at)
                yield BackOff(at=self._at(at) + 1.0, pod=self.pod, container=CONTAINER, seconds=what)

    def _attempt(self, attempt: Attempt, events: _Events) -> Iterator[Fact]:
        sent = events.warning.take(attempt.at)
        if attempt.verdict is Verdict.ERRORED:
            if sent:
                at = self._cut(attempt.at)
                yield ProbeErrored(at=at, pod=self.pod, container=CONTAINER, probe=attempt.probe, message="errored")
            return
        cause = attempt.cause or FailureCause.OTHER
        events.held[attempt.probe, cause] += 1
        if sent:
            yield ProbeFailed(
                at=self._cut(attempt.at),
                pod=self.pod,
                container=CONTAINER,
                probe=attempt.probe,
                cause=cause,
                count=events.held.pop((attempt.probe, cause)),
            )

    def _scrapes(self, attempts: Sequence[Attempt], every: float) -> Iterator[Fact]:
        by_scrape: dict[tuple[int, ProbeType], list[Attempt]] = {}
        for attempt in attempts:
            by_scrape.setdefault((int(attempt.at // every), attempt.probe), []).append(attempt)
        for (index, kind), found in by_scrape.items():
            yield from self._scrape(self._at((index + 1) * every), every, kind, found)
        if self.phase.case.truth.throttled < 1:
            yield from self._throttling(every)

    def _scrape(self, at: float, every: float, kind: ProbeType, found: Sequence[Attempt]) -> Iterator[Fact]:
        passed = [attempt.seconds for attempt in found if attempt.verdict is Verdict.OK]
        failed = sum(attempt.verdict is Verdict.FAILED for attempt in found)
        if passed or failed:
            yield ProbeCounted(
                at=at,
                pod=self.pod,
                container=CONTAINER,
                probe=kind,
                since=at - every,
                succeeded=len(passed),
                failed=failed,
            )
        if passed:
            counts = [0] * (len(LATENCY_BOUNDS_SECONDS) + 1)
            for seconds in passed:
                counts[next((i for i, bound in enumerate(LATENCY_BOUNDS_SECONDS) if seconds <= bound), -1)] += 1
            yield ProbeLatencySampled(at=at, pod=self.pod, container=CONTAINER, probe=kind, counts=tuple(counts))

    def _throttling(self, every: float) -> Iterator[Fact]:
        """Ten CFS periods a second, of which hardly any is throttled but under a burst."""
        for index in range(int(self.outcome.until // every)):
            busy = self.phase.weather.bursts.overlap(index * every, (index + 1) * every)
            yield CpuThrottled(
                at=self._at((index + 1) * every),
                pod=self.pod,
                container=CONTAINER,
                periods=int(10 * every),
                throttled=int(8 * busy + 0.2 * (every - busy)),
            )

    def _node(self) -> Iterator[Fact]:
        for begin, end in self.phase.weather.node_away.all:
            yield NodeDisturbed(at=self._at(begin), pod=self.pod, container=CONTAINER, reason="NodeNotReady")
            for at, ready in ((begin + 1.0, False), (end, True)):
                yield ReadinessChanged(at=self._at(at), pod=self.pod, container=CONTAINER, ready=ready, by_probe=False)
