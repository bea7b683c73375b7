"""Verdicts: kept on proof, rolled back on harm, and inconclusive when the time is up; only new pods are judged."""

import pytest

from probetuner.change.verify import more_often
from probetuner.facts.fact import Fact, FailureCause, PodRef
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode
from probetuner.model.policy import ApplyRules, Policy
from probetuner.tuning.figures import Figures
from support.changes import between, log, made
from support.facts import READINESS, counted, exited, failed, killed, pod, ready, slow, started, unready
from support.stage import Stage
from support.stories import REPLICAS, all_out_at_once, bearing_load, killed_under_load, rolled_out
from support.workloads import LIVENESS, Json, container, deployment

NEW = (pod("new-a", template="new"), pod("new-b", template="new"))
RULES = ApplyRules(verify_seconds=600, cooldown_seconds=86_400)


PLAIN = container(livenessProbe=LIVENESS)
MOVED = container(readinessProbe={**LIVENESS, "timeoutSeconds": 10})
PATIENT = container(livenessProbe={**LIVENESS, "timeoutSeconds": 2, "failureThreshold": 6})
GATED = container(livenessProbe=LIVENESS, startupProbe={**LIVENESS, "failureThreshold": 30})


def sent(*, old: Json = PLAIN, new: Json = MOVED, kind: str = "Deployment") -> Stage:
    """A change stands on the workload, and its rollout has not begun."""
    stage = Stage(live=deployment(old, kind=kind), policy=Policy(apply=RULES), mode=Mode.RECOMMEND)
    stage.status = log(made(old, new, at=stage.now))
    stage.edit(between(old, new))
    stage.now += 10
    stage.turn()
    assert stage.status["phase"] == "Applying"
    return stage


def verifying(*, old: Json = PLAIN, new: Json = MOVED) -> Stage:
    """The rollout is done: the new pods have just been started, and are ready if they have a readiness probe."""
    stage = sent(old=old, new=new)
    stage.roll_out()
    stage.learn(*(rolled_out(NEW, since=stage.now) if "readinessProbe" in new else starts(stage.now)))
    stage.now += 5
    stage.turn()
    assert stage.status["phase"] == "Verifying"
    return stage


def starts(since: float) -> list[Fact]:
    return [started(since, of=of) for of in NEW]


def verdict(stage: Stage, *, after: float) -> str | None:
    stage.now += after
    stage.turn()
    given: str | None = stage.latest.get("verdict")
    return given


def test_time_without_trouble_proves_nothing() -> None:
    """A change after which nothing happens is not kept for that; when the time is up it stays, and says so."""
    stage = verifying()

    assert verdict(stage, after=500) is None
    assert stage.condition("Verified")["status"] == "Unknown"
    assert verdict(stage, after=120) == "Inconclusive"
    assert "nothing happened in 600 s" in stage.latest["reason"]
    assert stage.condition("Applied")["status"] == "True"


def test_bearing_what_the_old_probe_would_not_have_borne_is_proof() -> None:
    """Answers slower than the old timeout, and no restart: the verdict comes at once."""
    stage = verifying()
    stage.learn(*bearing_load(NEW, since=stage.now))

    assert verdict(stage, after=90) == "Kept"
    assert "took longer than the 1 s allowed before" in stage.latest["reason"]
    assert stage.status["phase"] == "Kept"
    assert stage.condition("Verified")["status"] == "True"


@pytest.mark.parametrize(
    ("period", "attempts", "given"), [(10, 2, None), (10, 3, "Kept"), (30, 1, None), (30, 2, "Kept")]
)
def test_proof_is_as_much_slowness_as_the_old_probe_would_have_acted_on(
    period: int, attempts: int, given: str | None
) -> None:
    """Three attempts 10 s apart lasted 20 s: that shows in two that come 30 s apart, and in none less of either."""
    new = container(readinessProbe={**LIVENESS, "timeoutSeconds": 30, "periodSeconds": period})
    stage = verifying(new=new)
    for of in NEW:
        for n in range(attempts):
            at = stage.now + period * n
            stage.learn(counted(at, at + 10, ok=1, probe=READINESS, of=of), slow(at + 10, 1, probe=READINESS, of=of))

    assert verdict(stage, after=90) == given


def test_proof_waits_for_the_rollout_to_settle() -> None:
    """What the first pods bear while others are still being replaced is no verdict yet."""
    stage = sent()
    stage.roll_out(replicas=3)
    stage.learn(*rolled_out(NEW, since=stage.now), *bearing_load(NEW, since=stage.now))
    assert verdict(stage, after=90) is None

    stage.roll_out()
    assert verdict(stage, after=1) == "Kept"


