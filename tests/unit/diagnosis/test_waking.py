"""A process that stops as soon as its silence has passed was not stuck; one that never hears may be."""

from dataclasses import replace

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

    for scene, share in ((tail, 0.3), (alone, 1.0)):
        seen = scene.judge().finding("liveness-kill-of-lockup").samples
        assert experience_of(scene.cases()[0]).lockups <= share * seen
    assert experience_of(alone.cases()[0]).lockups == 1
