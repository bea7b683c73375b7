"""A process that stops as soon as its silence has passed was not stuck; one that never hears may be."""

import math
from dataclasses import replace

import pytest

from probetuner.diagnosis.diagnose import cases
from probetuner.diagnosis.load import signs_of_load
from probetuner.diagnosis.lockup import killed_in_lockup
from probetuner.diagnosis.silence import silent_kills
from probetuner.diagnosis.starting import starting_kills
from probetuner.diagnosis.waking import woken_kills
from probetuner.facts.fact import ContainerStarted, KillAnnounced, ProbeCounted, ProbeFailed
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.probe import ProbeType
from probetuner.tuning.experience import experience_of
from support.application import App, Spell
from support.scene import LIVEZ, READYZ, Scene, asks

HASTY = asks(LIVEZ, failure_threshold=2)


def stalls(*seconds: float, every: float = 200.0) -> tuple[Spell, ...]:
    return tuple(
        Spell(begin=every * number, end=every * number + lasts, mode="pause")
        for number, lasts in enumerate(seconds, start=1)
    )


STALLED = Scene(
    liveness=HASTY,
    apps=(App(handles_term=143, spells=stalls(28, 36, 42, 31, 38)), App()),
    seconds=1300,
    grace=60,
)


def test_processes_that_stop_when_their_silence_has_passed_were_not_stuck() -> None:
    """They end late, and at times of their own: liveness killed what would have come back, and becomes more patient."""
    said = STALLED.judge()

    assert "liveness-kill-under-pressure" in said.names
    assert "liveness-kill-of-lockup" not in said.names
    assert any("the silence had passed" in line for line in said.finding("liveness-kill-under-pressure").evidence)
    assert said.target.liveness is not None
    assert said.target.liveness.handler == LIVEZ
    assert said.target.liveness.detection_seconds > 42


def test_a_stuck_process_that_drains_as_long_each_time_is_stuck() -> None:
    """An end that always comes as late is how the process stops, whatever it did before."""
    locked = App(locks=(150.0,), handles_term=143, drains=8.0)
    said = replace(STALLED, apps=(locked, App())).judge()

    assert "liveness-kill-of-lockup" in said.names
    assert "liveness-kill-under-pressure" not in said.names
    assert said.actions == {"none"}


def test_who_never_hears_is_stuck_beside_those_that_wake() -> None:
    """A lock-up takes the whole grace period; pauses of the same workload do not hide it."""
    locked = App(locks=(700.0, 1e9), handles_term=143)
    said = replace(STALLED, apps=(STALLED.apps[0], locked), seconds=1600, readiness=asks(READYZ)).judge()

    assert {"liveness-kill-under-pressure", "liveness-kill-of-lockup"} <= said.names
    assert said.finding("liveness-kill-of-lockup").samples == 1


def test_the_tail_of_those_that_wake_tells_how_many_slept_on() -> None:
    """Where as many wake up late in the grace period as before, who does not within it only sleeps longer."""
    lasting = stalls(22, 48, 36, 62, 30, 52, 44, 60, 55, 50, 46)
    tail = replace(STALLED, apps=(App(handles_term=143, spells=lasting), App()), seconds=2500, grace=30)
    steep = stalls(22, 30, 28, 24, 26, 33, 23, 60, 27, 29, 31)
    alone = replace(tail, apps=(App(handles_term=143, spells=steep), App()))

    assert experience_of(tail.cases()[0]).lockups < 0.35 * tail.judge().finding("liveness-kill-of-lockup").samples
    assert experience_of(alone.cases()[0]).lockups > 0.5


OFTEN = tuple(15.0 + number * 7 % 20 for number in range(60))
DROPPED = replace(STALLED, apps=(App(handles_term=143, spells=stalls(*OFTEN)),), seconds=13_000, grace=30)


def test_a_kill_whose_events_were_dropped_woke_as_the_others_did() -> None:
    """After 25 events of a pod the kubelet sends hardly any more (client-go events_cache.go); the kills go on."""
    case = DROPPED.cases()[0]
    woken = woken_kills(case)

    assert any(not life.tally(ProbeType.LIVENESS).causes for life in woken)
    assert not killed_in_lockup(case)


STARTING = App(starts=(18.0,), handles_term=143, spells=stalls(28, 36, 42, 31, 38, 33, 29, 40))


def test_a_fresh_container_that_still_starts_is_no_relapse() -> None:
    """It refuses what it is asked; that says nothing of load, and what was killed was a pause."""
    patient = replace(HASTY, failure_threshold=3)
    signs = signs_of_load(replace(STALLED, apps=(STARTING, App(starts=(18.0,))), liveness=patient).cases()[0])

    assert signs
    assert not any(sign.relapsed for sign in signs)


@pytest.mark.parametrize("untold", [False, True])
def test_a_lockup_is_one_also_where_the_fresh_container_is_not_let_come_up(untold: bool) -> None:  # noqa: FBT001
    """A startup probe that ends every other start hides for a while that the restart was the cure, told of or not."""
    app = App(starts=(4.0, 100.0, 4.0, 100.0, 4.0), locks=(400.0,))
    paused = App(starts=(4.0,), handles_term=143, spells=stalls(28, 36, 42, 31, 38))
    startup = asks(READYZ, period_seconds=5, failure_threshold=4)
    scene = replace(STALLED, startup=startup, apps=(app, paused), seconds=1600)
    history, since = WorkloadHistory(), math.inf
    for fact in scene.facts():
        first = fact.pod.name == scene.pod(0).name
        if first and isinstance(fact, ContainerStarted) and fact.restarts == 1:
            since = fact.at
        telling = isinstance(fact, KillAnnounced | ProbeCounted | ProbeFailed)
        if not (untold and first and telling and since < fact.at < since + 100):
            history = observe(history, fact)
    (case,) = cases(scene.workload, history, objectives=scene.policy.objectives, exposed=True)

    assert starting_kills(case)
    assert any(life.restarts == 0 and life.pod == scene.pod(0).name for life in killed_in_lockup(case))


def test_a_start_that_was_ended_is_one_also_where_its_events_were_dropped() -> None:
    """Nobody listened in those of which it is known; a lock-up would have answered before."""
    uneven = App(starts=(4.0, 25.0) * 10, handles_term=143, spells=stalls(*[28.0] * 10, every=400.0))
    case = Scene(liveness=HASTY, readiness=asks(READYZ), apps=(uneven,), seconds=4000).cases()[0]

    assert any(not life.tally(ProbeType.LIVENESS).causes for life in starting_kills(case))
    assert silent_kills(case)
    assert all(life.answered_at is not None for life in silent_kills(case))


def test_a_fresh_container_that_refused_once_and_is_silent_then_is_a_relapse() -> None:
    """It begins amid the load that the one before was killed for."""
    rushes = (Spell(begin=300, end=520, mode="hang"), Spell(begin=1300, end=1530, mode="hang"))
    app = App(starts=(4.0,), handles_term=143, spells=rushes)
    scene = Scene(liveness=replace(asks(LIVEZ, period_seconds=5)), apps=(app,), seconds=2400)

    assert sum(sign.relapsed for sign in signs_of_load(scene.cases()[0])) >= 4
    assert not killed_in_lockup(scene.cases()[0])
