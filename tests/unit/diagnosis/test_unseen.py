"""Where a CPU limit may stop a container unseen, nothing is done that its counters could contradict."""

from dataclasses import replace

import pytest

from probetuner.facts.fact import CpuThrottled
from probetuner.model.probe import ProbeType
from support.application import App, Spell
from support.scene import READYZ, T0, WORK, Scene, asks

LATE = tuple(
    spell
    for begin in range(100, 900, 120)
    for spell in (
        Spell(begin=begin, end=begin + 20, mode="slow", seconds=0.6),
        Spell(begin=begin + 20, end=begin + 70, mode="slow", seconds=2.5),
    )
)
FLAPS = Scene(
    liveness=asks(READYZ, failure_threshold=20),
    readiness=asks(READYZ, period_seconds=5, failure_threshold=2),
    apps=(App(spells=LATE),),
    seconds=900,
)
KILLS = Scene(liveness=asks(WORK), apps=(App(spells=LATE, handles_term=143),), seconds=900)
HIDING = {"raise-timeout", "replace-liveness-with-readiness"}


@pytest.mark.parametrize(
    ("scene", "finding"),
    [(FLAPS, "readiness-flapping"), (KILLS, "liveness-kill-under-pressure")],
    ids=["flaps", "kills"],
)
def test_late_answers_under_a_limit_that_nobody_counts_get_no_time(scene: Scene, finding: str) -> None:
    """The finding stays, is less sure than what is applied by itself, and says what would decide it."""
    said, seen = replace(scene, cpu_limit=True, counters=False).judge(), scene.judge()

    assert not said.actions & HIDING
    assert said.finding(finding).confidence < 0.8 <= seen.finding(finding).confidence
    assert any("container_cpu_cfs_throttled_periods_total" in line for line in said.finding(finding).evidence)
    assert seen.actions & HIDING


def test_no_longer_timeout_comes_under_the_name_of_another_action() -> None:
    """Failures that were chosen for a longer timeout are not lowered where it does not come."""
    rushes = tuple(Spell(begin=begin, end=begin + 45, mode="slow", seconds=3.0) for begin in range(200, 2600, 400))
    app = App(spells=rushes, handles_term=143)
    scene = Scene(liveness=asks(WORK), readiness=asks(WORK), apps=(app,), seconds=2700, counters=False, cpu_limit=True)
    target = scene.judge().target

    assert target.readiness == scene.readiness
    assert target.liveness is not None
    assert target.liveness == replace(asks(WORK), failure_threshold=target.liveness.failure_threshold)
    assert target.liveness.failure_threshold >= 3


@pytest.mark.parametrize("scene", [FLAPS, KILLS], ids=["flaps", "kills"])
def test_without_a_limit_nothing_can_be_throttled(scene: Scene) -> None:
    """Who may not scrape gets advice nevertheless, but for the removal of liveness: late answers are not seen."""
    said = replace(scene, counters=False).judge()

    assert said.actions & HIDING == {"raise-timeout"}


def test_counted_periods_decide_it() -> None:
    """A limit that is known not to stop it is no reason to wait."""
    periods = tuple(
        CpuThrottled(at=T0 + at, pod=FLAPS.pod(), container="app", periods=100, throttled=1)
        for at in range(10, 900, 10)
    )
    said = replace(FLAPS, cpu_limit=True, extra=periods).judge()

    assert "raise-timeout" in said.actions
    assert said.target.get(ProbeType.READINESS) != FLAPS.readiness
