"""Where the knee is, and from which load on probes lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts.fact import FailureCause
from probetuner.loadtest.figures import Figures
from probetuner.loadtest.impact import Attempts, Impact, Kill, ProbeFailures, Readiness, Restart
from probetuner.loadtest.judge import Verdict, judge, knee_of, moments_of
from unit.loadtest.lines import LIVENESS, PROBES, READINESS, failing, line, steady

WORK_SECONDS = 0.1


def queue(concurrency: int, *, servers: int, began_at: float = 0.0) -> Figures:
    """A step of ten seconds on servers that answer one request at a time: more than one each only waits longer."""
    busy = min(concurrency, servers)
    return line(
        concurrency,
        began_at=began_at,
        at=began_at + 10.0,
        concurrency=concurrency,
        answered=round(10.0 * busy / WORK_SECONDS),
        median=WORK_SECONDS * concurrency / busy,
    )


@given(servers=st.integers(1, 20))
def test_the_knee_is_where_all_servers_are_busy(servers: int) -> None:
    """With one request for each server everything works, and with more everything waits: that is the knee."""
    knee = knee_of([queue(concurrency, servers=servers) for concurrency in (1, servers, 4 * servers)])

    assert knee is not None
    assert knee.concurrency == pytest.approx(servers)
    assert knee.answered_per_second == pytest.approx(servers / WORK_SECONDS)
    assert knee.reached


def test_a_service_that_still_gives_more_shows_no_knee() -> None:
    """As long as each request at a time gets its share, nobody knows where that ends."""
    knee = knee_of([queue(concurrency, servers=50) for concurrency in (1, 5, 10)])

    assert knee is not None
    assert not knee.reached


@pytest.mark.parametrize("steps", [[], [queue(5, servers=2)], [queue(5, servers=2), line(1, at=5.0, failed=9)]])
def test_one_point_makes_no_curve(steps: list[Figures]) -> None:
    """Where fewer than two steps were answered there is no knee to be seen."""
    assert knee_of(steps) is None


@given(
    steps=st.lists(
        st.tuples(st.integers(1, 500), st.integers(0, 10**5), st.floats(0.1, 60.0), st.floats(0.001, 60.0)), max_size=20
    )
)
def test_a_knee_never_lies_beyond_what_was_measured(steps: list[tuple[int, int, float, float]]) -> None:
    """Whatever was measured: the knee's throughput is the greatest of all steps, and its concurrency is not below 0."""
    lines = [
        line(number, at=seconds, concurrency=concurrency, answered=answered, median=median if answered else None)
        for number, (concurrency, answered, seconds, median) in enumerate(steps)
    ]
    knee = knee_of(lines)

    assert (knee is None) == (len([one for one in lines if one.answered]) < 2)
    if knee is not None:
        assert knee.answered_per_second == max(one.answered_per_second for one in lines)
        assert knee.concurrency >= 0


def verdict(lines: list[Figures], *failures: ProbeFailures, replicas: int = 2, **impact: tuple[object, ...]) -> Verdict:
    """Judge these lines with these failures of probes."""
    steps = list({one.step: one for one in lines}.values())
    happened = Impact(began_at=0.0, failures=failures, **impact)  # type: ignore[arg-type]  # told by their names
    return judge(steps, moments_of(lines), happened, probes=PROBES, replicas=replicas)


def test_a_probe_that_fails_while_requests_are_answered_lies() -> None:
    """The service answers, only not the probe in time: it lies from that load on, and each attempt is counted."""
    found = verdict(steady(seconds=10, answered=20), failing(4.0, count=2), failing(6.0))

    (lie,) = found.lies
    assert (lie.key, lie.concurrency, lie.failed, lie.lying) == (LIVENESS, 10, 3, 3)


def test_a_probe_that_fails_with_the_requests_tells_the_truth() -> None:
    """Where nothing is answered the probe is right; it is counted, and called no lie."""
    for answered, failed in ((0, 0), (0, 20), (5, 5)):
        found = verdict(steady(seconds=10, answered=answered, failed=failed), failing(5.0))

        assert found.lies == ()
        assert found.steps[0].probes[LIVENESS].failed == 1


def test_only_what_was_answered_at_the_time_counts() -> None:
    """A service that fell silent did not answer because it had answered before."""
    answering = [line(at=float(second), answered=20 * min(second, 5)) for second in range(21)]

    assert verdict(answering, failing(15.0)).lies == ()
    assert len(verdict(answering, failing(3.0)).lies) == 1


