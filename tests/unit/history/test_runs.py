"""Runs of failures: when each began, and whether it ended by itself, by a kill or with the process."""

import pytest

from probetuner.facts.fact import Fact, FailureCause
from probetuner.history import bounds
from probetuner.history.record import FailureRun, RunEnding
from support.facts import (
    LIVENESS,
    READINESS,
    T0,
    counted,
    entry,
    exited,
    failed,
    killed,
    pod,
    ready,
    started,
)


def runs(*facts: Fact) -> tuple[FailureRun, ...]:
    return entry((started(0), *facts)).runs


def test_a_run_that_a_success_follows_ended_by_itself() -> None:
    """A scrape with nothing but success shows that the trouble passed."""
    (run,) = runs(counted(0, 10, ok=1), failed(12), failed(22), counted(10, 25, bad=2), counted(25, 35, ok=1))

    assert (run.started_at, run.last_at, run.ended_at) == (T0 + 12, T0 + 22, T0 + 35)
    assert (run.failures, run.ending) == (2, RunEnding.BY_ITSELF)
    assert run.causes == {FailureCause.TIMEOUT: 2}


def test_a_kill_cuts_a_run_short() -> None:
    """A run that the kubelet ended is no recovery."""
    (run,) = runs(failed(12), failed(22), failed(32), killed(32), exited(35), started(36, restarts=1))

    assert (run.ending, run.ended_at) == (RunEnding.KILLED, T0 + 32)


def test_the_end_of_the_process_ends_its_runs() -> None:
    """A container that crashes while it fails has not recovered either."""
    (run,) = runs(failed(12), exited(15, code=1))

    assert run.ending is RunEnding.EXITED


SPANNING = counted(25, 45, ok=1, bad=1)
KILL = (killed(32), exited(35), started(36, restarts=1))


@pytest.mark.parametrize(
    "story",
    [
        pytest.param((failed(12), failed(22), failed(32), *KILL, SPANNING), id="kill known first"),
        pytest.param((failed(12), failed(22), failed(32), SPANNING, *KILL), id="scrape first"),
        pytest.param((failed(12), failed(22), *KILL, SPANNING, failed(32)), id="failure told last"),
        pytest.param(
            (failed(12), failed(22), failed(32), exited(35), started(36, restarts=1), SPANNING, killed(32)),
            id="kill told last",
        ),
        pytest.param(
            (failed(12), failed(22), failed(32), killed(32), exited(32), counted(32.4, 45, ok=1, bad=1)),
            id="all within the second in which the scrape began",
        ),
    ],
)
def test_the_next_container_s_success_is_no_recovery(story: tuple[Fact, ...]) -> None:
    """A scrape that spans a restart has the failures before it and the successes after it."""
    assert [run.ending for run in runs(counted(0, 10, ok=1), counted(10, 25, bad=2), *story)] == [RunEnding.KILLED]


def test_the_last_success_before_a_lockup_is_no_recovery() -> None:
    """A scrape in which a probe begins to fail mostly has its last success too."""
    (run,) = runs(counted(0, 15, ok=2, bad=1), counted(15, 30, bad=3), killed(30), exited(31))

    assert (run.failures, run.ending) == (4, RunEnding.KILLED)


def test_a_run_from_before_a_scrape_is_ended_by_any_success_in_it() -> None:
    """Whatever the order within the scrape, a success lies after what was failing before it."""
    first, second = runs(counted(0, 10, bad=1), counted(10, 20, ok=1, bad=1), counted(20, 30, bad=2))

    assert (first.ending, second.ending) == (RunEnding.BY_ITSELF, RunEnding.OPEN)
    assert (first.failures, second.failures) == (2, 2)


def test_a_failure_told_late_belongs_to_the_run_of_its_time() -> None:
    """A run that has ended takes in what is told of it afterwards; no new one begins."""
    ended = (failed(12), counted(10, 25, bad=2), counted(25, 35, ok=1))

    (run,) = runs(*ended, failed(22))
    assert (run.failures_by_events, run.ending) == (2, RunEnding.BY_ITSELF)


def test_an_older_failure_lengthens_an_open_run_if_no_success_lies_between() -> None:
    """What is told late is where the trouble began, unless it had passed meanwhile."""
    (run,) = runs(failed(22), failed(12))
    assert (run.started_at, run.last_at, run.failures) == (T0 + 12, T0 + 22, 2)

    passed, present = runs(counted(13, 21, ok=1), failed(22), failed(12))
    assert (passed.ending, passed.last_at) == (RunEnding.BY_ITSELF, T0 + 12)
    assert (present.ending, present.started_at) == (RunEnding.OPEN, T0 + 22)


