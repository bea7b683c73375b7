"""Whether a process hears SIGTERM decides what a kill says that took the whole grace period."""

from dataclasses import replace

import pytest

from gym.manifest import CONTAINER
from probetuner.change.trial import fresh_cases
from probetuner.diagnosis.diagnose import cases, diagnose, remembered
from probetuner.diagnosis.hearing import hears_sigterm
from probetuner.facts.fact import Fact
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.tuning.recommend import recommend
from support.application import App, Spell
from support.changes import made
from support.scene import WORK, Judged, Scene, asks, deletion
from support.workloads import LIVENESS, container

HEARD, NOT_HEARD = 143, 137
LATE = Spell(begin=150, end=250, mode="slow", seconds=0.6)
AMID = Scene(
    liveness=asks(WORK),
    apps=(App(spells=(replace(LATE, begin=650, end=800, of_life=True),), locks=(800.0,)),),
    seconds=2600,
)
FIRST_BUSY = replace(AMID, apps=(App(spells=(LATE,), locks=(250.0, 1e9)), App(locks=(400.0, 1e9))), seconds=900)


def history(scene: Scene, *more: Fact) -> WorkloadHistory:
    found = WorkloadHistory()
    for fact in (*more, *scene.facts()):
        found = observe(found, fact)
    return found


def judged(scene: Scene, *more: Fact) -> Judged:
    """What is said of the scene where that was seen too."""
    found = cases(scene.workload, history(scene, *more), objectives=scene.policy.objectives, exposed=True)
    findings = diagnose(found)
    return Judged(findings=findings, recommendation=recommend(found, findings, scene.policy))


@pytest.mark.parametrize("template", ["t0", "t1"])
@pytest.mark.parametrize(("exit_code", "hears"), [(HEARD, True), (0, True), (NOT_HEARD, False)])
def test_a_deleted_pod_shows_whether_its_process_hears(template: str, exit_code: int, hears: bool) -> None:  # noqa: FBT001
    """Of the present template or of another one."""
    (case,) = cases(AMID.workload, history(AMID, *deletion(AMID, exit_code, template=template)))

    assert hears_sigterm(case) is hears


def test_verdicts_and_figures_know_it_too() -> None:
    """The pods of a change are judged by how those before them ended, and older templates by all."""
    known = history(AMID, *deletion(AMID, HEARD))
    change = made(container(CONTAINER), container(CONTAINER, livenessProbe=LIVENESS), at=-1)

    assert [hears_sigterm(case) for case in fresh_cases(change, AMID.workload, known)] == [True]
    assert [hears_sigterm(case) for case in remembered(AMID.workload, known)] == [True, True]


def test_a_kill_that_was_heard_shows_it_and_one_that_was_not_shows_nothing() -> None:
    """A process may not hear because it is stuck."""
    (case,) = AMID.cases()
    assert hears_sigterm(case) is None

    (case,) = replace(AMID, apps=(App(spells=(Spell(begin=200, end=250),), handles_term=HEARD),)).cases()
    assert hears_sigterm(case) is True


@pytest.mark.parametrize("seen", [(), deletion(AMID, HEARD)], ids=["unknown", "hears"])
def test_liveness_stays_where_no_killed_process_could_hear(seen: tuple[Fact, ...]) -> None:
    """Answers came late before each kill, but all of them may be stuck: liveness gets time, as the objective allows."""
    said = judged(AMID, *seen)

    assert "liveness-kill-under-pressure" in said.names
    assert said.target.liveness is not None
    assert said.target.liveness.handler == WORK
    assert said.target.liveness.timeout_seconds > 1
    assert said.target.liveness.detection_seconds <= 60


def test_liveness_leaves_a_queue_where_the_process_never_hears() -> None:
    """That no kill was heard says nothing then."""
    assert judged(AMID, *deletion(AMID, NOT_HEARD, lived_seconds=7200)).target.liveness is None


@pytest.mark.parametrize("seen", [(), deletion(AMID, NOT_HEARD), deletion(AMID, HEARD)])
def test_how_a_deleted_pod_stopped_makes_no_lockup_of_a_kill(seen: tuple[Fact, ...]) -> None:
    """One idle pod that stopped at once, or did not, says little of what a busy one does.

    Minutes after a kill amid late answers another one came without any.
    """
    said = judged(FIRST_BUSY, *seen)

    assert "liveness-kill-under-pressure" in said.names
    assert "liveness-kill-of-lockup" not in said.names


RUSH = tuple(Spell(begin=b, end=b + 70, mode="slow", seconds=3.0) for b in (100, 700, 1300, 1900))


@pytest.mark.parametrize("stuck", [1, 2])
def test_who_hears_at_once_tells_who_was_stuck(stuck: int) -> None:
    """Busy processes stop when asked to; who took the whole grace period was stuck, though the fresh one relapsed."""
    apps = (
        App(spells=RUSH, handles_term=HEARD, locks=(1e9, 1e9, 395.0, 1e9) if stuck > 1 else (1e9,)),
        App(spells=RUSH, handles_term=HEARD, locks=(1e9, 1e9, 1e9, 1e9, 430.0, 1e9)),
    )
    said = Scene(liveness=asks(WORK), apps=apps, seconds=2600, grace=30).judge()

    assert said.finding("liveness-kill-of-lockup").samples == stuck
    assert said.finding("liveness-kill-under-pressure").samples >= 8
    assert said.target.liveness is not None


def test_who_stops_at_once_is_not_stuck_where_several_others_were_deaf() -> None:
    """A kill without any sign of load is no lock-up where the stuck ones of the workload never hear."""
    alone = Spell(begin=1500, end=1540, mode="hang")
    apps = (App(locks=(300.0, 500.0, 1e9), handles_term=HEARD), App(spells=(alone,), handles_term=HEARD))
    said = Scene(liveness=asks(WORK), apps=apps, seconds=2600, grace=30).judge()

    assert said.finding("liveness-kill-of-lockup").samples == 2
    assert any("when asked to" in line for line in said.finding("liveness-kill-under-pressure").evidence)
