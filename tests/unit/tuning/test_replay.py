"""The model of the kubelet's prober: each rule of the kubelet by what it does to a container."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts.fact import FailureCause
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.answer import REFUSED, SILENCE, UNKNOWN, Answer, Verdict, judge
from probetuner.tuning.replay.backoff import BackOff
from probetuner.tuning.replay.container import Circumstances
from probetuner.tuning.replay.outcome import Outcome
from probetuner.tuning.replay.running import run

OK = Answer()
ERROR = Answer(errored=True)


@dataclass(kw_only=True)
class Script:
    """An application that answers by a rule of its age, exits by itself or not, and stops at once when asked."""

    rule: Callable[[ProbeType, int, float], Answer]
    exits: Mapping[int, float] = field(default_factory=dict)
    stops: float = 0.0
    started: dict[int, float] = field(default_factory=dict)

    def answer(self, probe: ProbeType, *, life: int, at: float) -> Answer:
        """What the rule says of the age."""
        return self.rule(probe, life, at - self.started[life])

    def exits_at(self, *, life: int, started_at: float) -> float:
        """When the script ends the life."""
        self.started[life] = started_at
        return started_at + self.exits.get(life, math.inf)

    def stop_seconds(self, *, life: int, at: float) -> float:  # noqa: ARG002 - the protocol's
        """How long it takes to stop."""
        return self.stops


def probe(*, period: int = 10, timeout: int = 1, failures: int = 3, delay: int = 0, grace: int | None = None) -> Probe:
    return Probe(
        handler=None,
        period_seconds=period,
        timeout_seconds=timeout,
        failure_threshold=failures,
        initial_delay_seconds=delay,
        termination_grace_period_seconds=grace,
    )


def replay(
    rule: Callable[[ProbeType, int, float], Answer],
    *,
    liveness: Probe | None = None,
    readiness: Probe | None = None,
    startup: Probe | None = None,
    seconds: float = 600.0,
    exits: Mapping[int, float] | None = None,
    stops: float = 0.0,
    given: Circumstances | None = None,
) -> Outcome:
    return run(
        probes=Probes(liveness=liveness, readiness=readiness, startup=startup),
        application=Script(rule=rule, exits=exits or {}, stops=stops),
        circumstances=given or Circumstances(),
        began_at=0.0,
        until=seconds,
    )


def after(seconds: float, then: Answer, before: Answer = OK) -> Callable[[ProbeType, int, float], Answer]:
    return lambda _probe, life, age: then if life == 0 and age >= seconds else before


@given(lead=st.floats(0, 10), at=st.floats(30, 100), failures=st.integers(1, 5), timeout=st.integers(1, 15))
def test_a_lock_up_is_found_within_the_detection_time(lead: float, at: float, failures: int, timeout: int) -> None:
    """Whatever the phase, the kill of a stuck container comes within what Probe.detection_seconds promises."""
    asked = probe(failures=failures, timeout=timeout)
    outcome = replay(after(at, SILENCE), liveness=asked, given=Circumstances(lead_seconds=lead))
    kill = outcome.kills[0]
    assert kill.decided_at is not None
    least = (failures - 1) * asked.cadence_seconds + timeout
    assert at + least - 1e-6 <= kill.decided_at <= at + asked.detection_seconds + 1e-6


@given(lead=st.floats(0, 10), delay=st.integers(0, 40))
def test_the_first_attempt_is_within_a_period_of_the_initial_delay(lead: float, delay: int) -> None:
    """Ticks have the pod's phase, so the first attempt comes up to one period after the delay."""
    outcome = replay(
        after(0, OK), liveness=probe(delay=delay), given=Circumstances(lead_seconds=lead, status_seconds=0.0)
    )
    assert delay <= outcome.attempts[0].at <= delay + 10 + 1e-6


def test_the_phase_of_the_ticks_survives_a_restart() -> None:
    """Liveness of the next life ticks at the same phase as that of the life before."""
    outcome = replay(after(60, SILENCE), liveness=probe(), given=Circumstances(lead_seconds=3.0))
    began = {round((attempt.at - attempt.seconds) % 10, 6) for attempt in outcome.attempts}
    assert len(outcome.lives) == 2
    assert began == {7.0}


def test_readiness_is_tried_at_once_after_the_start_and_after_it_failed() -> None:
    """A container that runs and is not ready does not wait for the tick."""
    outcome = replay(after(55, REFUSED, OK), readiness=probe(failures=1, period=30), seconds=75)
    assert outcome.first_ready_at == pytest.approx(0.7)
    failed = [attempt.at for attempt in outcome.attempts if attempt.verdict is Verdict.FAILED]
    assert failed[0] == failed[1]


def test_a_streak_outlives_a_crash() -> None:
    """Failures of a life that ended by itself count against the next one."""
    given = Circumstances(lead_seconds=5.0)
    outcome = replay(lambda *_: REFUSED, liveness=probe(failures=5), exits={0: 31.0}, given=given, seconds=100)
    own = [attempt for attempt in outcome.attempts if attempt.life == 1]
    assert outcome.lives[1].killed_by is ProbeType.LIVENESS
    assert len(own) < 5


