"""One container under diagnosis: what it is, and what is remembered of it under its present template."""

import math
from collections.abc import Collection
from dataclasses import dataclass, field

from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS, FailureCause
from probetuner.facts.inspection import Inspection
from probetuner.history.attribution import RestartCause, attribute
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory, FailureRun, Minute
from probetuner.model.container import Container
from probetuner.model.policy import Objectives
from probetuner.model.probe import Grpc, Probe, ProbeType
from probetuner.model.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A container, its workload and its history.

    `exposed` says whether a Service sends it traffic, None where the Services are not known. `inspections` are looks
    into it that a person asked for.
    """

    workload: Workload
    container: Container
    history: ContainerHistory
    objectives: Objectives = field(default_factory=Objectives)
    exposed: bool | None = None
    inspections: tuple[Inspection, ...] = ()

    @property
    def replicas(self) -> int:
        """How many pods the workload wants."""
        return self.workload.rollout.desired

    @property
    def observed_seconds(self) -> float:
        """How long the present template has been watched."""
        return max(0.0, self.history.last_seen_at - self.history.first_seen_at)

    def ended_by(self, *causes: RestartCause) -> tuple[Life, ...]:
        """The lives that ended in one of these ways, oldest first."""
        return tuple(
            life
            for life in self.history.lives
            if attribute(life, self.container, grace_seconds=self.workload.grace_seconds) in causes
        )

    @property
    def probe_kills(self) -> tuple[Life, ...]:
        """The lives that a liveness or a startup probe ended."""
        return self.ended_by(RestartCause.LIVENESS_KILL, RestartCause.STARTUP_KILL)

    @property
    def liveness_kills(self) -> tuple[Life, ...]:
        """The lives that the liveness probe ended after the application had come up."""
        return tuple(life for life in self.ended_by(RestartCause.LIVENESS_KILL) if not self.was_starting(life))

    def answer_seconds(self) -> tuple[float, ...]:
        """How long each life took until a probe first succeeded; lives that never did are not in it."""
        return tuple(
            max(0.0, life.answered_at - life.started_at) for life in self.history.lives if life.answered_at is not None
        )

    def was_starting(self, life: Life) -> bool:
        """Whether a killed life had not come up yet.

        It never answered any probe, and it does not look like a container that had long been up: either nobody
        listened (refused), or no other life shows that an answer could have been expected by then. Starts may vary,
        and some probes cannot tell a process that is not up from one that is unwell: with these, it was starting as
        long as no container that had once come up was killed.
        """
        answered = life.answered_at is not None and life.answered_at <= (life.kill_announced_at or math.inf)
        if answered or life.was_ready or self._passed_unseen(life) or is_refused_by_application(life):
            return False
        causes = {cause for tally in life.tallies.values() for cause in tally.causes}
        if FailureCause.REFUSED in causes:
            return True
        usual = self.answer_seconds()
        if not usual or min(usual) > (life.lasted_seconds or 0.0):
            return True
        return self._hides_refusals(causes) and not any(self._had_come_up(killed) for killed in self.probe_kills)

    def _had_come_up(self, killed: Life) -> bool:
        """Whether a killed life had answered before the failures that it was killed for."""
        probe = self.container.liveness or _DEFAULT
        failed_at = killed.tally(ProbeType.LIVENESS).first_failed_at
        if failed_at is None:
            needed = (probe.failure_threshold - 1) * probe.cadence_seconds
            failed_at = (killed.kill_announced_at or killed.ended_at or math.inf) - needed
        return killed.answered_at is not None and killed.answered_at <= failed_at

    def _hides_refusals(self, causes: Collection[FailureCause]) -> bool:
        """Whether a process that does not listen yet fails the probe just as one that is up and unwell.

        A command that exits non-zero says nothing of why, and a refused gRPC connection is retried until it is late.
        """
        probe = self.container.liveness
        return FailureCause.EXEC_EXIT in causes or (probe is not None and isinstance(probe.handler, Grpc))

    def _passed_unseen(self, life: Life) -> bool:
        """Whether attempts must have succeeded although no counter told of them.

        Every failure makes an event, so a first failure that comes long after the first attempt had passes before it.
        Only for early lives: later on the kubelet drops events (client-go events_cache.go, burst of 25 a pod).
        """
        probe, tally = self.container.liveness, life.tally(ProbeType.LIVENESS)
        if probe is None or tally.counted_until is not None or tally.first_failed_at is None:
            return False
        second_chance = probe.initial_delay_seconds + 2 * probe.period_seconds + probe.timeout_seconds
        return life.restarts < _EVENTS_SURE_FOR_LIVES and tally.first_failed_at - life.started_at > second_chance

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
        """Whether the life after this one failed its liveness probe that often before it ever passed it."""
        fresh, probe = self.next_life(life), self.container.liveness or _DEFAULT
        if fresh is None:
            return False
        tally = fresh.tally(ProbeType.LIVENESS)
        if tally.first_failed_at is None:
            return False
        first_chance = fresh.started_at + probe.initial_delay_seconds + 2 * probe.period_seconds + probe.timeout_seconds
        passed_before = tally.first_succeeded_at is not None and tally.first_succeeded_at < tally.first_failed_at
        if tally.first_failed_at > first_chance or passed_before:
            return False
        return times <= 1 or self._failures_at_first(fresh) >= times

    def _failures_at_first(self, life: Life) -> int:
        """How many attempts of the liveness probe failed in a row before the first that passed."""
        end = life.ended_at or self.history.last_seen_at
        first = next(
            (
                run
                for run in self.runs(ProbeType.LIVENESS)
                if run.pod_uid == life.pod_uid and life.started_at <= run.started_at <= end
            ),
            None,
        )
        return life.tally(ProbeType.LIVENESS).failed if first is None else first.failures

    def runs(self, kind: ProbeType) -> tuple[FailureRun, ...]:
        """The runs of failures of that probe."""
        return tuple(run for run in self.history.runs if run.probe is kind)

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


_EVENTS_SURE_FOR_LIVES = 5
_DEFAULT = Probe(handler=None)
"""Stands for the liveness probe of an older template that is known no more."""


def is_refused_by_application(life: Life) -> bool:
    """Whether most failures were an HTTP status from 400 to 499: the application is up, and says no to the question."""
    errors = sum(tally.client_errors for tally in life.tallies.values())
    return 2 * errors > sum(sum(tally.causes.values()) for tally in life.tallies.values())


def slower_than(minute: Minute, kind: ProbeType, seconds: float) -> int:
    """How many successful attempts in that minute surely took longer than that many seconds."""
    lower_bounds = (0.0, *LATENCY_BOUNDS_SECONDS)
    counts = minute.latency.get(kind, ())
    return sum(count for lower, count in zip(lower_bounds, counts, strict=False) if lower >= seconds)
