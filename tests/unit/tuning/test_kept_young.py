"""Restarts by load keep processes young: whether old ones get stuck is then not known, and liveness waits to see."""

from dataclasses import replace

import pytest

from probetuner.model.policy import Allowance, Policy, Range
from probetuner.model.probe import ProbeType
from support.application import App, Spell
from support.scene import READYZ, WORK, Scene, asks, deletion

RUSHES = tuple(Spell(begin=at, end=at + 120, mode="slow", seconds=3.0) for at in (400, 1000))
AGAIN = Scene(liveness=asks(WORK), apps=(App(handles_term=0, spells=RUSHES),), seconds=1300)


def test_liveness_outwaits_load_that_comes_again_and_again() -> None:
    """It stays where it is, with answers of half a minute and more for as long as load was seen to last."""
    said = AGAIN.judge()

    assert "liveness-kill-under-pressure" in said.names
    assert said.actions == {"raise-timeout"}
    assert said.target.liveness == asks(WORK, period_seconds=30, timeout_seconds=30)
    assert said.target.readiness is None


def test_readiness_that_asks_the_same_waits_as_long() -> None:
    """It must not empty the Service; one that asks something else is left alone."""
    same = replace(AGAIN, readiness=asks(WORK, period_seconds=5)).judge().target
    assert same.liveness == asks(WORK, period_seconds=30, timeout_seconds=30)
    assert same.readiness == asks(WORK, period_seconds=30, timeout_seconds=30)

    other = replace(AGAIN, readiness=asks(READYZ)).judge().target
    assert other.liveness == asks(WORK, period_seconds=30, timeout_seconds=30)
    assert other.readiness == asks(READYZ)


def bounded(most_seconds: int) -> Policy:
    return Policy(
        bounds={
            (ProbeType.LIVENESS, "timeout_seconds"): Range(most=most_seconds),
            (ProbeType.LIVENESS, "failure_threshold"): Range(most=3),
        }
    )


ONCE = App(handles_term=0, spells=RUSHES[:1])
DEEP = App(handles_term=0, spells=tuple(replace(rush, end=rush.begin + 300, seconds=40.0) for rush in RUSHES))
STAGGERED = tuple(
    App(handles_term=0, spells=(Spell(begin=begin, end=1000, mode="slow", seconds=3.0),)) for begin in (400, 650)
)
LATE = asks(WORK, initial_delay_seconds=180)
ONE_LONG_RUSH = App(handles_term=0, spells=(Spell(begin=400, end=1200, mode="slow", seconds=3.0),))
ONLY_TYPES = Policy(allow=frozenset({Allowance.TYPES}))


def answering_late_first(scene: Scene) -> Scene:
    """The same, with answers that come late before they come too late, as a queue grows."""
    assert scene.liveness is not None
    seconds = 0.8 * scene.liveness.timeout_seconds

    def growing(app: App) -> App:
        late = (Spell(begin=one.begin - 40, end=one.begin, mode="slow", seconds=seconds) for one in app.spells)
        return replace(app, spells=tuple(sorted((*late, *app.spells), key=lambda spell: spell.begin)))

    return replace(scene, apps=tuple(map(growing, scene.apps)))


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(replace(AGAIN, apps=(ONCE,)), id="the first trouble"),
        pytest.param(replace(AGAIN, extra=deletion(AGAIN, 0, lived_seconds=4000)), id="one of an older template had"),
        pytest.param(replace(AGAIN, liveness=asks(WORK, timeout_seconds=30), apps=(DEEP,)), id="it waits already"),
        pytest.param(replace(AGAIN, policy=bounded(1)), id="bounds leave no more time"),
        pytest.param(
            replace(AGAIN, liveness=asks(WORK, timeout_seconds=5), apps=(DEEP,), policy=bounded(5)),
            id="nor more than it has",
        ),
        pytest.param(replace(AGAIN, apps=STAGGERED), id="one trouble that reaches the replicas one by one"),
        pytest.param(replace(AGAIN, policy=ONLY_TYPES), id="no number may be changed"),
        pytest.param(replace(AGAIN, liveness=LATE, apps=(ONE_LONG_RUSH,)), id="one trouble and a long initial delay"),
    ],
)
def test_liveness_leaves_where_it_can_wait_no_longer_or_need_not(scene: Scene) -> None:
    """In its first trouble nobody knows how long the workload had been well before.

    Late answers prove a queue, and so do replicas that fell silent together and again after the restart.
    """
    assert answering_late_first(scene).judge().actions == {"replace-liveness-with-readiness"}


def test_late_answers_around_few_of_many_kills_give_time_only() -> None:
    """What a few of the kills show may be chance: liveness stays, and waits for longer."""
    scene = replace(AGAIN, apps=(*AGAIN.apps, App()), seconds=3700)  # A replica has lived for an hour.
    said = answering_late_first(scene).judge()

    assert "liveness-kill-under-pressure" in said.names
    assert said.actions <= {"raise-timeout", "raise-failure-threshold"}
    assert said.target.liveness is not None
    assert said.target.liveness.borne_seconds > (scene.liveness.borne_seconds if scene.liveness else 0)


def test_a_pod_whose_end_was_never_told_has_not_lived_on() -> None:
    """It was deleted two hours ago and no more was heard of it: it is not an old replica."""
    lost = deletion(AGAIN, 0, lived_seconds=70)[:2]
    began = tuple(replace(fact, at=fact.at - 7200) for fact in lost)

    assert replace(AGAIN, extra=began).judge().actions == {"raise-timeout"}
