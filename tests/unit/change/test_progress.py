"""How a change goes on, whoever goes on with it: nothing is applied twice, nothing hangs, nothing is forgotten."""

import itertools

import pytest

from probetuner.change.situation import RefusalReason
from probetuner.facts.fact import PodRef
from probetuner.model.mode import Mode
from support.facts import pod
from support.stage import Stage, Step
from support.stories import all_out_at_once, bearing_load, killed_under_load, rolled_out
from support.workloads import LIVENESS, Json, container, deployment

NEW = (pod("new-a", template="new"), pod("new-b", template="new"))
TARGET = {"readinessProbe": {**LIVENESS, "timeoutSeconds": 10}}


def edit(**probes: Json | None) -> Json:
    """What somebody does to the workload's probes with kubectl."""
    return {"spec": {"template": {"spec": {"containers": [{"name": "web", **probes}]}}}}


PUT_BACK = edit(livenessProbe=LIVENESS, readinessProbe=None)


def applied(stage: Stage, pods: tuple[PodRef, ...] = NEW) -> Stage:
    """The change has been sent and its rollout is done."""
    stage.turn()
    stage.now += 10
    stage.turn()
    stage.roll_out()
    stage.learn(*rolled_out(pods, since=stage.now))
    return stage


def kept(stage: Stage, pods: tuple[PodRef, ...] = NEW) -> Stage:
    """The change has proved itself."""
    applied(stage, pods).learn(*bearing_load(pods, since=stage.now + 10))
    stage.now += 120
    stage.turn()
    assert stage.latest["verdict"] == "Kept"
    return stage


