"""Who ended a life: what the kubelet announced, what its counters prove, and what an exit code never says."""

import pytest

from probetuner.facts.fact import Fact, FailureCause, StopAnnounced
from probetuner.history.attribution import RestartCause, attribute
from probetuner.model.container import Container
from support.facts import (
    READINESS,
    STARTUP,
    T0,
    counted,
    ending,
    exited,
    failed,
    killed,
    lives,
    pod,
    started,
)
from support.workloads import LIVENESS, container, workload

PLAIN = workload(container(livenessProbe=LIVENESS)).containers[0]
GATED = workload(container(livenessProbe=LIVENESS, startupProbe={**LIVENESS, "failureThreshold": 4})).containers[0]


def causes(*facts: Fact, of: Container = PLAIN, grace_seconds: int = 30) -> list[RestartCause | None]:
    return [attribute(life, of, grace_seconds=grace_seconds) for life in lives(facts)]


@pytest.mark.parametrize(("code", "reason"), [(0, "Completed"), (143, "Error"), (137, "Error"), (1, "Error")])
def test_an_announced_kill_is_a_kill_whatever_the_exit_code(code: int, reason: str) -> None:
    """The application decides how it ends when it is told to, so the code says nothing."""
    story = (started(0), failed(60), failed(70), failed(80), killed(80), exited(82, code=code, reason=reason))

    assert causes(*story) == [RestartCause.LIVENESS_KILL]


def test_a_kill_goes_before_an_oom_label_that_sticks() -> None:
    """OOMKilled stays on a container whose child was killed once (kubernetes/kubernetes#104454)."""
    assert causes(started(0), killed(80), exited(90, reason="OOMKilled")) == [RestartCause.LIVENESS_KILL]


@pytest.mark.parametrize(("code", "cause"), [(137, RestartCause.OOM), (0, RestartCause.CRASH), (1, RestartCause.CRASH)])
def test_oom_takes_both_the_reason_and_the_code(code: int, cause: RestartCause) -> None:
    """The main process of an OOM kill ends by SIGKILL; any other code is the application's own end."""
    assert causes(started(0), exited(50, code=code, reason="OOMKilled")) == [cause]


@pytest.mark.parametrize("code", [0, 143, 137])
def test_counters_prove_a_kill_whose_announcement_was_lost(code: int) -> None:
    """Events are rate-limited: a counted streak at the threshold just before the end is a kill."""
    scrapes = (counted(60, 70, bad=1), counted(70, 80, bad=1), counted(80, 90, bad=1))

    assert causes(started(0), counted(50, 60, ok=1), *scrapes, exited(95, code=code)) == [RestartCause.LIVENESS_KILL]


def test_events_complete_what_the_last_scrape_shows() -> None:
    """A container that is gone before the next scrape told of its last failures by events alone."""
    story = (counted(740, 750, ok=1), counted(750, 760, bad=1), failed(752), failed(762), failed(772))

    assert causes(started(0), *story, exited(780, code=143)) == [RestartCause.LIVENESS_KILL]
    assert causes(started(0), *story[:-1], exited(780, code=143)) == [RestartCause.CRASH]


def test_events_prove_a_kill_where_there_are_no_counters() -> None:
    """A kubelet that cannot be scraped still tells of failures, one after the other at the probe's pace."""
    assert causes(started(0), failed(60), failed(70), failed(80), exited(110)) == [RestartCause.LIVENESS_KILL]


def test_a_startup_probe_kills_as_itself() -> None:
    """Which probe it was follows from whose threshold was reached."""
    announced = (started(0), killed(40, probe=STARTUP), exited(41))
    unannounced = (started(0), counted(0, 40, bad=4, probe=STARTUP), exited(41))

    assert causes(*announced, of=GATED) == causes(*unannounced, of=GATED) == [RestartCause.STARTUP_KILL]


@pytest.mark.parametrize(
    "story",
    [
        pytest.param((counted(760, 770, ok=1), counted(770, 790, bad=2)), id="streak below the threshold"),
        pytest.param((counted(750, 780, bad=3), counted(780, 790, ok=1)), id="success after the streak"),
        pytest.param((counted(780, 790, ok=1, bad=2),), id="streak that began within the scrape of the success"),
        pytest.param((failed(20), failed(400), failed(780)), id="failures far apart"),
        pytest.param((counted(0, 30, bad=3), failed(700)), id="streak long before the end"),
        pytest.param((failed(795, count=20), counted(760, 790, ok=3)), id="more than fit into the time since success"),
        pytest.param((failed(790), failed(800), failed(800, probe=READINESS)), id="failures of another probe"),
        pytest.param((failed(780, count=9, combined=True),), id="event that may be about another container"),
    ],
)
def test_no_streak_at_the_end_is_no_kill(story: tuple[Fact, ...]) -> None:
    """SIGTERM from elsewhere ends as 143 too; only failures in a row, up to the end, make it the probe's doing."""
    assert causes(started(0), *story, exited(800, code=143)) == [RestartCause.CRASH]