def test_after_a_kill_the_streak_begins_anew() -> None:
    """A probe's own kill resets its count, and it holds until the next container."""
    outcome = replay(lambda *_: REFUSED, liveness=probe(), seconds=100, stops=15.0)
    for life in range(len(outcome.kills)):
        assert len([attempt for attempt in outcome.attempts if attempt.life == life]) == 3


def test_errors_count_for_nothing() -> None:
    """A probe whose attempts cannot be made never restarts anything, and never makes a container ready."""
    outcome = replay(lambda *_: ERROR, liveness=probe(), readiness=probe())
    assert not outcome.kills
    assert outcome.first_ready_at is None


def test_liveness_waits_for_the_startup_probe() -> None:
    """A start as long as the startup probe bears is not cut short, one longer is."""
    slow = lambda _probe, _life, age: OK if age > 90 else REFUSED  # noqa: E731
    borne = replay(slow, liveness=probe(), startup=probe(period=5, failures=30))
    cut = replay(slow, liveness=probe(), startup=probe(period=5, failures=10))
    bare = replay(slow, liveness=probe())
    assert not borne.kills
    assert {life.killed_by for life in cut.kills} == {ProbeType.STARTUP}
    assert {life.killed_by for life in bare.kills} == {ProbeType.LIVENESS}


def test_the_grace_is_the_probes_own_or_the_pods() -> None:
    """A process that ignores SIGTERM ends after the probe's grace, or the pod's, and never before two seconds."""
    for own, pods, expected in ((None, 30.0, 30.0), (7, 30.0, 7.0), (None, 0.0, 2.0)):
        outcome = replay(
            after(60, SILENCE),
            liveness=probe(grace=own),
            stops=math.inf,
            given=Circumstances(grace_seconds=pods),
            seconds=300,
        )
        life = outcome.kills[0]
        assert life.ended_at is not None
        assert life.decided_at is not None
        assert life.ended_at - life.decided_at == pytest.approx(expected)


def test_the_first_quick_kills_are_not_held_back() -> None:
    """A kill looks at the exit before it, so a container killed each 30 s waits for the first time after five kills."""
    outcome = replay(lambda *_: REFUSED, liveness=probe(), stops=5.0, seconds=600)
    gaps = [after_.started_at - (before.ended_at or 0.0) for before, after_ in pairwise(outcome.lives)]
    assert all(gap < 1 for gap in gaps[:4])
    assert gaps[4] > 30


def test_crashes_are_held_back_from_the_second_on() -> None:
    """Waits double from 10 s and are forgotten after ten minutes of peace."""
    back_off = BackOff()
    assert [back_off.wait(at, at) for at in (0.0, 20.0)] == [0.0, 10.0]
    assert back_off.wait(20.0, 30.0) == 0.0
    assert back_off.wait(40.0, 41.0) == 19.0
    assert back_off.wait(1000.0, 1000.0) == 0.0


def test_an_attempt_outlasting_its_period_is_followed_at_once() -> None:
    """Failing attempts longer than the period come one after the other, as the ticker holds one tick."""
    outcome = replay(after(0, SILENCE), liveness=probe(period=2, timeout=5, failures=9), seconds=40)
    ends = [attempt.at for attempt in outcome.attempts]
    assert {round(later - sooner, 6) for sooner, later in pairwise(ends)} == {5.0}


@given(lead=st.floats(0, 10), jitter=st.floats(0, 1))
def test_a_replay_is_deterministic_and_its_books_balance(lead: float, jitter: float) -> None:
    """The same run twice is the same; lives do not overlap; ready changes alternate, and unready time fits the run."""
    given_ = Circumstances(lead_seconds=lead, sync_jitter=jitter)
    flaky = lambda _probe, life, age: SILENCE if age > 40 + 7 * life else OK  # noqa: E731
    first, second = (
        replay(flaky, liveness=probe(), readiness=probe(period=3), exits={2: 20.0}, given=given_) for _ in range(2)
    )
    assert first == second
    for before, after_ in pairwise(first.lives):
        assert before.ended_at is not None
        assert before.ended_at <= after_.started_at
    assert [ready for _, ready in first.ready] == [index % 2 == 0 for index in range(len(first.ready))]
    assert 0 <= first.unready_seconds <= 600


def test_a_timeout_within_what_is_not_known_of_the_latency_is_unknown() -> None:
    """A recorded timeout of 1 s says that 1 s fails, and nothing of 2 s; a bucket says nothing of what cuts it."""
    censored = Answer(at_least_seconds=1.0, at_most_seconds=math.inf, cause=FailureCause.TIMEOUT)
    bucket = Answer(at_least_seconds=1.0, at_most_seconds=2.5)
    assert [judge(censored, probe(timeout=t)).verdict for t in (1, 2)] == [Verdict.FAILED, Verdict.UNKNOWN]
    assert [judge(bucket, probe(timeout=t)).verdict for t in (1, 2, 3)] == [
        Verdict.FAILED,
        Verdict.UNKNOWN,
        Verdict.OK,
    ]


def test_what_unknown_counts_as_gives_the_bounds_of_a_forecast() -> None:
    """Of nothing is known, at best nothing is killed and at worst everything."""
    best, worst = (
        replay(lambda *_: UNKNOWN, liveness=probe(), given=Circumstances(unknown_as=verdict))
        for verdict in (Verdict.OK, Verdict.FAILED)
    )
    assert not best.kills
    assert worst.kills
