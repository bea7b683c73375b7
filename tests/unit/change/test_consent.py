"""Nothing is written that is not asked for: what a user takes back or leaves out holds for changes under way too."""

import pytest

from probetuner.change.record import Outcome
from probetuner.model.mode import Mode
from probetuner.model.policy import ContainerMode, ContainerRules, Policy
from support.changes import log, made
from support.facts import pod
from support.stage import Stage, Step
from support.stories import all_out_at_once, rolled_out
from support.workloads import LIVENESS, container, deployment

NEW = (pod("new-a", template="new"), pod("new-b", template="new"))
APPROVE = "probetuner.dev/approve"


def under_way(stage: Stage) -> Stage:
    """The change is on the workload, which is rolled out."""
    stage.turn()
    stage.now += 10
    stage.turn()
    stage.roll_out()
    stage.learn(*rolled_out(NEW, since=stage.now))
    assert len(stage.sent) == 1
    return stage


def gone_bad(stage: Stage) -> Stage:
    """What the new pods did is worse than before."""
    stage.learn(*all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 120
    stage.turn()
    assert stage.latest["verdict"] == "RolledBack"
    return stage


def test_lowering_the_mode_withholds_the_undo_and_shows_it() -> None:
    """In mode Recommend nothing is written, not even the old values: they are the patch in the status, and told of."""
    stage = under_way(Stage())
    stage.mode = Mode.RECOMMEND

    gone_bad(stage)
    stage.now += 100
    decision = stage.turn()

    assert len(stage.sent) == 1
    assert stage.status["phase"] == "Blocked"
    applied = stage.condition("Applied")
    assert (applied["status"], applied["reason"]) == ("True", "UndoWithheld")
    assert "livenessProbe" in stage.status["patch"]
    assert [told.reason for told in stage.told].count("UndoWithheld") == 1
    assert (decision.patch, decision.recheck_seconds) == (None, None)


def test_raising_the_mode_again_has_the_undo_sent() -> None:
    """What was withheld is made good as soon as changes are asked for again."""
    stage = under_way(Stage())
    stage.mode = Mode.RECOMMEND
    gone_bad(stage)

    stage.mode = Mode.APPLY
    stage.turn()
    stage.turn()

    assert "livenessProbe" in stage.probes
    assert "undoneAt" in stage.latest


def test_old_values_put_back_by_hand_end_what_was_withheld() -> None:
    """A person who applies the patch of the status has undone the change."""
    stage = under_way(Stage())
    stage.mode = Mode.RECOMMEND
    gone_bad(stage)

    stage.edit(stage.sent[0] | {"spec": {"template": {"spec": {"containers": [UNDONE]}}}})
    stage.roll_out()
    stage.turn()

    assert "undoneAt" in stage.latest
    assert stage.condition("Applied")["reason"] == "Undone"


UNDONE = {"name": "web", "livenessProbe": LIVENESS, "readinessProbe": None}


def test_an_approval_is_one_of_the_undo_too() -> None:
    """Who approved a change in mode Recommend gets it judged and undone."""
    stage = under_way(approved())

    gone_bad(stage)

    assert stage.latest["approved"] is True
    assert len(stage.sent) == 2
    assert "livenessProbe" in stage.probes


def test_an_approval_that_is_taken_back_withholds_the_undo() -> None:
    """What the status says of an approval permits nothing; the annotation on the workload does, while it stands."""
    stage = under_way(approved())
    del stage.live["metadata"]["annotations"][APPROVE]

    gone_bad(stage)

    assert stage.latest["approved"] is True
    assert len(stage.sent) == 1
    assert stage.condition("Applied")["reason"] == "UndoWithheld"
    assert APPROVE in stage.condition("Applied")["message"]


def approved() -> Stage:
    """A workload in mode Recommend, whose recommendation a person has approved."""
    stage = Stage(mode=Mode.RECOMMEND)
    recommended = stage.turn(until=Step.DECIDED).status["recommendation"]["id"]
    stage.live["metadata"]["annotations"][APPROVE] = recommended
    return stage


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.OFF])
def test_lower_modes_leave_a_change_as_it_is(mode: Mode) -> None:
    """In Observe and Off nothing is judged and nothing sent; the log keeps the change for when somebody asks again."""
    stage = under_way(Stage())
    stage.mode = mode
    stage.learn(*all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 120

    stage.turn()

    assert len(stage.sent) == 1
    assert "verdict" not in stage.latest


def left_out(*names: str) -> Policy:
    return Policy(containers=ContainerRules(modes=dict.fromkeys(names, ContainerMode.OFF)))


def test_a_container_that_is_left_out_is_neither_judged_nor_changed() -> None:
    """It is shown as Off, without findings; the other container of the pod is changed as ever."""
    stage = Stage(
        live=deployment(container(livenessProbe=LIVENESS), container("sidecar", livenessProbe=LIVENESS)),
        policy=left_out("sidecar"),
    )

    stage.turn()

    (patched,) = stage.sent[0]["spec"]["template"]["spec"]["containers"]
    assert patched["name"] == "web"
    web, sidecar = stage.status["containers"]
    assert (web["mode"], sidecar["mode"], sidecar["findings"]) == ("Auto", "Off", [])
    assert sidecar["current"]["liveness"]["periodSeconds"] == 10


@pytest.mark.parametrize("name", ["web", "*"])
def test_with_all_containers_left_out_nothing_is_observed(name: str) -> None:
    """Nothing is found or sent, no restart is counted, and the condition says whose wish that is."""
    stage = Stage(policy=left_out(name))

    stage.turn()

    assert (stage.sent, stage.status["findings"], stage.status["falseRestarts"]) == ([], [], 0)
    observing = stage.condition("Observing")
    assert (observing["status"], observing["reason"]) == ("False", "AllContainersOff")


def test_leaving_a_container_out_stops_what_was_not_sent_yet() -> None:
    """A decision that was written down and not carried out is given up."""
    stage = Stage()
    stage.turn(until=Step.STATUS_WRITTEN)
    stage.policy = left_out("web")

    stage.turn()

    assert stage.sent == []
    assert "no longer asked for" in stage.latest["reason"]


def test_leaving_a_container_out_withholds_the_undo() -> None:
    """Its probes are not written any more, in no direction."""
    stage = under_way(Stage())
    stage.policy = left_out("web")
    stage.learn(*all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 120
    stage.turn()

    assert len(stage.sent) == 1
    assert stage.condition("Applied")["reason"] == "UndoWithheld"


def test_an_approval_of_nothing_is_answered() -> None:
    """With nothing recommended, an approval that was never used is told to be stale, once, in an Event too."""
    stage = Stage(mode=Mode.RECOMMEND, history=Stage().history.__class__())
    stage.live["metadata"]["annotations"][APPROVE] = "0123456789"

    stage.turn()
    stage.turn()

    applied = stage.condition("Applied")
    assert (applied["reason"], applied["status"]) == ("StaleApproval", "False")
    assert "nothing is recommended now" in applied["message"]
    assert [told.reason for told in stage.told] == ["StaleApproval"]


def test_changed_values_that_come_back_after_a_rollback_are_told_of_and_left() -> None:
    """A rollback that does not stick is somebody else's doing: it shows, and nobody is fought over it."""
    old, new = container(livenessProbe=LIVENESS), container(livenessProbe={**LIVENESS, "periodSeconds": 20})
    undone = made(old, new, at=-9000, verdict=Outcome.ROLLED_BACK, undone_at=-8000)
    stage = Stage(live=deployment(new), status=log(undone), history=Stage().history.__class__())

    stage.turn()
    stage.turn()

    assert stage.sent == []
    reverted = stage.condition("RevertedByOther")
    assert (reverted["status"], "put the changed values back" in reverted["message"]) == ("True", True)
    assert [told.reason for told in stage.told] == ["RevertedByOther"]