def test_an_own_exit_code_is_no_kill_however_many_failures() -> None:
    """A kill leaves 0, 143 or 137; an application that fails its probes and then exits with 1 has crashed."""
    assert causes(started(0), counted(0, 60, bad=6), exited(62, code=1)) == [RestartCause.CRASH]


@pytest.mark.parametrize(("end", "cause"), [(149, RestartCause.LIVENESS_KILL), (151, RestartCause.UNKNOWN)])
def test_the_end_follows_the_streak_within_the_grace_period(end: float, cause: RestartCause) -> None:
    """Grace, one more tick and half a minute until it is seen: what ends later than that ended otherwise."""
    assert causes(started(0), failed(60), failed(70), failed(80), exited(end)) == [cause]


def test_a_long_grace_period_explains_a_late_end() -> None:
    """A stuck process uses up the whole grace period between the kill and its end."""
    story = (started(0), failed(60), failed(70), failed(80), exited(280))

    assert causes(*story, grace_seconds=200) == [RestartCause.LIVENESS_KILL]
    assert causes(*story) == [RestartCause.UNKNOWN]


def test_what_the_kubelet_stops_for_no_probe_was_stopped() -> None:
    """It says so when it makes a sandbox anew, and then failures before that are no kill."""
    stop = StopAnnounced(at=T0 + 80, pod=pod(), container="web", count=3)

    assert causes(started(0), failed(60), failed(70), failed(80), stop, exited(110)) == [RestartCause.STOPPED]
    assert causes(started(0), killed(70), stop, exited(110)) == [RestartCause.LIVENESS_KILL]


@pytest.mark.parametrize(("code", "cause"), [(0, "stopped"), (143, "stopped"), (1, "crash"), (137, "unknown")])
def test_an_end_that_nobody_watched_may_have_been_asked_for(code: int, cause: str) -> None:
    """Who asked stands in events of that hour; who watched knows that nobody did."""
    (life,) = lives((started(0), exited(100, code=code)))

    assert attribute(life, PLAIN, watched_since=T0 + 500) == RestartCause(cause)
    assert attribute(life, PLAIN) == (RestartCause.UNKNOWN if code == 137 else RestartCause.CRASH)


@pytest.mark.parametrize(
    ("last", "code", "cause"),
    [(799, 143, "liveness-kill"), (769, 137, "liveness-kill"), (799, 1, "crash"), (740, 143, "crash")],
)
def test_failures_told_of_at_once_are_a_kill_only_just_before_the_end(last: float, code: int, cause: str) -> None:
    """Nine in ten minutes are no streak; that the last comes a second before the end, or before the grace, is."""
    story = (started(0), failed(last, count=9, since=200), exited(800, code=code))

    assert causes(*story) == [RestartCause(cause)]


def test_a_streak_outlives_a_crash() -> None:
    """The kubelet's worker keeps counting over a crash (worker.go doProbe): the next life is killed sooner."""
    crash = (started(0), counted(0, 10, ok=1), counted(10, 30, bad=2), exited(31, code=1))
    fresh = (started(32, restarts=1), counted(32, 45, bad=1), exited(46, restarts=1, code=143))

    assert causes(*crash, *fresh) == [RestartCause.CRASH, RestartCause.LIVENESS_KILL]


def test_a_streak_outlives_crash_after_crash() -> None:
    """Three lives with one failure each, and the third is killed for it."""
    story = [
        fact
        for restarts in range(3)
        for at in (60 * restarts,)
        for fact in (
            started(at, restarts=restarts),
            counted(at + 5, at + 15, bad=1),
            exited(at + 20, restarts=restarts, code=143 if restarts == 2 else 1),
        )
    ]

    assert causes(*story) == [RestartCause.CRASH, RestartCause.CRASH, RestartCause.LIVENESS_KILL]


def test_a_success_ends_an_inherited_streak() -> None:
    """What a crash left behind counts no more once the fresh container has answered."""
    crash = (started(0), counted(10, 30, bad=2), exited(31, code=1))
    fresh = (started(32, restarts=1), counted(35, 45, ok=1), counted(45, 55, bad=1), exited(56, restarts=1, code=143))

    assert causes(*crash, *fresh) == [RestartCause.CRASH, RestartCause.CRASH]


@pytest.mark.parametrize("announcement", [(killed(30),), ()], ids=["announced", "unannounced"])
def test_a_kill_ends_a_streak(announcement: tuple[Fact, ...]) -> None:
    """After a kill the worker starts from zero, so a fresh container that crashes at once was not killed."""
    kill = (started(0), counted(0, 30, bad=3), *announcement, exited(31))
    fresh = (started(32, restarts=1), counted(32, 44, bad=1), exited(45, restarts=1, code=143))

    assert causes(*kill, *fresh) == [RestartCause.LIVENESS_KILL, RestartCause.CRASH]


