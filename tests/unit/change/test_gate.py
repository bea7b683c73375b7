"""What stands between a recommendation and its application, each with its reason and a sentence on what to do."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from probetuner.change.record import Change, Outcome
from probetuner.facts.fact import Fact, PodRef
from probetuner.model.mode import Mode
from probetuner.model.policy import MOST_CHANGES_PER_DAY, Allowance, ApplyRules, Policy
from support.changes import log, made
from support.facts import T0, answered, counted, exited, failed, killed, pod, remember, started
from support.stage import Stage, Step
from support.stories import REPLICAS, crash_loop, flapping, killed_once, killed_under_load, oom_loop
from support.workloads import LIVENESS, Json, container, deployment

PUT_BACK = {
    "spec": {"template": {"spec": {"containers": [{"name": "web", "livenessProbe": LIVENESS, "readinessProbe": None}]}}}
}
OWNER = {"kind": "Rollout", "name": "shop-web", "controller": True}


def recommended(stage: Stage) -> str:
    """The id of what would be applied."""
    identity: str = stage.turn(until=Step.DECIDED).status["recommendation"]["id"]
    return identity


def blocked(stage: Stage) -> tuple[str, str]:
    """The reason and the message for which nothing is sent."""
    decision = stage.turn()
    assert decision.patch is None
    assert stage.sent == []
    condition = stage.condition("Applied")
    assert condition["status"] == "False"
    assert stage.status["recommendation"]
    return condition["reason"], condition["message"]


def test_nothing_in_the_way_means_that_it_is_applied() -> None:
    """In mode Apply a sure recommendation for a workload at rest is sent at once."""
    stage = Stage()

    stage.turn()

    assert len(stage.sent) == 1


def test_recommend_only_says_how_to_have_it_applied() -> None:
    """In mode Recommend the id to approve stands in the message."""
    stage = Stage(mode=Mode.RECOMMEND)
    identity = recommended(stage)

    reason, message = blocked(stage)

    assert reason == "ModeDoesNotApply"
    assert f"probetuner.dev/approve={identity}" in message
    assert stage.status["phase"] == "Recommended"
    assert [told.reason for told in stage.told] == ["Recommended"]


def test_an_approval_applies_exactly_that_recommendation() -> None:
    """The annotation with the id has it sent in mode Recommend, and a stale id says which one holds now."""
    stage = Stage(mode=Mode.RECOMMEND)
    identity = recommended(stage)
    stage.live["metadata"]["annotations"]["probetuner.dev/approve"] = "stale" * 100
    reason, message = blocked(stage)
    assert reason == "StaleApproval"
    assert identity in message
    assert "'stalestale" in message
    assert len(message) < 200

    stage.live["metadata"]["annotations"]["probetuner.dev/approve"] = identity
    stage.turn()

    assert len(stage.sent) == 1
    assert stage.latest["id"] == identity


def test_an_approval_is_good_for_once() -> None:
    """Who puts the old values back has not approved the same again."""
    stage = Stage(mode=Mode.RECOMMEND)
    stage.live["metadata"]["annotations"]["probetuner.dev/approve"] = recommended(stage)
    stage.turn()
    stage.now += 10
    stage.turn()
    stage.edit(PUT_BACK)
    stage.roll_out()
    stage.now += 10
    stage.turn()
    stage.learn(*killed_under_load((pod("back-a"), pod("back-b")), since=stage.now))
    stage.now += 100_000

    stage.turn()

    assert len(stage.sent) == 1
    assert stage.condition("Applied")["reason"] == "ApprovalUsed"
    assert "the approval was used at" in stage.condition("Applied")["message"]


@pytest.mark.parametrize(
    ("live", "reason", "words"),
    [
        pytest.param({"owners": OWNER}, "OwnedByController", "Rollout/shop-web owns", id="owned"),
        pytest.param(
            {"labels": {"argocd.argoproj.io/instance": "shop"}},
            "ManagedElsewhere",
            "Argo CD (shop)",
            id="Argo CD label",
        ),
        pytest.param(
            {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps"}},
            "ManagedElsewhere",
            "Argo CD",
            id="Argo CD",
        ),
        pytest.param({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}, "ManagedElsewhere", "Flux", id="Flux"),
        pytest.param({"labels": {"helm.toolkit.fluxcd.io/name": "x"}}, "ManagedElsewhere", "Flux", id="Flux Helm"),
        pytest.param(
            {"annotations": {"meta.helm.sh/release-name": "r" * 999}}, "ManagedElsewhere", "Helm (rrr", id="Helm"
        ),
        pytest.param({"paused": True}, "Paused", "resume it", id="paused"),
        pytest.param({"replicas": 1}, "TooFewReplicas", "spec.apply.minReplicas is 2", id="too few replicas"),
        pytest.param({"observed": 0}, "RolloutInProgress", "wait for its end", id="not looked at yet"),
    ],
)
def test_what_a_workload_is_may_forbid_it(live: dict[str, Any], reason: str, words: str) -> None:
    """Other writers, a pause, a rollout and too few replicas each forbid a change and say why."""
    stage = Stage(live=workload(**live), policy=Policy(apply=ApplyRules(min_replicas=2)))

    assert_blocked(stage, reason, words)
    assert stage.status["phase"] == "Blocked"
    assert [told.reason for told in stage.told if told.tone == "Warning"] == [reason]


def workload(
    *,
    owners: Json | None = None,
    paused: bool = False,
    observed: int = 1,
    **how: Any,
) -> Json:
    live = deployment(**how)
    live["metadata"]["ownerReferences"] = [owners] if owners else []
    live["spec"]["paused"] = paused
    live["status"]["observedGeneration"] = observed
    return live


def assert_blocked(stage: Stage, reason: str, words: str) -> None:
    found, message = blocked(stage)
    assert found == reason
    assert words in message
    assert len(message) <= 1024


def test_what_the_policy_does_not_allow_is_shown_only() -> None:
    """The recommendation stands there, with what would have to be allowed."""
    stage = Stage(policy=Policy(allow=frozenset({Allowance.STARTUP})))

    assert_blocked(stage, "NotAllowed", "does not list Types")


def test_low_confidence_waits_for_more_or_for_an_approval() -> None:
    """One kill is no proof; an approval of that very recommendation, and of no other, lifts the bar."""
    stage = Stage(history=remember(killed_once()))
    identity = recommended(stage)
    assert_blocked(stage, "LowConfidence", f"annotate probetuner.dev/approve={identity}")
    assert stage.status["phase"] == "Recommended"

    stage.live["metadata"]["annotations"]["probetuner.dev/approve"] = "another"
    assert_blocked(stage, "LowConfidence", "confidence is")
    stage.live["metadata"]["annotations"]["probetuner.dev/approve"] = identity
    stage.turn()

    assert len(stage.sent) == 1


def relapsing(*pods: PodRef, kills: int) -> Iterator[Fact]:
    """Containers that time out and are killed time and again, and none answers late: queue or hang, who knows."""
    for of in pods:
        yield started(0, of=of)
        yield from (counted(10 * n, 10 * n + 10, ok=1, of=of) for n in range(6))
        yield answered(60, buckets={2: 6}, of=of)
        for restarts in range(kills):
            at = 65.0 + 60 * restarts
            yield from (failed(at + late, of=of) for late in (0, 10, 20))
            yield counted(at - 5, at + 25, bad=3, of=of)
            yield killed(at + 20, of=of)
            yield exited(at + 50, restarts=restarts, of=of)
            yield started(at + 51, restarts=restarts + 1, of=of)


def stopgap(*pods: PodRef, kills: int, now: float, policy: Policy | None = None) -> Stage:
    """Replicas that get more patience, since nothing proves a queue yet."""
    policy = policy or Policy()
    live = deployment(container(livenessProbe=LIVENESS), replicas=len(pods))
    return Stage(live=live, history=remember(relapsing(*pods, kills=kills)), now=now, policy=policy)


def test_a_stopgap_waits_until_there_were_several_kills() -> None:
    """What comes next may show what helps for good; who does not want to wait approves it."""
    stage = stopgap(REPLICAS[0], kills=3, now=600)
    identity = recommended(stage)

    reason, message = blocked(stage)

    assert "a stopgap" in stage.status["recommendation"]["actions"][0]["reason"]
    assert reason == "LowConfidence"
    assert "3 kills may not show" in message
    assert f"probetuner.dev/approve={identity}" in message

    stage.live["metadata"]["annotations"]["probetuner.dev/approve"] = identity
    stage.turn()
    assert len(stage.sent) == 1


def test_a_stopgap_waits_for_a_minute_after_the_first_kill() -> None:
    """However many there are, counters that tell more come later; it is looked at again right then."""
    stage = stopgap(REPLICAS[0], kills=4, now=600)
    first = min(life.ended_at for entry in stage.history.containers for life in entry.lives if life.ended_at)
    stage.now = first - T0 + 49

    decision = stage.turn()

    assert (stage.sent, stage.condition("Applied")["reason"]) == ([], "LowConfidence")
    assert decision.recheck_seconds == pytest.approx(11)

    stage.now += 12
    stage.turn()
    assert len(stage.sent) == 1


def test_a_stopgap_is_not_waited_with_where_nothing_else_may_come() -> None:
    """Where the policy allows numbers alone, whatever the next kills prove would be patience again."""
    stage = stopgap(REPLICAS[0], kills=3, now=600, policy=Policy(allow=frozenset({Allowance.THRESHOLDS})))

    stage.turn()

    assert "a stopgap" in stage.status["recommendation"]["actions"][0]["reason"]
    assert len(stage.sent) == 1


def test_confidence_is_that_of_the_container_that_would_be_changed() -> None:
    """A neighbour that surely crashes makes nobody surer of this one."""
    crashes = [replace(fact, container="neighbour") for fact in crash_loop((pod("web-a"),), crashes=9)]
    live = deployment(container(livenessProbe=LIVENESS), container("neighbour"))
    stage = Stage(live=live, history=remember([*killed_once(), *crashes]))

    assert_blocked(stage, "LowConfidence", "confidence is")


SLOWER = container(livenessProbe={**LIVENESS, "periodSeconds": 20})


def after_changes(*times: float, now: float, **rules: Any) -> Stage:
    """Changes of something else were kept at these times, and now there is something new to recommend."""
    kept = (made(SLOWER, container(livenessProbe=LIVENESS), at=at, verdict=Outcome.KEPT) for at in reversed(times))
    return Stage(status=log(*kept), now=now, policy=Policy(apply=ApplyRules(**rules)))


def test_the_cool_down_spaces_changes() -> None:
    """After a change nothing is sent until the cool-down is over, and then it is, without anything happening."""
    stage = after_changes(-1000, now=300)
    decision = stage.turn()
    assert (decision.patch, stage.condition("Applied")["reason"]) == (None, "CoolDown")
    assert "spec.apply.cooldownSeconds is 3600" in stage.condition("Applied")["message"]
    assert decision.recheck_seconds == 3600 - 1300

    stage.now += decision.recheck_seconds
    stage.turn()

    assert len(stage.sent) == 1


TAKEN_BACK = made(container(livenessProbe=LIVENESS), SLOWER, at=-9000, verdict=Outcome.ROLLED_BACK, undone_at=0)
PUT_BACK_BY_OTHERS = made(container(livenessProbe=LIVENESS), SLOWER, at=-9000, verdict=Outcome.KEPT, reverted_at=0)


@pytest.mark.parametrize("back", [TAKEN_BACK, PUT_BACK_BY_OTHERS], ids=["undone", "put back"])
def test_the_cool_down_begins_anew_when_a_change_is_taken_back(back: Change) -> None:
    """An undone change is a rollout too: nobody is overruled within minutes."""
    stage = Stage(status=log(back), now=3500)
    assert (stage.turn().patch, stage.condition("Applied")["reason"]) == (None, "CoolDown")

    stage.now = 3601
    stage.turn()

    assert len(stage.sent) == 1


def test_the_daily_cap_counts_changes_of_a_day() -> None:
    """So many changes in 24 hours and no more; then it goes on by itself."""
    stage = after_changes(-80_000, -40_000, now=300, cooldown_seconds=600, max_changes_per_day=2)
    decision = stage.turn()
    assert (decision.patch, stage.condition("Applied")["reason"]) == (None, "DailyCap")
    assert "2 changes in 24 hours" in stage.condition("Applied")["message"]
    assert decision.recheck_seconds == 86_400 - 80_300

    stage.now += decision.recheck_seconds
    stage.turn()

    assert len(stage.sent) == 1


def test_the_highest_cap_is_reached() -> None:
    """Ten changes are remembered, which is as many as a policy may permit: the cap is reached, and holds."""
    times = [-10_000 + 900 * n for n in range(10)]
    stage = after_changes(*times, now=300, cooldown_seconds=600, max_changes_per_day=MOST_CHANGES_PER_DAY)

    stage.turn()

    assert (stage.sent, stage.condition("Applied")["reason"]) == ([], "DailyCap")


def test_a_rollout_is_not_interrupted_unless_the_kills_are_the_outage() -> None:
    """A rollout that cannot end because its pods are killed is what the change is for."""
    stage = Stage()
    stage.roll_out(updatedReplicas=1, availableReplicas=1, readyReplicas=1)

    stage.turn()

    assert len(stage.sent) == 1


@pytest.mark.parametrize(
    ("counts", "reason", "words"),
    [
        ({"updatedReplicas": 1}, "RolloutInProgress", "being rolled out"),
        ({"replicas": 3}, "RolloutInProgress", "being rolled out"),
        ({"readyReplicas": 1}, "Outage", "1 of 2 replicas are ready"),
    ],
)
def test_an_improvement_makes_no_outage_worse(counts: dict[str, int], reason: str, words: str) -> None:
    """Where nothing is killed, a rollout waits until all replicas are there."""
    live = deployment(container(readinessProbe=LIVENESS))
    live["status"] |= counts
    stage = Stage(live=live, history=remember(flapping()))

    assert_blocked(stage, reason, words)

    stage.roll_out()
    stage.turn()
    assert len(stage.sent) == 1


def test_advice_that_is_no_patch_is_not_blocked() -> None:
    """More memory is advice: there is nothing to apply, nothing to mend first, and nothing to warn of."""
    stage = Stage(live=deployment(container()), history=remember(oom_loop()))

    reason, message = blocked(stage)

    assert (reason, stage.status["phase"]) == ("NothingToApply", "Recommended")
    assert "nothing can be patched" in message
    assert [told.reason for told in stage.told] == ["Recommended"]


def test_a_patch_that_cannot_be_written_down_is_not_sent() -> None:
    """What undoes a change stands in the status before the change is made, or it is not made."""
    probe = {"exec": {"command": ["check", "x" * 70_000]}}
    stage = Stage(live=deployment(container(livenessProbe=probe)))

    reason, message = blocked(stage)

    assert reason == "PatchTooLarge"
    assert "by hand" in message
