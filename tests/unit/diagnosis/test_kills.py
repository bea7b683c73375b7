"""Kills by probes that waited too little, by load and by others: what each looks like, and what it must not cost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym.manifest import CONTAINER
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.grace import never_passed_in_grace
from probetuner.diagnosis.starting import liveness_kills
from probetuner.facts.fact import CpuThrottled
from probetuner.model.probe import Exec, Probe
from probetuner.tuning.handlers import taking_over
from support.application import App, Spell
from support.scene import DEPENDENT, LIVEZ, READYZ, T0, WORK, Scene, asks, deletion

STRICTER = {"lower-failure-threshold", "tighten-readiness", "set-probe-grace"}

# A script that starts a machine of its own: it takes about 0.7 s, now and then twice that, whatever the load.
SCRIPT = Scene(
    liveness=asks(Exec(command=("check",)), failure_threshold=2),
    readiness=asks(READYZ, timeout_seconds=5),
    apps=(App(latency=0.5, slow=0.25, slow_seconds=1.3, handles_term=143),),
    seconds=1800,
)
RUSHES = tuple(Spell(begin=at, end=at + 90, mode="slow", paths=("/work",)) for at in (60, 600, 1200, 1800, 2400))
BUSY = Scene(liveness=asks(WORK), readiness=asks(WORK), replicas=3, seconds=3000, grace=30)


def only_case(scene: Scene) -> Case:
    (case,) = scene.cases()
    return case


@pytest.mark.parametrize(("latency", "slow"), [(0.5, 0.25), (0.5, 0.1), (0.6, 0.1)])
def test_a_script_as_slow_as_its_timeout_gets_time(latency: float, slow: float) -> None:
    """Most answers are near the timeout and some beyond it, by chance: neither load nor a process that is stuck.

    Nor somebody else's doing, though two replicas are late at the same time now and then.
    """
    scene = replace(SCRIPT, apps=(App(latency=latency, slow=slow, slow_seconds=1.3, handles_term=143),))
    said = scene.judge()

    assert liveness_kills(only_case(scene))
    assert said.names == {"probe-timeout-too-short"}
    assert "raise-timeout" in said.actions
    assert not said.actions & {"replace-liveness-with-readiness", "add-liveness", *STRICTER}
    assert said.target.liveness is not None
    assert said.target.liveness.timeout_seconds >= 2


def test_a_script_that_is_throttled_is_slow_for_that() -> None:
    """What the limit takes from every process is another finding, with another cure beside the timeout."""
    throttled = tuple(
        CpuThrottled(at=T0 + at, pod=SCRIPT.pod(index), container="app", periods=100, throttled=60)
        for index in range(SCRIPT.replicas)
        for at in range(10, 1800, 10)
    )
    said = replace(SCRIPT, extra=throttled, cpu_limit=True).judge()

    assert "probe-timeout-too-short" not in said.names
    assert "raise-cpu" in said.actions


def cut(*spells: tuple[float, float]) -> App:
    return App(spells=tuple(Spell(begin=at, end=at + lasts, mode="cut") for at, lasts in spells), handles_term=0)


TURNED_AWAY = Scene(
    liveness=asks(WORK),
    readiness=asks(LIVEZ, failure_threshold=3),
    apps=(
        cut((60, 22), (180, 60), (320, 24), (450, 55), (600, 22)),
        cut((62, 24), (182, 62), (322, 22), (452, 58), (602, 25)),
    ),
    seconds=800,
)


def test_a_server_with_no_connection_left_is_crowded() -> None:
    """It ends connections at once, in all replicas together, and comes back by itself: a kill takes its share away."""
    said = TURNED_AWAY.judge()

    assert "liveness-kill-under-pressure" in said.names
    assert "liveness-kill-of-lockup" not in said.names


def test_a_single_server_that_ends_connections_may_have_fallen_over() -> None:
    """There is nobody to share a crowd with, so nothing shows one."""
    said = replace(TURNED_AWAY, replicas=1).judge()

    assert "liveness-kill-under-pressure" not in said.names
    assert not said.actions & {"replace-liveness-with-readiness", *STRICTER}


@pytest.mark.parametrize("counters", [True, False])
def test_who_waits_for_a_dependency_may_take_the_whole_grace_and_is_not_busy(counters: bool) -> None:  # noqa: FBT001
    """Its threads wait as SIGTERM comes: the eight others ended at once, and the kill is the same."""
    away = tuple(Spell(begin=at, end=at + 60, mode="hang", paths=("/health",)) for at in (75, 300))
    prompt = App(spells=away, handles_term=143)
    scene = Scene(
        liveness=asks(DEPENDENT),
        readiness=asks(READYZ, period_seconds=5),
        replicas=3,
        apps=(prompt, prompt, App(spells=away, drains=12.0)),
        seconds=480,
        counters=counters,
    )
    said = scene.judge()

    assert {life.exit_code for life in liveness_kills(only_case(scene))} == {137, 143}
    assert said.names == {"liveness-kill-by-dependency"}
    assert said.actions == {"decouple-liveness"}
    assert said.target.liveness is not None
    assert said.target.liveness.failure_threshold <= 5


@pytest.mark.parametrize("drains", [None, 12.0, 45.0])
def test_how_a_process_stops_says_little_of_why_it_was_silent(drains: float | None) -> None:
    """A busy server drains until its requests are served, or its grace is over."""
    said = draining(drains).judge()

    assert "liveness-kill-under-pressure" in said.names
    assert not said.names & {"liveness-kill-of-lockup", "crash"}
    assert not said.actions & STRICTER
    liveness = said.target.liveness
    assert liveness is None or liveness.borne_seconds > asks(WORK).borne_seconds


@pytest.mark.slow
@pytest.mark.parametrize("counters", [True, False], ids=["with counters", "without counters"])
@pytest.mark.parametrize("drains", [None, 12.0, 45.0])
def test_one_idle_pod_that_was_deleted_changes_nothing(drains: float | None, counters: bool) -> None:  # noqa: FBT001
    """It stopped at once, as any idle process does: that says nothing of those that were busy."""
    scene = replace(draining(drains), counters=counters)

    assert replace(scene, extra=deletion(scene, 143)).judge() == scene.judge()


def draining(seconds: float | None) -> Scene:
    return replace(BUSY, apps=(App(spells=RUSHES, handles_term=143, drains=seconds),))


def test_a_queue_that_outlasts_the_grace_period_is_still_no_hang() -> None:
    """Readiness never passes while it is there, and the fresh containers are silent too: that is load."""
    scene = draining(45.0)
    said = scene.judge()

    assert len(never_passed_in_grace(only_case(scene))) >= 2
    assert said.target.liveness is None or said.target.liveness.borne_seconds >= 60


def test_a_hang_beside_some_slow_answers_is_no_load_though_it_stops_at_once() -> None:
    """Counters put failures into one run although a success came between: that was never an attempt short of a kill."""
    hangs = App(locks=(400.0, 900.0, 600.0), slow=0.2, handles_term=143, drains=0.3)
    said = Scene(
        liveness=asks(WORK, failure_threshold=5),
        readiness=asks(LIVEZ),
        replicas=3,
        apps=(hangs,),
        seconds=7200,
        grace=30,
    ).judge()

    assert "liveness-kill-of-lockup" in said.names
    assert "liveness-kill-under-pressure" not in said.names


@pytest.mark.slow
def test_kills_whose_signs_are_forgotten_are_what_the_others_are() -> None:
    """Throttling is remembered for an hour, the kills for longer: those of before were no lock-ups."""
    spells = tuple(Spell(begin=at, end=at + 33, mode="hang") for at in range(300, 10800, 900))
    scene = Scene(liveness=asks(WORK), readiness=asks(WORK), replicas=3, seconds=10800, cpu_limit=True)
    scene = replace(scene, apps=(App(spells=spells),))
    throttled = tuple(
        CpuThrottled(at=T0 + at + 10, pod=scene.pod(index), container=CONTAINER, periods=100, throttled=share)
        for index in range(3)
        for at in range(0, 10800, 10)
        for share in [80 if any(spell.begin <= at < spell.end for spell in spells) else 2]
    )
    said = replace(scene, extra=throttled).judge()

    assert said.finding("liveness-kill-under-pressure").samples == len(spells) * 3
    assert "liveness-kill-of-lockup" not in said.names
    assert not said.actions & STRICTER


numbers = st.builds(
    Probe,
    handler=st.sampled_from([DEPENDENT, READYZ]),
    initial_delay_seconds=st.integers(0, 60),
    period_seconds=st.integers(1, 60),
    timeout_seconds=st.integers(1, 30),
    failure_threshold=st.integers(1, 30),
)


@given(numbers, numbers)
def test_another_handler_is_asked_no_more_strictly_than_the_old_one(liveness: Probe, readiness: Probe) -> None:
    """Nor as patiently as the old one would have had to be: what was measured there says nothing of another."""
    taken = taking_over(liveness, readiness)

    assert taken.handler == readiness.handler
    assert taken.borne_seconds >= liveness.borne_seconds
    assert taken.timeout_seconds >= liveness.timeout_seconds
    assert taken.initial_delay_seconds >= liveness.initial_delay_seconds
    assert taken.failure_threshold > readiness.failure_threshold


@pytest.mark.parametrize("threshold", [3, 10], ids=["some in a row restart it", "no restart yet"])
@pytest.mark.parametrize("latency", [0.7, 0.95])
def test_answers_that_are_often_late_by_themselves_are_late_and_no_load(latency: float, threshold: int) -> None:
    """There are as many late ones in a row as chance makes, and so seldom a single one."""
    said = Scene(
        liveness=asks(WORK, period_seconds=5, timeout_seconds=1, failure_threshold=threshold),
        readiness=asks(WORK, period_seconds=10, timeout_seconds=15),
        apps=(App(latency=latency),),
        replicas=2,
        seconds=900,
    ).judge()

    assert "probe-timeout-too-short" in said.names
    assert not said.names & {"healthy", "liveness-kill-under-pressure", "liveness-kill-of-lockup"}
    assert "raise-timeout" in said.actions


def test_pauses_of_what_answers_late_are_pauses() -> None:
    """Every pause is missed by several attempts in a row, however seldom it comes."""
    pauses = tuple(Spell(begin=at, end=at + 22, mode="hang") for at in range(120, 3600, 240))
    said = Scene(
        liveness=asks(WORK, period_seconds=5, timeout_seconds=1, failure_threshold=10),
        readiness=asks(LIVEZ),
        apps=(App(latency=0.5, spells=pauses),),
        replicas=2,
        seconds=3600,
    ).judge()

    assert "probe-timeout-too-short" not in said.names