@pytest.mark.parametrize("reason", ["Evicted", "DeletionByTaintManager", "Deleted"])
def test_the_end_of_the_pod_is_a_disruption(reason: str) -> None:
    """A container that ends while its pod is evicted or deleted was ended by that."""
    assert causes(started(0), ending(50, reason=reason), exited(52, code=143)) == [RestartCause.DISRUPTION]


def test_the_end_of_the_pod_may_be_told_before_any_life() -> None:
    """A pod that is first seen on its way out shows its end and its container at once."""
    assert causes(ending(50), started(0), exited(52, code=143)) == [RestartCause.DISRUPTION]
    assert causes(ending(50), exited(52, code=143, began=0)) == [RestartCause.DISRUPTION]


CRASH_THEN_DELETION = (exited(20, code=1), ending(200))


@pytest.mark.parametrize("story", [CRASH_THEN_DELETION, CRASH_THEN_DELETION[::-1]], ids=["in order", "crash told late"])
def test_a_deletion_later_than_the_crash_is_not_its_cause(story: tuple[Fact, ...]) -> None:
    """A pod in a crash loop mostly waits in back-off: that it is deleted then excuses no crash."""
    assert causes(started(0), *story) == [RestartCause.CRASH]


def test_an_end_that_is_seen_within_the_second_of_the_deletion_is_its_doing() -> None:
    """The process ends at a whole second, cut off, and the deletion may be seen a moment later."""
    assert causes(started(0), ending(50.7), exited(50, code=143)) == [RestartCause.DISRUPTION]


@pytest.mark.parametrize("order", [1, -1])
def test_the_first_reason_for_the_end_of_a_pod_is_kept(order: int) -> None:
    """An evicted pod is deleted later on: it was the eviction."""
    reasons = (ending(50, reason="Evicted"), ending(60, reason="Deleted"))[::order]

    assert [life.ending for life in lives((started(0), *reasons, exited(70)))] == ["Evicted"]


def test_what_comes_before_the_first_life_of_a_pod_waits_for_that_pod() -> None:
    """Other pods' lives are no reason to forget it, and it is not taken for theirs."""
    other = pod("web-b")
    told = lives((started(0), ending(50, of=other), started(10, of=other), exited(52, of=other), exited(60)))

    assert [life.ending for life in told] == [None, "Deleted"]


@pytest.mark.parametrize("reason", ["ContainerStatusUnknown", "Unknown"])
def test_a_lost_container_is_unknown(reason: str) -> None:
    """What the runtime lost cannot be told (container/runtime.go)."""
    assert causes(started(0), exited(50, code=137, reason=reason)) == [RestartCause.UNKNOWN]
    assert causes(started(0), exited(50, code=255, reason=reason)) == [RestartCause.UNKNOWN]


def test_a_sigkill_without_a_reason_is_unknown() -> None:
    """137 alone may be an OOM that the runtime missed as well as anything else."""
    assert causes(started(0), exited(50)) == [RestartCause.UNKNOWN]


def test_a_running_life_has_no_cause() -> None:
    """What has not ended was ended by nothing."""
    assert causes(started(0), counted(0, 30, bad=3)) == [None]


def test_a_life_whose_end_nobody_saw_still_counts_its_kill() -> None:
    """An observer that was away sees the pod in a later life; what was announced before stands."""
    unseen = (started(0), killed(80), started(300, restarts=3))

    assert causes(*unseen) == [RestartCause.LIVENESS_KILL, None]
    assert causes(started(0), started(300, restarts=2)) == [RestartCause.UNKNOWN, None]


def test_a_lost_end_that_is_told_later_replaces_the_guess() -> None:
    """The exit of an earlier life may come after the start of the next."""
    story = lives((started(0), started(300, restarts=1), exited(200, code=1)))

    assert [attribute(life, PLAIN) for life in story] == [RestartCause.CRASH, None]
    assert story[0].ended_at == T0 + 200


@pytest.mark.parametrize("next_start", [80, 81])
def test_a_kill_at_the_second_of_the_restart_hits_the_life_that_ended(next_start: int) -> None:
    """A quick SIGTERM handler ends, restarts and is told of within one second, and the event may come last."""
    kill = (started(0), exited(80, code=0, reason="Completed"), started(next_start, restarts=1), killed(80))

    assert causes(*kill) == [RestartCause.LIVENESS_KILL, None]


def test_answers_are_told_from_silence() -> None:
    """A refusal or a status is an answer; a timeout is silence."""
    (silent,) = lives((started(0), failed(10), failed(20), failed(30, cause=FailureCause.REFUSED)))
    (answering,) = lives((started(0), failed(10), failed(20, cause=FailureCause.HTTP_STATUS, count=2)))

    assert silent.tally(PLAIN_LIVENESS).silent
    assert not answering.tally(PLAIN_LIVENESS).silent
    assert answering.tally(PLAIN_LIVENESS).main_cause is FailureCause.HTTP_STATUS


PLAIN_LIVENESS = killed(0).probe