def test_a_failure_told_after_its_container_is_gone_begins_nothing_new() -> None:
    """A run that is first told of when its process has ended has ended with it."""
    restart = (exited(35), started(36, restarts=1))

    assert [run.ending for run in runs(*restart, failed(20))] == [RunEnding.EXITED]
    assert [run.ending for run in runs(killed(30), *restart, failed(20))] == [RunEnding.KILLED]


def test_a_failure_told_after_a_success_had_passed() -> None:
    """An event from before a scrape that shows success is a run that is over."""
    (run,) = runs(failed(12), counted(20, 30, ok=1))
    (late,) = runs(counted(20, 30, ok=1), failed(12))

    assert late.ending is run.ending is RunEnding.BY_ITSELF


def test_a_failure_within_the_second_of_a_scrape_is_not_over_yet() -> None:
    """Event times are cut to the second: one that seems older than a success may be younger."""
    (run,) = runs(counted(10.5, 20.3, ok=1), failed(20))

    assert run.ending is RunEnding.OPEN


def test_readiness_returns_with_the_ready_flag() -> None:
    """The status shows at once that the readiness probe succeeds again, and ends no other probe's run."""
    first, second = runs(failed(12, probe=READINESS), failed(13), ready(20))

    assert (first.probe, first.ending, first.ended_at) == (READINESS, RunEnding.BY_ITSELF, T0 + 20)
    assert (second.probe, second.ending) == (LIVENESS, RunEnding.OPEN)


def test_failures_that_a_scrape_tells_after_the_ready_flag_belong_to_the_run_that_it_ended() -> None:
    """A status comes at once and a scrape later: that is one trouble, and not two."""
    told = (counted(10, 20, ok=2, bad=3, probe=READINESS), ready(24), counted(20, 30, ok=3, bad=2, probe=READINESS))
    (run,) = runs(*told)

    assert (run.ending, run.failures) == (RunEnding.BY_ITSELF, 5)


def test_a_ready_flag_that_something_else_raised_ends_nothing() -> None:
    """Only the probe itself shows that it succeeds."""
    (run,) = runs(failed(12, probe=READINESS), ready(20, by_probe=False))

    assert run.ending is RunEnding.OPEN


def test_pods_have_runs_of_their_own() -> None:
    """A kill in one pod ends nothing in another."""
    other = pod("web-b")
    told = runs(started(0, of=other), failed(12), failed(12, of=other), killed(30))

    assert {run.pod_uid: run.ending for run in told} == {"uid-web-a": RunEnding.KILLED, other.uid: RunEnding.OPEN}


def test_even_open_runs_are_bounded() -> None:
    """With more replicas stuck than can be remembered, the newest are."""
    pods = [pod(f"p{n}") for n in range(bounds.RUNS + 2)]
    told = runs(*(fact for n, of in enumerate(pods) for fact in (started(n, of=of), failed(n + 5, of=of))))

    assert [run.pod_uid for run in told] == [of.uid for of in pods[2:]]


def test_what_lasted_is_remembered_longer_than_what_passed_at_once() -> None:
    """Single late answers are frequent and alike; a silence of several attempts is neither."""
    lasting = (counted(0, 10, bad=3), counted(10, 20, ok=1))
    singles = [
        fact
        for n in range(1, bounds.RUNS + 10)
        for fact in (counted(20 * n, 20 * n + 10, bad=1), counted(20 * n + 10, 20 * n + 20, ok=1))
    ]
    told = runs(*lasting, *singles)

    assert len(told) == bounds.RUNS
    assert [run.failures for run in told].count(3) == 1


def test_an_open_run_outlasts_any_number_of_others() -> None:
    """A lock-up that never ends is not forgotten for the flapping of other replicas."""
    stuck = failed(1, of=pod("stuck"), probe=READINESS)
    flaps = [
        fact
        for n in range(bounds.RUNS + 10)
        for fact in (counted(20 * n, 20 * n + 10, bad=1), counted(20 * n + 10, 20 * n + 20, ok=1))
    ]
    told = runs(started(0, of=pod("stuck")), stuck, *flaps)

    assert len(told) == bounds.RUNS
    assert [run.pod_uid for run in told if run.ending is RunEnding.OPEN] == ["uid-stuck"]
