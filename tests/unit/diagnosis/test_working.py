"""How long replicas worked, by which their troubles are counted."""

from dataclasses import replace

import pytest

from gym.manifest import CONTAINER
from probetuner.diagnosis.diagnose import cases
from probetuner.diagnosis.working import working_seconds
from probetuner.facts.fact import ContainerExited, ContainerStarted, PodEnding
from support.application import App
from support.facts import remember
from support.scene import READYZ, T0, Scene, asks

HOUR = 3600.0
WORKS = Scene(liveness=asks(), readiness=asks(READYZ), seconds=HOUR)


def worked(scene: Scene) -> float:
    (case,) = scene.cases()
    return working_seconds(case)


def test_replicas_that_stay_up_work_all_the_time() -> None:
    """But for their start, which may be seen late."""
    assert worked(WORKS) == pytest.approx(HOUR, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("hours", [1, 6])
def test_time_in_which_starts_are_ended_is_not_worked(hours: int) -> None:
    """A container that waits for its next start cannot get stuck either; after hours most lives are forgotten."""
    hasty = asks(READYZ, period_seconds=5, failure_threshold=6)
    ended = replace(WORKS, startup=hasty, apps=(App(starts=(60.0,)), App(starts=(2.0,))), seconds=hours * HOUR)

    assert worked(ended) == pytest.approx(hours * HOUR / 2, rel=0.05)


def test_a_start_that_ends_by_itself_was_never_up() -> None:
    """Readiness would have told."""
    crashing = replace(WORKS, liveness=None, apps=(App(starts=(300.0,), exits=(250.0,)), App()))

    assert worked(crashing) == pytest.approx(HOUR / 2, rel=0.05)


def test_a_pod_that_was_deleted_while_its_container_waited_is_forgotten() -> None:
    """It is not away for as long as the others are watched."""
    gone = replace(WORKS.pod(), uid="gone", name="gone")
    waited = (
        ContainerStarted(at=T0, pod=gone, container=CONTAINER, restarts=0),
        ContainerExited(
            at=T0 + 5, pod=gone, container=CONTAINER, restarts=0, started_at=T0, exit_code=1, reason="Error"
        ),
        PodEnding(at=T0 + 60, pod=gone, container=CONTAINER, reason="deleted"),
    )

    assert worked(replace(WORKS, extra=waited, seconds=6 * HOUR)) == pytest.approx(6 * HOUR, rel=0.02)


def test_time_to_start_again_is_not_worked() -> None:
    """Of ten minutes each that a container runs, it starts for five."""
    restarted = replace(WORKS, liveness=None, apps=(App(starts=(300.0,), exits=(600.0,)),))

    assert worked(restarted) == pytest.approx(HOUR * 0.5, rel=0.2)


def test_time_stuck_is_not_worked() -> None:
    """A replica that nothing restarts gets stuck once, however long it is watched."""
    stuck = replace(WORKS, liveness=None, apps=(App(locks=(HOUR / 2,)),))

    assert worked(stuck) == pytest.approx(HOUR / 2, rel=0.05)


def test_who_begins_to_watch_late_counts_no_time_before() -> None:
    """When the containers began is told nevertheless."""
    scene = replace(WORKS, seconds=2 * HOUR)
    seen = [fact for fact in scene.facts() if isinstance(fact, ContainerStarted) or fact.at >= T0 + HOUR]
    (case,) = cases(scene.workload, remember(seen))

    assert working_seconds(case) == pytest.approx(HOUR, rel=0.02)
