"""So many rollouts at once and no more, whatever the number of workloads that ask for one."""

from typing import Any

import pytest

from probetuner.change.pace import rolling_since
from probetuner.change.situation import Traffic
from probetuner.model.mode import Mode
from probetuner.model.pausing import PAUSED_ANNOTATION, PausedBy
from support.facts import pod
from support.stage import Stage, Step
from support.stories import all_out_at_once, rolled_out

NEW = (pod("new-a", template="new"), pod("new-b", template="new"))


def test_a_change_waits_while_as_many_rollouts_are_under_way_as_may_be() -> None:
    """It says so, is nobody's fault, and goes on as soon as there is room."""
    stage = Stage(traffic=Traffic(elsewhere=2, limit=2))
    decision = stage.turn()
    applied = stage.condition("Applied")
    assert (stage.sent, applied["reason"], stage.status["phase"]) == ([], "TooManyRollouts", "Recommended")
    assert "may be at once (2)" in applied["message"]
    assert [told.tone for told in stage.told] == ["Normal"]
    assert decision.recheck_seconds == 15

    stage.traffic = Traffic(elsewhere=1, limit=2)
    stage.turn()

    assert len(stage.sent) == 1


def test_how_many_are_under_way_causes_no_writes() -> None:
    """The number that changes all the time stands nowhere in the status."""
    stage = Stage(traffic=Traffic(elsewhere=2, limit=2))
    stage.turn()

    stage.traffic = Traffic(elsewhere=7, limit=2)
    stage.turn()

    assert stage.writes == 1


def test_a_change_counts_until_its_rollout_is_complete_and_again_while_it_is_undone() -> None:
    """Decided, sent and rolling out it counts; while it is verified it does not; the undo is a rollout too."""
    stage = Stage()
    counted = []
    for step in (stage.turn, stage.turn, stage.roll_out, stage.turn):
        step()
        counted.append(rolling_since(stage.status) is not None)
    stage.learn(*rolled_out(NEW, since=stage.now), *all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 120
    stage.turn()
    undoing = rolling_since(stage.status)
    stage.turn()

    assert counted == [True, True, True, False]
    assert undoing is not None
    assert rolling_since(stage.status) is None


def test_an_undo_waits_for_nobody() -> None:
    """However much is under way elsewhere, what is worse is undone."""
    stage = Stage()
    stage.turn()
    stage.turn()
    stage.roll_out()
    stage.learn(*rolled_out(NEW, since=stage.now), *all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 120
    stage.traffic = Traffic(elsewhere=9, limit=1)

    stage.turn()

    assert len(stage.sent) == 2


def test_no_change_begins_while_the_operator_is_paused() -> None:
    """It says so and who can let it go on; then the change is made."""
    stage = Stage(traffic=Traffic(paused=PausedBy.CHART))
    stage.turn()
    applied = stage.condition("Applied")
    assert (stage.sent, applied["reason"]) == ([], "OperatorPaused")
    assert "apply.paused" in applied["message"]

    stage.traffic = Traffic()
    stage.turn()

    assert len(stage.sent) == 1


@pytest.mark.parametrize(
    ("by", "reason", "again"),
    [
        (PausedBy.LEASE, "OperatorPaused", 30.0),
        (PausedBy.NAMESPACE, "PausedByAnnotation", None),
    ],
)
def test_who_paused_is_told(by: PausedBy, reason: str, again: float | None) -> None:
    """Where the annotation stands is told; the Lease is no object that is watched, so it is looked at again."""
    stage = Stage(traffic=Traffic(paused=by))

    decision = stage.turn()

    applied = stage.condition("Applied")
    assert (stage.sent, applied["reason"], stage.status["phase"]) == ([], reason, "Blocked")
    assert PAUSED_ANNOTATION in applied["message"]
    assert decision.recheck_seconds == again


@pytest.mark.parametrize("mode", [Mode.APPLY, Mode.RECOMMEND])
@pytest.mark.parametrize("word", ["true", "yes", ""])
def test_a_workload_that_says_so_is_left_alone(word: str, mode: Mode) -> None:
    """A word that is neither true nor false pauses too, and an approval does not lift it; false does."""
    stage = Stage(mode=mode)
    annotations = stage.live["metadata"]["annotations"]
    annotations[PAUSED_ANNOTATION] = word
    annotations["probetuner.dev/approve"] = stage.turn(until=Step.DECIDED).status["recommendation"]["id"]
    stage.turn()
    applied = stage.condition("Applied")
    assert (stage.sent, applied["reason"]) == ([], "PausedByAnnotation")

    annotations[PAUSED_ANNOTATION] = "false"
    stage.turn()

    assert len(stage.sent) == 1


@pytest.mark.parametrize("by", PausedBy)
def test_what_was_begun_is_undone_although_it_is_paused(by: PausedBy) -> None:
    """A pause is to keep workloads from harm, and leaves none in it."""
    stage = Stage()
    stage.turn()
    stage.turn()
    if by is PausedBy.WORKLOAD:
        stage.live["metadata"]["annotations"][PAUSED_ANNOTATION] = "true"
    else:
        stage.traffic = Traffic(paused=by)
    stage.roll_out()
    stage.learn(*rolled_out(NEW, since=stage.now), *all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 120

    stage.turn()

    assert len(stage.sent) == 2


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.OBSERVE])
def test_what_nobody_carries_on_does_not_count(mode: Mode) -> None:
    """A change that was left half way when the mode was lowered would hold everybody up for ever."""
    stage = Stage()
    stage.turn()
    stage.mode = mode
    stage.turn()

    assert rolling_since(stage.status) is None


@pytest.mark.parametrize(
    "status",
    [{}, {"mode": "Apply"}, {"mode": "Apply", "phase": "RolledBack", "history": [1]}, {"mode": 1, "phase": "Applying"}],
)
def test_a_status_that_somebody_edited_does_not_count(status: dict[str, Any]) -> None:
    """Anybody who may write a status can write anything."""
    assert rolling_since(status) is None
