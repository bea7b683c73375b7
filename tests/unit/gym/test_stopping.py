"""How a process stops gives nothing away; what readiness says in the grace period of a kill does."""

import math

import pytest

from gym.cost import cost_of
from gym.fleet import CHEAP, WORK
from gym.manifest import http
from gym.observer import deletion_of, facts_of
from gym.phase import Phase, live
from gym.truth import GymCase, Spread, Stopping, Troubles, Truth
from probetuner.facts.fact import ContainerExited, Fact, FailureCause, KillAnnounced, ProbeFailed, ReadinessChanged
from probetuner.model.probe import ProbeType
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.answer import Verdict
from probetuner.tuning.replay.outcome import Attempt

HUNG = Truth(replicas=1, lockup_seconds=200)
PAUSED = Truth(replicas=1, glitches=Troubles(per_hour=12, seconds=Spread(median=40)))
RUSHED = Truth(replicas=2, load=0.2, closed=True, bursts=Troubles(per_hour=8, seconds=Spread(median=150), height=4.0))
STEADY = Probes(liveness=http(CHEAP), readiness=http(CHEAP, period_seconds=5))
QUEUED = Probes(liveness=http(WORK), readiness=http(WORK, period_seconds=5, timeout_seconds=10))


def lived(
    truth: Truth, stopping: Stopping, probes: Probes = STEADY, *, listens: bool = False, code: int = 143
) -> Phase:
    """Half an hour of that."""
    truth = Truth(
        **{name: getattr(truth, name) for name in Truth.__dataclass_fields__}
        | {"stopping": stopping, "keeps_listening": listens, "exit_code": code}
    )
    case = GymCase(family="unit", number=0, truth=truth, probes=probes)
    return live(case, probes, seed="1", seconds=1800)


def stops(phase: Phase) -> list[float]:
    """Seconds from each kill's announcement to the end of the process."""
    kills = (life for outcome in phase.outcomes for life in outcome.kills)
    return [life.ended_at - life.decided_at for life in kills if life.ended_at is not None and life.decided_at]


def told(phase: Phase) -> list[Fact]:
    return facts_of(phase, epoch=0.0, template="t")


def codes(phase: Phase) -> set[int]:
    return {fact.exit_code for fact in told(phase) if isinstance(fact, ContainerExited)}


def in_the_grace(phase: Phase) -> list[Attempt]:
    """What readiness got that was asked between the announcement of a kill and the end of the process."""
    return [
        attempt
        for outcome in phase.outcomes
        for life in outcome.kills
        for attempt in outcome.attempts
        if attempt.probe is ProbeType.READINESS
        and life.decided_at is not None
        and life.decided_at < attempt.at - attempt.seconds
        and attempt.at < (outcome.until if life.ended_at is None else life.ended_at)
    ]


@pytest.mark.parametrize(
    ("stopping", "hung", "busy"),
    [
        (Stopping.AT_ONCE, {137}, {143}),
        (Stopping.NOT_HANDLED, {137}, {137}),
        (Stopping.HUNG_TOO, {143}, {143}),
    ],
)
def test_the_exit_code_is_no_label(stopping: Stopping, hung: set[int], busy: set[int]) -> None:
    """Only in one regime does it tell a process that hangs from one that is busy."""
    assert codes(lived(HUNG, stopping)) == hung
    assert codes(lived(RUSHED, stopping, QUEUED)) == busy


def test_who_was_asked_to_stop_may_end_well() -> None:
    """A handler that shuts down in good order exits with 0, as Go programs and gunicorn do."""
    phase = lived(HUNG, Stopping.HUNG_TOO, code=0)
    ends = [fact for fact in told(phase) if isinstance(fact, ContainerExited)]
    assert {(end.exit_code, end.reason) for end in ends} == {(0, "Completed")}


def test_a_busy_server_drains_as_long_as_its_queue() -> None:
    """By no more than the queue of its clients if it closes, and up to its grace if it goes on listening."""
    drained = stops(lived(RUSHED, Stopping.DRAINS, QUEUED))
    assert drained
    assert max(drained) > 2.0
    assert max(drained) < 4.0 * 2 + 0.6

    endless = stops(lived(RUSHED, Stopping.DRAINS, QUEUED, listens=True))
    assert max(endless) == pytest.approx(30.0)
    assert 137 in codes(lived(RUSHED, Stopping.DRAINS, QUEUED, listens=True))


def test_one_that_drains_turns_away_what_comes() -> None:
    """Its listener is closed: readiness is refused meanwhile, and the users' requests with it."""
    closed, listening = (lived(RUSHED, Stopping.DRAINS, QUEUED, listens=one) for one in (False, True))
    asked = in_the_grace(closed)
    assert {attempt.cause for attempt in asked} == {FailureCause.REFUSED}
    assert any(attempt.verdict is Verdict.OK for attempt in in_the_grace(listening))
    assert cost_of(closed).refused_seconds > 0


def test_readiness_passes_in_the_grace_of_a_pause_or_a_queue_and_never_of_a_deadlock() -> None:
    """The kubelet goes on asking until the process is gone (prober/worker.go); the observer sees what it got."""
    for truth, probes in ((PAUSED, STEADY), (RUSHED, QUEUED)):
        phase = lived(truth, Stopping.NOT_HANDLED, probes)
        assert any(attempt.verdict is Verdict.OK for attempt in in_the_grace(phase))

    hung = lived(HUNG, Stopping.NOT_HANDLED)
    assert len(in_the_grace(hung)) > 3
    assert all(attempt.verdict is Verdict.FAILED for attempt in in_the_grace(hung))
    silent = [fact for fact in told(hung) if isinstance(fact, ProbeFailed) and fact.probe is ProbeType.READINESS]
    assert silent


def test_an_observer_sees_a_pause_become_ready_before_its_process_is_killed() -> None:
    """The pod's status turns ready between the kill's announcement and the end."""
    facts = [fact for fact in told(lived(PAUSED, Stopping.NOT_HANDLED)) if fact.pod.name.endswith("-0")]
    kills = [fact.at for fact in facts if isinstance(fact, KillAnnounced)]
    ends = [fact.at for fact in facts if isinstance(fact, ContainerExited)]
    readied = [fact.at for fact in facts if isinstance(fact, ReadinessChanged) and fact.ready]
    assert any(kill < ready < end for kill, end in zip(kills, ends, strict=False) for ready in readied)


@pytest.mark.parametrize(
    ("stopping", "code"), [(Stopping.AT_ONCE, 143), (Stopping.NOT_HANDLED, 137), (Stopping.HUNG_TOO, 143)]
)
def test_a_deleted_pod_stops_as_any_other(stopping: Stopping, code: int) -> None:
    """A process that works does on a deletion what it does on a kill."""
    facts = deletion_of(lived(Truth(replicas=1), stopping), epoch=0.0, template="t")
    assert [fact.exit_code for fact in facts if isinstance(fact, ContainerExited)] == [code]


def test_a_process_without_a_handler_is_always_killed_at_the_end_of_its_grace() -> None:
    """Whatever it was doing."""
    for truth, probes in ((HUNG, STEADY), (PAUSED, STEADY), (RUSHED, QUEUED)):
        assert all(math.isclose(seconds, 30.0) for seconds in stops(lived(truth, Stopping.NOT_HANDLED, probes)))
