"""A person has a change undone: whatever the verdict was, by the same protocol, and it is not made again."""

from dataclasses import replace

import pytest

from probetuner.change.record import Outcome
from probetuner.model.mode import Mode
from probetuner.model.policy import Policy
from support.changes import log, made
from support.facts import pod
from support.stage import Stage, Step
from support.stories import rolled_out
from support.workloads import LIVENESS, container, deployment

NEW = (pod("new-a", template="new"), pod("new-b", template="new"))
OLD, LAXER = container(livenessProbe=LIVENESS), container(livenessProbe={**LIVENESS, "periodSeconds": 20})
ROLLBACK = "probetuner.dev/rollback"


def kept(*, mode: Mode = Mode.RECOMMEND, asked: str | None = "earlier") -> Stage:
    """A workload that carries a change of some days ago that was kept, and what a person asks for."""
    annotations = {} if asked is None else {ROLLBACK: asked}
    change = made(OLD, LAXER, at=-200_000, verdict=Outcome.KEPT)
    nothing = Stage().history.__class__()
    return Stage(live=deployment(LAXER, annotations=annotations), status=log(change), history=nothing, mode=mode)


@pytest.mark.parametrize("mode", [Mode.RECOMMEND, Mode.APPLY])
def test_a_change_that_was_kept_is_undone(mode: Mode) -> None:
    """It stands in the log first, the old values are sent and seen to be back, and it is told once."""
    stage = kept(mode=mode)

    stage.turn(until=Step.STATUS_WRITTEN)
    assert (stage.sent, stage.latest["verdict"]) == ([], "RolledBack")
    stage.restart()
    stage.turn()
    stage.turn()

    assert stage.probes["livenessProbe"]["periodSeconds"] == 10
    assert "undoneAt" in stage.latest
    assert ROLLBACK in stage.latest["reason"]
    assert len(stage.sent) == 1
    assert stage.status["phase"] == "RolledBack"
    assert stage.condition("Verified")["reason"] == "RolledBack"
    assert stage.condition("RevertedByOther")["status"] == "False"


def test_an_attempt_that_never_arrived_is_in_nobodys_way() -> None:
    """The latest change is the latest that the workload carries; what was refused since is not what is meant."""
    stage = kept()
    refused = replace(made(OLD, LAXER, at=-100, identity="refused"), applied_at=None, verdict=Outcome.INCONCLUSIVE)
    stage.status["history"].insert(0, log(refused)["history"][0])

    stage.turn()
    stage.turn()

    assert stage.probes["livenessProbe"]["periodSeconds"] == 10
    assert (stage.latest["id"], "undoneAt" in stage.latest) == ("earlier", True)


def test_it_is_told_once() -> None:
    """In an Event, which is no warning: it was asked for."""
    stage = kept()

    for _ in range(3):
        stage.turn()

    assert [(told.reason, told.tone) for told in stage.told] == [("RolledBack", "Normal")]


def test_a_change_that_is_being_verified_is_undone() -> None:
    """Nobody has to wait for the verdict, and the same is not recommended again."""
    stage = Stage()
    stage.turn()
    stage.turn()
    stage.roll_out()
    stage.learn(*rolled_out(NEW, since=stage.now))
    identity = stage.latest["id"]

    stage.live["metadata"]["annotations"][ROLLBACK] = identity
    stage.turn()
    stage.turn()
    stage.now += 100_000
    stage.turn()

    assert len(stage.sent) == 2
    assert stage.probes["livenessProbe"]["periodSeconds"] == 10
    assert (stage.status.get("recommendation") or {}).get("id") != identity


def test_what_was_not_sent_yet_never_is() -> None:
    """The change is given up, and not begun again for as long as the annotation stands there."""
    stage = Stage()
    identity = stage.turn(until=Step.STATUS_WRITTEN).status["history"][0]["id"]
    stage.live["metadata"]["annotations"][ROLLBACK] = identity

    for _ in range(3):
        stage.turn()

    assert stage.sent == []
    assert "nothing was applied" in stage.latest["reason"]
    assert stage.condition("Applied")["reason"] == "RollbackAsked"
    del stage.live["metadata"]["annotations"][ROLLBACK]
    stage.turn()
    assert len(stage.sent) == 1


@pytest.mark.parametrize("asked", ["other", "", "\x1b[2J" * 40])
def test_only_the_latest_change_is_undone(asked: str) -> None:
    """What names no change that the workload carries is answered where people look."""
    stage = kept(asked=asked)

    stage.turn()

    applied = stage.condition("Applied")
    assert (stage.sent, applied["status"]) == ([], "True")
    assert ROLLBACK in applied["message"]
    assert applied["message"].isprintable()


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.OBSERVE])
def test_in_lower_modes_nothing_is_written(mode: Mode) -> None:
    """A person's word does not lift what the mode forbids."""
    stage = kept(mode=mode)

    stage.turn()

    assert stage.sent == []


def test_what_the_policy_does_not_allow_is_shown() -> None:
    """The old values are the patch in the status."""
    stage = kept()
    stage.policy = Policy(allow=frozenset())

    stage.turn()

    assert stage.sent == []
    assert stage.condition("Applied")["reason"] == "UndoWithheld"
    assert "periodSeconds: 10" in stage.status["patch"]


def test_a_word_for_an_undo_is_none_for_a_change() -> None:
    """In mode Recommend the annotation of a rollback does not let the change itself be sent."""
    stage = Stage(mode=Mode.RECOMMEND)
    identity = stage.turn(until=Step.DECIDED).status["recommendation"]["id"]
    stage.live["metadata"]["annotations"][ROLLBACK] = identity

    stage.turn()

    assert stage.sent == []