def test_refusals_while_starting_are_no_proof() -> None:
    """A readiness probe fails until the application listens: nothing was borne by that."""
    stage = verifying()
    for of in NEW:
        stage.learn(failed(stage.now, probe=READINESS, cause=FailureCause.REFUSED, count=9, of=of))
        stage.learn(counted(stage.now - 5, stage.now + 5, bad=9, probe=READINESS, of=of))

    assert verdict(stage, after=90) is None


def test_timeouts_that_the_new_probe_lets_pass_are_proof() -> None:
    """Failed attempts that once led to a restart, and now to nothing, are what the change was for, on every replica."""
    stage = verifying()
    stage.learn(*(failed(stage.now + late, probe=READINESS, of=NEW[0]) for late in (20, 30, 40)))
    assert verdict(stage, after=90) is None

    stage.learn(*(failed(stage.now + late, probe=READINESS, of=NEW[1]) for late in (20, 30, 40)))
    assert verdict(stage, after=90) == "Kept"


@pytest.mark.parametrize("pods", [REPLICAS, (pod("new-c", template="old"),)], ids=["old pods", "new pods of the old"])
def test_pods_of_the_old_template_do_not_count(pods: tuple[PodRef, ...]) -> None:
    """What the replaced pods still go through says nothing about the change."""
    stage = verifying()
    stage.learn(*killed_under_load(pods, since=stage.now), *bearing_load(pods, since=stage.now))

    assert verdict(stage, after=400) is None


def test_false_restarts_as_often_as_before_are_worse() -> None:
    """A change that cures nothing is undone, with the figures."""
    stage = verifying(new=PATIENT)
    stage.learn(*killed_under_load(NEW, since=stage.now, kills=4))

    assert verdict(stage, after=300) == "RolledBack"
    assert "false restarts in" in stage.latest["reason"]
    assert stage.latest["after"]["falseRestarts"] > 0


@pytest.mark.parametrize(
    ("later", "seconds", "earlier", "before", "more"),
    [
        (0, 600, 0, 600, False),
        (1, 600, 0, 600, False),
        (3, 600, 0, 600, True),
        (2, 60, 0, 3600, True),
        (4, 600, 3, 600, False),
        (12, 600, 3, 600, True),
        (30, 6000, 3, 600, False),
    ],
)
def test_more_often_is_more_than_chance_makes(
    later: int, seconds: float, earlier: int, before: float, *, more: bool
) -> None:
    """A count in its time is compared with another in another time."""
    figures = Figures(observed_seconds=seconds), Figures(observed_seconds=before)

    assert more_often(later, figures[0], earlier, figures[1]) is more


def test_fewer_false_restarts_than_before_are_not_worse_and_no_proof() -> None:
    """A change that helps a little stays, and what still happens is said."""
    stage = verifying(new=PATIENT)
    stage.learn(*(counted(stage.now + 10 * n, stage.now + 10 * n + 10, ok=1, of=of) for n in range(300) for of in NEW))
    stage.learn(*killed_under_load((pod("new-c", template="new"),), since=stage.now + 3000, kills=2))

    assert verdict(stage, after=4200) == "Inconclusive"
    assert "fewer than before" in stage.latest["reason"]


def test_every_replica_out_at_once_is_worse() -> None:
    """Readiness that follows latency turns a slow service into a dead one: that is undone at once."""
    stage = verifying()
    stage.learn(*all_out_at_once(NEW, since=stage.now + 10))

    assert verdict(stage, after=20) == "RolledBack"
    assert "every replica out of the Service at once" in stage.latest["reason"]


def test_replicas_out_one_after_the_other_are_bearable() -> None:
    """As long as one stays in, the Service answers."""
    stage = verifying()
    for number, of in enumerate(NEW):
        stage.learn(unready(stage.now + 30 * number, of=of), ready(stage.now + 30 * number + 20, of=of))

    assert verdict(stage, after=90) is None


def test_an_outage_is_not_blamed_on_a_change_that_did_not_touch_readiness() -> None:
    """All replicas may be out for a reason of their own."""
    ready_too = {"readinessProbe": {"httpGet": {"path": "/ready", "port": 80}}}
    stage = verifying(old={**PLAIN, **ready_too}, new={**PATIENT, **ready_too})
    stage.learn(*all_out_at_once(NEW, since=stage.now + 20))

    assert verdict(stage, after=60) is None


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_rollout_that_stands_still_is_undone(kind: str) -> None:
    """Pods of the old template remain and no new one comes: only a Deployment would ever say so itself."""
    stage = sent(kind=kind)
    stage.roll_out(updatedReplicas=1)
    stage.learn(started(stage.now + 100, of=NEW[0]))

    assert verdict(stage, after=650) is None
    assert verdict(stage, after=60) == "RolledBack"
    assert "did not move for 600 s" in stage.latest["reason"]