def test_a_lie_begins_at_the_lowest_load_that_shows_it() -> None:
    """Each probe has its own load; a failure that is once in a while true does not hide the lies before it."""
    low = [line(0, at=float(s), concurrency=5, answered=20 * s) for s in range(11)]
    high = [line(1, began_at=10.0, at=10.0 + s, concurrency=20, answered=20 * s) for s in range(11)]

    found = verdict([*low, *high], failing(15.0), failing(16.0, key=READINESS), failing(5.0, key=READINESS))

    assert {lie.key: lie.concurrency for lie in found.lies} == {LIVENESS: 20, READINESS: 5}


def test_a_timeout_belongs_to_the_step_in_which_the_attempt_began() -> None:
    """The kubelet tells of a timeout a second after the attempt began; a refusal is told at once."""
    low = [line(0, at=float(s), concurrency=5, answered=20 * s) for s in range(11)]
    high = [line(1, began_at=10.0, at=10.0 + s, concurrency=20, answered=20 * s) for s in range(11)]
    refused = ProbeFailures(at=10.0, pod="web-1", key=READINESS, cause=FailureCause.REFUSED, count=1)

    found = verdict([*low, *high], failing(10.0), refused)

    assert [sorted(step.probes) for step in found.steps] == [[LIVENESS], [READINESS]]


def test_what_came_before_the_load_is_not_its_doing() -> None:
    """Failures before the first request belong to no step."""
    lines = [line(began_at=100.0, at=110.0, answered=200)]

    assert verdict(lines, failing(50.0)).steps[0].probes == {}


def test_kills_and_restarts_are_counted_where_they_happened() -> None:
    """Each stands in its step; what comes after the end of the load belongs to the last one."""
    low = line(0, at=10.0, concurrency=5, answered=100)
    high = line(1, began_at=10.0, at=20.0, concurrency=20, answered=100)
    kills = (
        Kill(at=5.0, pod="web-1", key=LIVENESS, count=1),
        Kill(at=15.0, pod="web-2", key=LIVENESS, count=2),
        Kill(at=21.0, pod="web-1", key=LIVENESS, count=1),
    )
    restarts = (Restart(at=12.0, pod="web-1", container="web", reason="Error"),)

    found = verdict([low, high], kills=kills, restarts=restarts)

    assert [(step.kills, step.restarts) for step in found.steps] == [(1, 0), (3, 1)]


def test_the_fewest_ready_pods_at_one_time() -> None:
    """Two pods that were unready one after the other leave one, both at once none; each step counts by itself."""

    def change(at: float, pod: str, *, ready: bool) -> Readiness:
        return Readiness(at=at, pod=pod, container="web", ready=ready)

    lines = [line(n, began_at=10.0 * n, at=10.0 * (n + 1), concurrency=n + 1, answered=1) for n in range(4)]
    readiness = (
        change(1.0, "a", ready=False),
        change(2.0, "a", ready=True),
        change(3.0, "b", ready=False),
        change(4.0, "b", ready=True),
        change(15.0, "a", ready=False),
        change(16.0, "b", ready=False),
        change(17.0, "b", ready=True),
        change(29.0, "a", ready=True),
    )

    found = verdict(lines, readiness=readiness)

    assert [step.fewest_ready for step in found.steps] == [1, 0, 1, 2]


@given(steps=st.lists(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=5), max_size=5))
def test_moments_add_up_to_the_figures(steps: list[list[tuple[int, int]]]) -> None:
    """What happened between the lines is, all together, what the last lines of the steps say."""
    lines: list[Figures] = []
    at = 0.0
    for number, seconds in enumerate(steps):
        began, answered, failed = at, 0, 0
        for more_answered, more_failed in seconds:
            answered, failed, at = answered + more_answered, failed + more_failed, at + 1.0
            lines.append(line(number, began_at=began, at=at, answered=answered, failed=failed))
    moments = moments_of(lines)

    assert sum(moment.answered for moment in moments) == sum(a for seconds in steps for a, _ in seconds)
    assert sum(moment.failed for moment in moments) == sum(f for seconds in steps for _, f in seconds)
    assert [moment.since for moment in moments[1:]] == [moment.at for moment in moments[:-1]]


def test_the_kubelets_counts_are_passed_on() -> None:
    """Where the counters may be read they stand beside what the events tell."""
    impact = Impact(began_at=0.0, attempts={LIVENESS: Attempts(succeeded=9, failed=1)})

    found = judge([line(at=10.0, answered=5)], [], impact, probes=PROBES, replicas=2)

    assert found.attempts == {LIVENESS: Attempts(succeeded=9, failed=1)}