def worse(stage: Stage) -> Stage:
    """The change has turned out to be worse; what undoes it has been sent, as far as the server lets it."""
    applied(stage).learn(*all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 40
    stage.turn()
    assert stage.latest["verdict"] == "RolledBack"
    return stage


def test_a_change_is_written_down_before_it_is_sent() -> None:
    """An operator that dies after the status has written what it was about to do, and has not done it."""
    stage = Stage()

    stage.turn(until=Step.STATUS_WRITTEN)

    assert stage.sent == []
    assert stage.latest["id"] == stage.status["history"][0]["id"]
    assert stage.condition("Applied")["reason"] == "Sending"


@pytest.mark.slow
@pytest.mark.parametrize("deaths", list(itertools.product(Step, repeat=2)), ids=", ".join)
@pytest.mark.parametrize("good", [True, False], ids=["good", "worse"])
def test_a_new_process_goes_on_from_wherever_the_last_one_died(deaths: tuple[Step, ...], *, good: bool) -> None:
    """Dying after any step changes nothing of what becomes of a change: it is made once, judged, and undone once."""
    stage = Stage()
    for step in (*deaths, Step.ALL):
        stage.turn(until=step)
        stage.restart()
        stage.now += 10
    assert len(stage.sent) == 1
    stage.roll_out()
    stage.learn(*rolled_out(NEW, since=stage.now))
    evidence = bearing_load if good else all_out_at_once
    stage.learn(*evidence(NEW, since=stage.now + 20))
    stage.now += 120
    for step in (*deaths, Step.ALL, Step.ALL):
        stage.turn(until=step)
        stage.restart()
        stage.now += 10

    assert stage.latest["verdict"] == ("Kept" if good else "RolledBack")
    assert len(stage.status["history"]) == 1
    assert len(stage.sent) == (1 if good else 2)
    assert ("livenessProbe" in stage.probes) == (not good)


def test_a_stale_view_makes_no_second_change() -> None:
    """A process that does not see its own patch yet sends it again in vain, and goes on when it does see it."""
    stage = Stage()
    stage.look_back()
    stage.turn()
    stage.now += 1
    stage.turn()
    assert (len(stage.sent), stage.refusal and stage.refusal.reason) == (1, RefusalReason.CONFLICT)

    stage.seen = None
    stage.now += 1
    stage.turn()

    assert len(stage.sent) == 1
    assert "verdict" not in stage.latest
    assert stage.condition("Applied")["status"] == "True"


def test_a_conflict_is_waited_out() -> None:
    """A workload's status moves all the time: a conflict is tried again soon, not at once, and is no refusal."""
    stage = Stage(server_says=RefusalReason.CONFLICT)
    stage.turn()
    decision = stage.turn()
    assert decision.patch is None
    assert decision.recheck_seconds is not None
    assert decision.recheck_seconds <= 5

    stage.server_says = None
    stage.now += decision.recheck_seconds
    stage.turn()

    assert len(stage.sent) == 1
    assert len(stage.status["history"]) == 1


@pytest.mark.parametrize("reason", [RefusalReason.REJECTED, RefusalReason.FORBIDDEN])
def test_a_refusal_drops_the_change_and_says_why(reason: RefusalReason) -> None:
    """What the server does not take is not sent again and again; it says so, and is asked again after ten minutes."""
    stage = Stage(server_says=reason)
    stage.turn()
    stage.now += 1
    stage.turn()
    assert "the server says" in stage.latest["reason"]
    assert stage.condition("Conflict")["status"] == "True"
    assert stage.condition("Applied") | {"lastTransitionTime": ""} == {
        "type": "Applied",
        "status": "False",
        "reason": "RefusedByServer",
        "message": f"the server says {reason}",
        "lastTransitionTime": "",
        "observedGeneration": 1,
    }
    assert [told.reason for told in stage.told].count("NotApplied") == 1

    stage.server_says = None
    assert stage.turn().patch is None
    stage.now += 600
    stage.turn()

    assert len(stage.sent) == 1


def test_endless_refusals_do_not_push_out_what_was_done() -> None:
    """Of one recommendation that is refused again and again the log keeps the last attempt."""
    stage = kept(Stage())
    stage.edit(PUT_BACK)
    stage.roll_out()
    stage.turn()
    stage.server_says = RefusalReason.FORBIDDEN
    stage.learn(*killed_under_load((pod("back-a"), pod("back-b")), since=stage.now))
    for _ in range(12):
        stage.now += 1800
        stage.turn()

    assert [entry.get("verdict") for entry in stage.status["history"]][-1] == "Kept"
    assert len(stage.status["history"]) <= 3


def test_a_workload_that_was_changed_meanwhile_is_left_alone() -> None:
    """What was decided for other probes than are there now is not sent; it is decided anew, and that can be undone."""
    stage = Stage()
    stage.turn(until=Step.STATUS_WRITTEN)
    stage.edit(edit(livenessProbe={"failureThreshold": 12}))
    stage.roll_out()

    stage.turn()

    new, old = stage.status["history"]
    assert "the workload was changed before" in old["reason"]
    assert old["id"] != new["id"]
    assert '"failureThreshold": 12' in new["undo"]


def test_a_change_of_another_field_does_not_stand_in_the_way() -> None:
    """Only the fields that the patch writes are compared."""
    stage = Stage()
    stage.turn(until=Step.STATUS_WRITTEN)
    stage.edit({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "registry.test/web:2"}]}}}})

    stage.turn()

    assert len(stage.sent) == 1


def test_what_could_not_be_sent_in_time_is_dropped() -> None:
    """An operator that was away for long decides anew instead of carrying out an old decision."""
    stage = Stage()
    stage.turn(until=Step.STATUS_WRITTEN)
    stage.now += 601

    stage.turn()

    assert "could not be sent within" in stage.status["history"][-1]["reason"]


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.OBSERVE, Mode.RECOMMEND])
def test_a_mode_that_is_lowered_stops_what_was_not_sent_yet(mode: Mode) -> None:
    """The user's wish of now counts, not the one of when it was decided."""
    stage = Stage()
    stage.turn(until=Step.STATUS_WRITTEN)
    stage.mode = mode

    for _ in range(3):
        stage.now += 5
        stage.turn()

    assert stage.sent == []
    assert stage.probes == {"livenessProbe": LIVENESS}


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.OBSERVE])
def test_off_and_observe_never_send(mode: Mode) -> None:
    """Not even what undoes an earlier change."""
    fresh = Stage(mode=mode)
    fresh.turn()
    bad = applied(Stage())
    bad.learn(*all_out_at_once(NEW, since=bad.now + 20))
    bad.mode, bad.now = mode, bad.now + 40
    bad.turn()

    assert (fresh.sent, len(bad.sent)) == ([], 1)


def test_a_paused_workload_waits() -> None:
    """A pause that comes between the decision and the patch is respected."""
    stage = Stage()
    stage.turn(until=Step.STATUS_WRITTEN)
    stage.edit({"spec": {"paused": True}})
    stage.turn()
    assert stage.sent == []

    stage.edit({"spec": {"paused": None}})
    stage.now += 60
    stage.turn()

    assert len(stage.sent) == 1