def test_a_paused_rollout_stands_still_on_purpose() -> None:
    """Who pauses a rollout wants it to wait."""
    stage = sent()
    stage.edit({"spec": {"paused": True}})
    stage.roll_out(updatedReplicas=1)

    assert verdict(stage, after=5000) is None


FAILED = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]


def test_a_failed_rollout_is_undone() -> None:
    """The Deployment says that its new pods do not come up in time."""
    stage = sent()
    stage.roll_out(updatedReplicas=1)
    stage.live["status"]["conditions"] = FAILED

    assert verdict(stage, after=60) == "RolledBack"
    assert stage.latest["reason"] == "the rollout of the change failed"


def test_the_failure_of_the_rollout_before_is_not_this_one_s() -> None:
    """A workload that was killed in a loop for ten minutes carries the mark of it until its controller has looked."""
    stage = sent()
    stage.live["status"]["conditions"] = FAILED
    assert verdict(stage, after=60) is None

    stage.live["status"]["conditions"] = []
    stage.roll_out()
    stage.learn(*rolled_out(NEW, since=stage.now), *bearing_load(NEW, since=stage.now + 10))
    assert verdict(stage, after=90) == "Kept"


def test_new_pods_that_keep_coming_do_not_put_the_verdict_off() -> None:
    """A workload that is scaled all the time is judged too."""
    stage = verifying()
    for n in range(40):
        stage.now += 50
        stage.learn(*rolled_out((pod(f"more-{n}", template="new"),), since=stage.now))
        stage.turn()

    assert stage.latest["verdict"] == "Inconclusive"


def test_a_workload_that_is_scaled_to_nothing_gets_a_verdict() -> None:
    """With no pod left there is nothing to wait for."""
    stage = sent()
    stage.live["spec"]["replicas"] = 0
    stage.roll_out()

    assert verdict(stage, after=1300) == "Inconclusive"


def test_new_replicas_that_never_answer_are_undone() -> None:
    """All pods are new and stay unavailable: the old probes at least let them in."""
    stage = sent()
    stage.roll_out(readyReplicas=0, availableReplicas=0)
    stage.learn(*(started(stage.now, of=of) for of in NEW))

    assert verdict(stage, after=700) == "RolledBack"
    assert stage.latest["reason"] == "2 new replicas never answered a probe"


def test_a_replica_that_is_away_for_a_while_is_no_failed_rollout() -> None:
    """A node that is drained long after the rollout has nothing to do with the change."""
    stage = verifying()
    stage.learn(*bearing_load(NEW, since=stage.now + 500))
    stage.roll_out(readyReplicas=1, availableReplicas=1)
    assert verdict(stage, after=590) is None

    stage.roll_out()
    assert verdict(stage, after=1) == "Kept"


def test_starts_that_come_up_prove_a_startup_probe() -> None:
    """Every new pod came up, however slowly, and none was killed."""
    stage = verifying(new=GATED)
    stage.learn(counted(stage.now + 35, stage.now + 45, ok=1, of=NEW[0]))
    assert verdict(stage, after=60) is None

    stage.learn(counted(stage.now - 20, stage.now - 10, ok=1, of=NEW[1]))
    assert verdict(stage, after=1) == "Kept"
    assert "2 starts came up, the slowest after 55 s" in stage.latest["reason"]


def test_a_start_that_is_killed_again_proves_nothing() -> None:
    """One replica that still does not come up keeps the verdict open until it is worse or late."""
    stage = verifying(new=GATED)
    stage.learn(counted(stage.now + 35, stage.now + 45, ok=1, of=NEW[0]))
    stage.learn(killed(stage.now + 60, of=NEW[1]), exited(stage.now + 61, of=NEW[1]))

    assert verdict(stage, after=90) != "Kept"


def test_false_restarts_never_fall_by_a_change_or_a_loss_of_memory() -> None:
    """What was found while the old probes were in force stands, though the present ones could not tell it again."""
    stage = Stage()
    stage.turn()
    found = stage.status["falseRestarts"]
    assert found > 0

    stage.now += 10
    stage.turn()
    stage.roll_out()
    stage.learn(*rolled_out(NEW, since=stage.now))
    stage.now += 5
    stage.turn()
    assert stage.status["falseRestarts"] >= found

    stage.history = WorkloadHistory()
    stage.turn()
    assert stage.status["falseRestarts"] >= found
