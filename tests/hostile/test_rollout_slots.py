"""Nobody keeps others from their rollouts: a slot is for what goes on, for an hour, and half of them are for others."""

import pytest

from probetuner.change.pace import SLOT_SECONDS, holds_slot, rolling_since, share_of
from probetuner.change.situation import RefusalReason, Traffic
from probetuner.change.times import to_text
from probetuner.controller.pace import Pace
from probetuner.controller.view import View
from probetuner.model.mode import Mode
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.facts import T0, pod
from support.stage import Stage, Step
from support.stories import all_out_at_once, rolled_out

NEW = (pod("new-a", template="new"), pod("new-b", template="new"))
MONTH_SECONDS = 30 * 86400.0


def rolling(stage: Stage) -> bool:
    """Whether the workload holds a slot now."""
    since = rolling_since(stage.status)
    return since is not None and holds_slot(since, now=T0 + stage.now)


def half_way(stage: Stage) -> Stage:
    """The change is on the workload, and one of its two pods is replaced."""
    stage.turn()
    stage.now += 2
    stage.roll_out(updatedReplicas=1, replicas=3)
    stage.turn()
    assert rolling(stage)
    return stage


def worse(stage: Stage) -> Stage:
    """The change turned out to be worse, and nothing that would undo it gets through."""
    stage.turn()
    stage.now += 10
    stage.turn()
    stage.roll_out()
    stage.learn(*rolled_out(NEW, since=stage.now), *all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 120
    stage.server_says = RefusalReason.FORBIDDEN
    stage.turn()
    assert stage.latest["verdict"] == "RolledBack"
    return stage


def test_a_paused_workload_holds_no_slot() -> None:
    """It says what keeps it, and counts again as soon as it goes on."""
    stage = half_way(Stage())
    stage.live["spec"]["paused"] = True
    for seconds in (60, 700, MONTH_SECONDS):
        stage.now += seconds
        stage.turn()
        assert not rolling(stage)
        assert (stage.status["phase"], stage.condition("Applied")["reason"]) == ("Blocked", "Paused")
    assert [told.reason for told in stage.told].count("Paused") == 1

    stage.live["spec"]["paused"] = False
    stage.turn()

    assert stage.status["phase"] != "Blocked"


def test_a_workload_that_is_paused_before_the_patch_holds_no_slot() -> None:
    """What was written down and cannot be sent is not in progress."""
    stage = Stage()
    stage.turn(until=Step.STATUS_WRITTEN)
    stage.live["spec"]["paused"] = True

    stage.turn()

    assert stage.sent == []
    assert not rolling(stage)


def test_an_undo_that_the_server_refuses_holds_no_slot() -> None:
    """It is shown as blocked, with the server's words, and tried again after ten minutes, which holds none either."""
    stage = worse(Stage())
    for _ in range(3):
        decision = stage.turn()
        assert not rolling(stage)
        assert stage.status["phase"] == "Blocked"
        assert stage.condition("Applied")["reason"] == "RefusedByServer"
        assert decision.recheck_seconds is not None
        stage.now += decision.recheck_seconds
        assert stage.turn().patch is not None

    stage.server_says = None
    stage.now += 600
    stage.turn()
    stage.turn()

    assert "undoneAt" in stage.latest


def test_a_slot_is_held_for_an_hour_at_most() -> None:
    """Who always moves on and never comes to an end keeps nobody waiting for ever."""
    stage = half_way(Stage())

    stage.now += SLOT_SECONDS

    assert rolling_since(stage.status) is not None
    assert not rolling(stage)


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "soon", None, 5])
def test_a_time_that_somebody_wrote_holds_no_slot(at: object) -> None:
    """Neither one to come nor one that is none."""
    since = rolling_since({"mode": "Apply", "phase": "Applying", "history": [{"appliedAt": at, "decidedAt": at}]})

    assert since is None or not holds_slot(since, now=T0)


def test_a_namespace_gets_half_of_the_slots_at_most() -> None:
    """However many of its workloads ask; another namespace finds room."""
    assert [share_of(limit) for limit in (1, 2, 3, 4, 10)] == [1, 1, 1, 2, 5]
    pace = Pace(View(default_mode=Mode.OFF), limit=2, clock=lambda: T0)
    one, other = (WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="greedy", name=name) for name in ("a", "b"))
    elsewhere = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="a")

    with pace.beginning(one):
        traffic = {ref: pace.traffic(ref) for ref in (other, elsewhere)}
    waiting, going = Stage(traffic=traffic[other]), Stage(traffic=traffic[elsewhere])
    waiting.turn()
    going.turn()

    assert (waiting.sent, waiting.condition("Applied")["reason"]) == ([], "TooManyRollouts")
    assert "in this namespace" in waiting.condition("Applied")["message"]
    assert len(going.sent) == 1
    assert traffic[elsewhere] == Traffic(elsewhere=1, limit=2, beside=0, share=1)


def test_times_are_those_of_the_change() -> None:
    """Since when it is on the workload, or since when it is to be undone."""
    entry = {
        "decidedAt": to_text(T0),
        "appliedAt": to_text(T0 + 5),
        "verdict": "RolledBack",
        "verdictAt": to_text(T0 + 9),
    }

    since = [
        rolling_since({"mode": "Apply", "phase": phase, "history": [entry]}) for phase in ("Applying", "RolledBack")
    ]

    assert since == [T0 + 5, T0 + 9]
