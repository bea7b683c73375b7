"""One container under diagnosis: what it is, and what is remembered of it under its present template."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS, FailureCause
from probetuner.facts.inspection import Inspection
from probetuner.history.attribution import SIGKILLED, RestartCause, attribute
from probetuner.history.filing import GRAIN_SECONDS
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory, FailureRun, Minute, RunEnding
from probetuner.model.container import Container
from probetuner.model.policy import Objectives
from probetuner.model.probe import Probe, ProbeType
from probetuner.model.workload import Workload

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A container, its workload and its history.

    `exposed` says whether a Service sends it traffic, None where the Services are not known. `inspections` are looks
    into it that a person asked for. `earlier` is what is remembered of the container under any template, by whose
    probes it is not judged. `answered` keeps what was worked out about it (`once`).
    """

    workload: Workload
    container: Container
    history: ContainerHistory
    objectives: Objectives = field(default_factory=Objectives)
    exposed: bool | None = None
    inspections: tuple[Inspection, ...] = ()
    earlier: tuple[ContainerHistory, ...] = ()
    answered: dict[Callable[["Case"], Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def replicas(self) -> int:
        """How many pods the workload wants."""
        return self.workload.rollout.desired

    @property
    def older(self) -> tuple[ContainerHistory, ...]:
        """What is remembered of it under other templates than the present one."""
        return tuple(entry for entry in self.earlier if entry.template_hash != self.history.template_hash)

    @property
    def observed_seconds(self) -> float:
        """How long the present template has been watched; 0 for a single look, however old what it looked at is."""
        return max(0.0, self.history.last_seen_at - self.history.first_seen_at)

    @property
    def was_watched(self) -> bool:
        """Whether anybody watched for a while: who looks once sees what is there, and never what did not happen."""
        return self.observed_seconds > 0.0

    def watched(self, life: Life) -> bool:
        """Whether somebody was watching as that life was killed, and so knows what came before and after."""
        return self.killed_at(life) > self.history.first_seen_at

    @property
    def was_seen(self) -> bool:
        """Whether anything was observed: a manifest alone shows what is written."""
        return self.history.last_seen_at > 0.0

    def ended_by(self, *causes: RestartCause) -> tuple[Life, ...]:
        """The lives that ended in one of these ways, oldest first."""
        return tuple(life for life in self.history.lives if self.end_of(life) in causes)

    def end_of(self, life: Life) -> RestartCause | None:
        """What ended that life, None while it runs."""
        return attribute(
            life,
            self.container,
            grace_seconds=self.workload.grace_seconds,
            watched_since=self.history.first_seen_at,
        )

    @property
    def probe_kills(self) -> tuple[Life, ...]:
        """The lives that a liveness or a startup probe ended."""
        return self.ended_by(RestartCause.LIVENESS_KILL, RestartCause.STARTUP_KILL)

    def answer_seconds(self) -> tuple[float, ...]:
        """How long each life took until a probe first succeeded; lives that never did are not in it."""
        return _answer_seconds(self.history)

    def start_seconds(self) -> tuple[float, ...]:
        """The same of the starts that somebody watched: who comes later sees that it answers, and not since when."""
        since = self.history.first_seen_at - GRAIN_SECONDS
        watched = (life for life in self.history.lives if life.started_at >= since)
        return _seconds_to_answer(watched)

    def earlier_answer_seconds(self) -> tuple[float, ...]:
        """The same of the lives under any template: a change of probes makes no start slower."""
        return tuple(seconds for entry in self.earlier for seconds in _answer_seconds(entry))

    @property
    def liveness_grace_seconds(self) -> float:
        """How long a container that liveness ends has to stop (KEP-2238)."""
        probe = self.container.liveness
        return (probe.termination_grace_period_seconds if probe else None) or self.workload.grace_seconds

    def killed_at(self, life: Life) -> float:
        """When the kubelet decided to kill this life, or as near to it as is known.

        An announcement may be missing; who was killed outright then had the whole grace period since.
        """
        ended = life.started_at if life.ended_at is None else life.ended_at
        if life.kill_announced_at is not None:
            return life.kill_announced_at
        return max(life.started_at, ended - self.liveness_grace_seconds) if life.exit_code == SIGKILLED else ended

    def next_life(self, life: Life) -> Life | None:
        """The life that followed in the same pod."""
        return next(
            (
                other
                for other in self.history.lives
                if other.pod_uid == life.pod_uid and other.restarts == life.restarts + 1
            ),
            None,
        )

    def fails_again_at_once(self, life: Life, *, times: int = 1) -> bool:
        """Whether the life after this one failed its liveness probe that often before it ever passed it.

        Nor passed any other probe that asks the same: what answered once had come up well, and failed later.
        """
        fresh, probe = self.next_life(life), self.container.liveness or _DEFAULT
        if fresh is None or self._passed_the_same(fresh):
            return False
        tally = fresh.tally(ProbeType.LIVENESS)
        if tally.counted_until is not None and tally.failed and not tally.succeeded:
            return tally.failed >= times
        if tally.first_failed_at is None:
            return False
        first_chance = fresh.started_at + probe.initial_delay_seconds + 2 * probe.period_seconds + probe.timeout_seconds
        passed_before = tally.first_succeeded_at is not None and tally.first_succeeded_at < tally.first_failed_at
        if tally.first_failed_at > first_chance or passed_before:
            return False
        first = self.first_run(fresh)
        return times <= 1 or (tally.failed if first is None else first.failures) >= times

    def _passed_the_same(self, life: Life) -> bool:
        """Whether another probe that asks what liveness asks passed in that life before liveness failed there.

        Liveness comes last: it is not asked at once when a container starts, and readiness is (prober_manager.go).
        """
        run = self.first_run(life)
        failed_at = life.tally(ProbeType.LIVENESS).first_failed_at or (run and run.started_at)
        limit = failed_at or life.ended_at or self.history.last_seen_at
        passed = {
            ProbeType.READINESS: (life.ready_at, life.tally(ProbeType.READINESS).first_succeeded_at),
            ProbeType.STARTUP: (life.startup_succeeded_at, life.tally(ProbeType.STARTUP).first_succeeded_at),
        }
        return any(
            at is not None and at <= limit
            for kind, times in passed.items()
            if self.asks_what_liveness_asks(kind)
            for at in times
        )

    def asks_what_liveness_asks(self, kind: ProbeType) -> bool:
        """Whether there is a probe of that kind that asks exactly what liveness asks."""
        asked, probe = self.container.liveness, self.container.probe(kind)
        return asked is not None and probe is not None and None is not probe.handler == asked.handler

    def first_run(self, life: Life) -> FailureRun | None:
        """The first attempts of the liveness probe in that life that failed in a row, if they are remembered."""
        end = life.ended_at or self.history.last_seen_at
        return next(
            (
                run
                for run in self.runs(ProbeType.LIVENESS)
                if run.pod_uid == life.pod_uid and life.started_at <= run.started_at <= end
            ),
            None,
        )

    def runs(self, kind: ProbeType) -> tuple[FailureRun, ...]:
        """The runs of failures of that probe."""
        return tuple(run for run in self.history.runs if run.probe is kind)

    def is_over(self, run: FailureRun) -> bool:
        """Whether a run of liveness failures that nobody saw end is over: else the container would have been killed."""
        probe = self.container.probe(run.probe)
        return (
            run.probe is ProbeType.LIVENESS
            and run.ending is RunEnding.OPEN
            and probe is not None
            and self.history.last_seen_at - run.last_at > probe.detection_seconds
        )

    def succeeded(self, kind: ProbeType) -> int:
        """How often that probe was seen to succeed."""
        return sum(life.tally(kind).succeeded for life in self.history.lives)

    def failed(self, kind: ProbeType) -> int:
        """How often that probe was seen to fail."""
        return sum(life.tally(kind).failed for life in self.history.lives)

    def causes(self, kind: ProbeType) -> frozenset[FailureCause]:
        """Why that probe was seen to fail."""
        return frozenset(cause for life in self.history.lives for cause in life.tally(kind).causes)

    def minutes_between(self, begin: float, end: float) -> tuple[Minute, ...]:
        """The minutes that overlap that time."""
        return tuple(
            minute for minute in self.history.minutes if minute.started_at < end and minute.started_at + 60.0 > begin
        )


_DEFAULT = Probe(handler=None)
"""Stands for the liveness probe of an older template that is known no more."""


def _answer_seconds(entry: ContainerHistory) -> tuple[float, ...]:
    return _seconds_to_answer(entry.lives)


def _seconds_to_answer(lives: Iterable[Life]) -> tuple[float, ...]:
    return tuple(max(0.0, life.answered_at - life.started_at) for life in lives if life.answered_at is not None)


def once(question: Callable[[Case], Answer]) -> Callable[[Case], Answer]:
    """Work the answer to a question about a case out once: a case never changes, and rules build on each other."""

    @wraps(question)
    def ask(case: Case) -> Answer:
        if question not in case.answered:
            case.answered[question] = question(case)
        answer: Answer = case.answered[question]
        return answer

    return ask


def slower_than(minute: Minute, kind: ProbeType, seconds: float) -> int:
    """How many successful attempts in that minute surely took longer than that many seconds."""
    lower_bounds = (0.0, *LATENCY_BOUNDS_SECONDS)
    counts = minute.latency.get(kind, ())
    return sum(count for lower, count in zip(lower_bounds, counts, strict=False) if lower >= seconds)


def perhaps_slower_than(minute: Minute, kind: ProbeType, seconds: float) -> int:
    """How many successful attempts in that minute may have taken longer than that many seconds."""
    upper_bounds = (*LATENCY_BOUNDS_SECONDS, math.inf)
    counts = minute.latency.get(kind, ())
    return sum(count for upper, count in zip(upper_bounds, counts, strict=False) if upper > seconds)