def test_a_rollback_is_sent_until_it_is_seen() -> None:
    """The old values are put back explicitly, again and again if need be, and only until they are there."""
    stage = applied(Stage())
    stage.learn(*all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 40
    stage.turn(until=Step.STATUS_WRITTEN)
    assert "undoneAt" not in stage.latest
    decision = stage.turn(until=Step.STATUS_WRITTEN)
    assert decision.patch is not None
    assert decision.recheck_seconds == 15

    stage.turn()
    stage.now += 10
    stage.turn()

    assert stage.probes["livenessProbe"].items() >= LIVENESS.items()
    assert "readinessProbe" not in stage.probes
    assert "undoneAt" in stage.latest
    assert len(stage.sent) == 2
    assert stage.condition("Verified")["status"] == "False"
    assert stage.condition("Applied")["reason"] == "Undone"
    assert stage.status["phase"] == "RolledBack"


def test_a_refused_rollback_is_sent_again_now_and_then() -> None:
    """A server that does not take the old values is not asked at every look."""
    stage = applied(Stage())
    stage.server_says = RefusalReason.FORBIDDEN
    worse_at = stage.now + 20
    stage.learn(*all_out_at_once(NEW, since=worse_at))
    stage.now += 40
    stage.turn()
    for _ in range(10):
        stage.now += 15
        assert stage.turn().patch is None

    stage.server_says = None
    stage.now += 600
    stage.turn()

    assert len(stage.sent) == 2


def test_a_rollback_that_somebody_overtakes_is_over() -> None:
    """Probes that are neither the new nor the old ones are somebody else's, and nothing waits for them for ever."""
    stage = applied(Stage())
    stage.server_says = RefusalReason.CONFLICT
    stage.learn(*all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 40
    stage.turn()
    stage.edit(edit(readinessProbe={"timeoutSeconds": 7}))
    stage.server_says = None

    decision = stage.turn()

    assert decision.patch is None
    assert "changed the same probes" in stage.latest["reason"]
    assert stage.turn().recheck_seconds != 15


def test_a_tried_and_rolled_back_change_is_not_recommended_again() -> None:
    """What turned out worse stays undone however often the trouble returns, and it is said why."""
    stage = worse(Stage())
    stage.roll_out()
    stage.learn(*killed_under_load((pod("back-a"), pod("back-b")), since=stage.now + 10))
    for _ in range(2):
        stage.now += 86_400
        stage.turn()

    assert stage.status["recommendation"]["summary"] == "raise-timeout, raise-failure-threshold"
    told = stage.condition("RecommendationReady")["message"]
    assert "replace-liveness-with-readiness was tried and rolled back" in told
    assert "readiness took every replica out of the Service at once" in told

    for _ in range(4):  # The rollout of that does not go on, so it is undone as well.
        stage.now += 86_400
        stage.turn()

    assert [taken_away(patch) for patch in stage.sent] == [True, False, False, False]
    assert stage.condition("RecommendationReady")["reason"] == "TriedBefore"
    assert "raise-timeout" in stage.condition("RecommendationReady")["message"]
    assert stage.status["phase"] == "RolledBack"


def taken_away(patch: Json) -> bool:
    """Whether the patch takes liveness away."""
    (entry,) = patch["spec"]["template"]["spec"]["containers"]
    return "livenessProbe" in entry and entry["livenessProbe"] is None


@pytest.mark.parametrize("verdict", ["pending", "Kept", "Inconclusive"])
def test_what_somebody_puts_back_is_noticed(verdict: str) -> None:
    """Whether a change was judged or not: old values that return were put back by somebody, and it is told once."""
    stage = kept(Stage()) if verdict == "Kept" else applied(Stage())
    if verdict == "Inconclusive":
        stage.now += 4000
        stage.turn()
        assert stage.latest["verdict"] == verdict
    stage.edit(PUT_BACK)
    for _ in range(3):
        stage.now += 10
        stage.turn()

    assert "revertedAt" in stage.latest
    assert stage.condition("RevertedByOther")["status"] == "True"
    assert [told.reason for told in stage.told].count("RevertedByOther") == 1
    assert len(stage.sent) == 1


@pytest.mark.parametrize("process", ["the same", "another"])
def test_who_puts_back_before_anybody_has_looked_is_noticed_and_not_fought(process: str) -> None:
    """The generation tells that the patch arrived and is gone: it is sent once, also when the process died over it."""
    stage = Stage()
    stage.turn()
    stage.edit(PUT_BACK)
    if process == "another":
        stage.restart()
    for _ in range(5):
        stage.now += 15
        stage.turn()

    assert len(stage.sent) == 1
    assert {"appliedAt", "revertedAt"} <= set(stage.latest)
    assert stage.condition("RevertedByOther")["status"] == "True"


def test_who_scales_while_the_patch_is_on_its_way_does_not_keep_it_from_being_sent() -> None:
    """A patch that was refused since the workload had moved on is sent anew, however often it moves."""
    stage = Stage()
    for replicas in (3, 4, 5):
        stage.look_back()
        stage.edit({"spec": {"replicas": replicas}})
        stage.turn()
        stage.seen = None
        assert stage.sent == []
        stage.now += 1
        stage.turn()
        stage.now += 1
    stage.now += 5
    stage.turn()

    assert len(stage.sent) == 1
    assert "revertedAt" not in stage.latest


def test_who_puts_a_bad_change_forth_again_is_not_fought() -> None:
    """The old values were sent once and are gone again: that is shown and left alone."""
    stage = applied(Stage())
    stage.learn(*all_out_at_once(NEW, since=stage.now + 20))
    stage.now += 40
    stage.turn()
    stage.edit(stage.sent[0])
    for _ in range(5):
        stage.now += 15
        stage.turn()

    assert len(stage.sent) == 2
    assert {"undoneAt", "revertedAt"} <= set(stage.latest)


def test_what_was_put_back_once_is_tried_again_after_the_cool_down_and_twice_is_left_alone() -> None:
    """Once may have been a mistake; who puts it back twice means it."""
    stage = kept(Stage())
    for times in (1, 2):
        stage.edit(PUT_BACK)
        stage.roll_out()
        stage.now += 10
        old = (pod(f"back-{times}a"), pod(f"back-{times}b"))
        stage.learn(*killed_under_load(old, since=stage.now))
        stage.now += 300
        stage.turn()
        assert len(stage.sent) == times
        stage.now += 3600
        if times == 1:
            again = (pod("again-a", template="new"), pod("again-b", template="new"))
            kept(stage, again)
            assert len(stage.sent) == 2
    stage.turn()

    assert len(stage.sent) == 2
    assert stage.condition("Applied")["reason"] == "RevertedTwice"
    assert stage.status["phase"] == "Blocked"


def test_a_second_time_is_judged_by_its_own_pods() -> None:
    """A change that is made again leads to a template that is known from the first time."""
    stage = kept(Stage())
    stage.edit(PUT_BACK)
    stage.roll_out()
    stage.turn()
    stage.now += 10
    stage.learn(*killed_under_load((pod("back-a"), pod("back-b")), since=stage.now))
    stage.now += 4000
    stage.turn()
    stage.now += 10
    stage.turn()
    stage.roll_out()
    again = (pod("again-a", template="new"), pod("again-b", template="new"))
    stage.learn(*rolled_out(again, since=stage.now))
    stage.now += 60
    stage.turn()
    assert "verdict" not in stage.latest

    stage.learn(*bearing_load(again, since=stage.now))
    stage.now += 120
    stage.turn()

    assert [entry["verdict"] for entry in stage.status["history"]] == ["Kept", "Kept"]


def test_a_log_that_somebody_edited_stops_nothing() -> None:
    """Entries that cannot be read are left out, and deciding goes on."""
    stage = Stage()
    nonsense = {"id": "x", "decidedAt": "2026-01-01T00:00:00Z", "undo": "{}"}
    stage.status = {
        "history": [
            {**nonsense, "patch": "no json"},
            {**nonsense, "patch": "[" * 60_000},
            {**nonsense, "patch": "[]"},
            {**nonsense, "patch": "{}", "decidedAt": "yesterday"},
        ]
    }

    stage.turn()

    assert len(stage.sent) == 1


def test_other_kinds_of_trouble_change_nothing() -> None:
    """A workload without a probe to change gets no patch in any mode."""
    stage = Stage(live=deployment(container()))

    stage.turn()

    assert (stage.sent, stage.status.get("patch")) == ([], None)
