"""Readiness goes on in the grace period of a liveness kill: what it says tells a pause from a hang."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.grace import InGrace, in_grace, may_have_hung
from probetuner.diagnosis.load import paused_kills
from probetuner.diagnosis.starting import liveness_kills
from probetuner.facts.fact import Fact, FailureCause, ProbeCounted, ReadinessChanged
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.probe import HttpGet, ProbeType, TcpSocket
from support.application import App, Spell
from support.scene import LIVEZ, READYZ, WORK, Scene, asks

PASSED, NEVER, UNKNOWN = InGrace.PASSED, InGrace.NEVER_PASSED, InGrace.NOT_KNOWN
WEAKER = {"replace-liveness-with-readiness", "decouple-liveness"}
STRICTER = {"lower-failure-threshold", "tighten-readiness", "lower-initial-delay", "set-probe-grace"}

NAMED = asks(HttpGet(port="http", path="/readyz"), period_seconds=5)

# Two locks in two orders: each life answers for some seconds, longer here and there, and is stuck for good then.
DEADLOCK = Scene(
    liveness=asks(WORK, initial_delay_seconds=5, period_seconds=5),
    readiness=asks(WORK, period_seconds=5, failure_threshold=2),
    apps=(App(locks=(30.0, 18.0, 34.0, 12.0, 26.0, 9.0)), App(locks=(24.0, 14.0, 31.0, 11.0, 22.0))),
    seconds=900,
    grace=20,
)
# An event loop that renders: it answers nothing for some seconds, ignores SIGTERM, and goes on.
PAUSES = Scene(
    liveness=asks(WORK, period_seconds=4, failure_threshold=2),
    readiness=asks(WORK, period_seconds=4, failure_threshold=2),
    apps=tuple(
        App(spells=tuple(Spell(begin=at, end=at + lasts, mode="hang") for at, lasts in spells))
        for spells in (
            ((40, 3), (75, 7), (140, 3), (210, 8), (290, 4), (350, 7)),
            ((55, 7), (120, 3), (170, 7), (240, 3), (310, 8), (380, 4)),
        )
    ),
    seconds=480,
    grace=30,
)


def answers(case: Case) -> set[InGrace]:
    return {in_grace(case, life) for life in liveness_kills(case)}


def only_case(scene: Scene) -> Case:
    (case,) = scene.cases()
    return case


@pytest.mark.parametrize("counters", [True, False])
def test_a_deadlock_that_comes_again_keeps_its_liveness_probe(counters: bool) -> None:  # noqa: FBT001
    """Fresh containers pass readiness, serve for a while and hang again: that is no relapse into a queue."""
    scene = replace(DEADLOCK, counters=counters)
    said, case = scene.judge(), only_case(scene)

    assert len(liveness_kills(case)) >= 6
    assert may_have_hung(case)
    assert "liveness-kill-under-pressure" not in said.names
    assert not said.actions & (WEAKER | STRICTER)
    assert said.recommendation is None or said.target.liveness is not None
    assert any("it passed in 0;" in sentence for sentence in said.finding("liveness-kill-unexplained").evidence)


def test_nothing_is_tightened_for_kills_that_nobody_understands() -> None:
    """However long they are watched: some may have hit what would have come back."""
    said = replace(DEADLOCK, seconds=4000, readiness=asks(WORK, period_seconds=5, failure_threshold=2)).judge()

    assert "liveness-kill-unexplained" in said.names
    assert not said.actions & STRICTER


@pytest.mark.parametrize("counters", [True, False])
def test_a_pause_is_no_lock_up_where_readiness_passed_after_the_kill(counters: bool) -> None:  # noqa: FBT001
    """The process takes the whole grace period since it hears no SIGTERM, and has answered long before."""
    scene = replace(PAUSES, counters=counters)
    said, case = scene.judge(), only_case(scene)

    assert len(liveness_kills(case)) >= 4
    assert all(life.exit_code == 137 for life in liveness_kills(case))
    assert answers(case) == {PASSED}
    assert paused_kills(case) == liveness_kills(case)
    assert "liveness-kill-of-lockup" not in said.names
    assert not said.actions & (WEAKER | STRICTER)
    assert scene.liveness is not None
    assert said.target.liveness is not None
    assert said.target.liveness.borne_seconds > scene.liveness.borne_seconds


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scene", "known"),
    [
        pytest.param(DEADLOCK, {NEVER}, id="the same question"),
        pytest.param(replace(DEADLOCK, readiness=asks(READYZ, period_seconds=5)), {NEVER}, id="the same server"),
        pytest.param(replace(DEADLOCK, readiness=NAMED), {NEVER}, id="by its name"),
        pytest.param(replace(DEADLOCK, readiness=None), {UNKNOWN}, id="no readiness"),
        pytest.param(replace(DEADLOCK, readiness=asks(TcpSocket(port=8080))), {UNKNOWN}, id="an open port"),
        pytest.param(replace(DEADLOCK, grace=3), {UNKNOWN}, id="too short to be asked"),
    ],
)
def test_only_a_readiness_that_needs_the_same_server_tells(scene: Scene, known: set[InGrace]) -> None:
    """And only where there was time for an attempt."""
    asked = [life for life in liveness_kills(only_case(scene)) if life.kill_announced_at is not None]

    assert {in_grace(only_case(scene), life) for life in asked} == known


def remembered(facts: Iterator[Fact] | tuple[Fact, ...]) -> WorkloadHistory:
    history = WorkloadHistory()
    for fact in facts:
        history = observe(history, fact)
    return history


def case_of(scene: Scene, *leave_out: type[Fact]) -> Case:
    history = remembered(tuple(fact for fact in scene.facts() if not isinstance(fact, leave_out)))
    (case,) = (replace(case, history=history.containers[0]) for case in scene.cases())
    return case


@pytest.mark.parametrize(("scene", "known"), [(DEADLOCK, NEVER), (PAUSES, PASSED)], ids=["deadlock", "pauses"])
@pytest.mark.parametrize("unseen", [ProbeCounted, ReadinessChanged], ids=["no counters", "no status"])
def test_counters_and_statuses_say_the_same(scene: Scene, known: InGrace, unseen: type[Fact]) -> None:
    """Each alone knows it of some kills at least, and says the contrary of none."""
    found = answers(case_of(scene, unseen))

    assert known in found
    assert found <= {known, UNKNOWN}


def test_who_is_refused_has_heard_and_is_not_taken_for_stuck() -> None:
    """A server that shuts down stops to listen first: that readiness does not pass then is no sign of a hang."""
    case = case_of(DEADLOCK)
    life = next(life for life in liveness_kills(case) if in_grace(case, life) is NEVER)
    assert life.kill_announced_at is not None
    refused = (
        replace(run, causes={FailureCause.REFUSED: run.failures})
        for run in case.history.runs
        if run.probe is ProbeType.READINESS
    )
    others = (run for run in case.history.runs if run.probe is not ProbeType.READINESS)
    shut_down = replace(case, history=replace(case.history, runs=(*others, *refused)))

    assert in_grace(shut_down, life) is UNKNOWN


def test_a_success_of_the_next_container_is_none_of_this_one() -> None:
    """The process ended soon after the kill; what passes from then on is another one."""
    prompt = replace(DEADLOCK, apps=tuple(replace(app, drains=4.0, handles_term=143) for app in DEADLOCK.apps))

    assert PASSED not in answers(only_case(prompt))


def test_a_pause_in_the_only_question_of_liveness_says_nothing_of_it() -> None:
    """Readiness by another path passes while that one hangs: no lock-up of the process, and no pause either."""
    hang = Spell(begin=100, end=400, mode="hang", paths=("/livez",))
    scene = Scene(
        liveness=asks(LIVEZ), readiness=asks(READYZ, period_seconds=5), apps=(App(spells=(hang,)), App()), grace=30
    )
    said, case = replace(scene, seconds=700).judge(), only_case(replace(scene, seconds=700))

    assert PASSED in answers(case)
    assert not paused_kills(case)
    assert "liveness-kill-of-lockup" not in said.names
