"""A dump, or one look at a cluster, tells what is left of the past: nothing is concluded from what is not there."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probetuner.diagnosis.finding import Severity
from support.dumps import (
    HTTP,
    REFUSED,
    TIMED_OUT,
    Dump,
    Json,
    Pod,
    Told,
    actions,
    failing,
    killing,
    names,
    status,
    words,
)
from unit.cli.commands import probetuner, report

HOUR, DAY = 3600.0, 86400.0
NOT_SERVING = 'service unhealthy (responded with "NOT_SERVING")'
OWN_DEADLINE = (
    "config:\n> addr=:8080 conn_timeout=1s rpc_timeout=1s\nestablishing connection\n"
    "health check rpc failed: rpc error: code = DeadlineExceeded desc = Deadline Exceeded\n"
)
BOTH = {"livenessProbe": HTTP, "readinessProbe": HTTP}
LIVENESS_ALONE = {"livenessProbe": HTTP}
READINESS_ALONE = {"readinessProbe": HTTP}
LATE = Told(message=f"Readiness probe failed: {TIMED_OUT}", count=9, first=-HOUR, last=-300)


def killed(kills: int = 5, *, said: str = TIMED_OUT, code: int = 137, **pod: Any) -> Dump:
    """One replica that was up for long, then killed so often within the hour, and is ready now."""
    one = Pod(since=-300, restarts=kills, ended=(code, -1200, -301), ready_since=-280, created=-3 * DAY, **pod)
    events = (killing(kills, first=-3000, last=-331), failing(said, 3 * kills, first=-3020, last=-332))
    return Dump(pods=(one,), events=events)


@pytest.mark.parametrize("code", [*range(256)])
def test_without_events_no_end_is_a_crash_that_may_have_been_asked_for(code: int) -> None:
    """Events expire. Who ends with 143 or 0 was asked to stop, 137 says nothing, any other code is its own."""
    old = Pod(since=-3 * HOUR, restarts=14, ended=(code, -9 * HOUR, -3 * HOUR - 10), ready_since=-3 * HOUR + 20)
    found = Dump(pods=(old,)).container()

    assert ("crash" in names(found)) == (code not in (0, 137, 143))
    assert "healthy" not in names(found)
    assert str(code) in words(found)
    assert found.restarts.total == 14
    if code in (0, 143):
        assert "look within an hour" in words(found)


@settings(max_examples=60, deadline=None)
@given(
    kills=st.integers(1, 400),
    said=st.sampled_from([TIMED_OUT, REFUSED, NOT_SERVING, status(503), status(404), "EOF", "exit status 1"]),
    code=st.sampled_from([0, 1, 137, 143]),
    probe=st.sampled_from(["liveness", "startup"]),
    ready=st.booleans(),
    readiness=st.booleans(),
)
def test_a_kill_that_was_announced_is_never_hidden(
    *, kills: int, said: str, code: int, probe: str, ready: bool, readiness: bool
) -> None:
    """Whatever else is known, each is counted, one finding at least is about it, and the command fails."""
    probes: Json = {"livenessProbe": HTTP, **({"readinessProbe": HTTP} if readiness else {})}
    if probe == "startup":
        probes["startupProbe"] = HTTP
    one = Pod(since=-50, restarts=kills, ended=(code, -100, -51), ready=ready, ready_since=-40 if ready else None)
    events = (
        killing(kills, probe=probe, first=-3000, last=-52),
        failing(said, 3 * kills, probe=probe.capitalize(), first=-3010, last=-53),
    )
    found = Dump(probes=probes, pods=(one,), events=events).container()

    assert sum(found.restarts.by_probe.values()) == kills
    telling = {name for name in names(found) if name.startswith("liveness-kill")} | (
        names(found) & {"probe-never-succeeds"}
    )
    assert telling
    assert any(f.name.value in telling and f.severity is not Severity.INFO for f in found.findings)
    assert any(said.split(":", maxsplit=1)[0] in failures.words for failures in found.failures)


TIMES = st.floats(-30 * DAY, -1)
PODS = st.builds(
    Pod,
    since=st.none() | TIMES,
    restarts=st.integers(0, 90),
    ended=st.none() | st.tuples(st.sampled_from([0, 1, 137, 143]), st.just(-2 * DAY), st.just(-DAY)),
    ready=st.booleans(),
    ready_since=st.none() | TIMES,
    created=st.just(-40 * DAY),
)
EVENTS = st.builds(
    failing,
    st.sampled_from([TIMED_OUT, REFUSED, NOT_SERVING, status(500), "command timed out"]),
    st.integers(1, 5000),
    probe=st.sampled_from(["Liveness", "Readiness"]),
    first=st.just(-HOUR),
    last=st.floats(-HOUR, -1),
) | st.builds(killing, st.integers(1, 90), first=st.just(-HOUR), last=st.floats(-HOUR, -1))


COUNTS = st.tuples(st.integers(0, 9999), st.integers(0, 99))
COUNTED = st.dictionaries(st.sampled_from([("a", "Liveness"), ("a", "Readiness")]), COUNTS)


@settings(max_examples=150, deadline=None)
@given(pod=PODS, events=st.lists(EVENTS, max_size=4), counted=COUNTED)
def test_one_look_proves_no_lock_up_and_no_health_and_tightens_nothing(
    pod: Pod, events: list[Told], counted: dict[tuple[str, str], tuple[int, int]]
) -> None:
    """Whatever is left of the past: what came before and after was not seen, and a pod's age is no time watched."""
    found = Dump(pods=(pod,), events=events, counted=counted).container()
    before, after = found.current, found.target

    assert not names(found) & {"healthy", "liveness-kill-of-lockup", "detection-too-slow", "grace-too-long"}
    assert "watched for" not in words(found)
    assert "answers were quick" not in words(found)
    assert not actions(found) & {
        "set-probe-grace",
        "lower-failure-threshold",
        "tighten-readiness",
        "lower-initial-delay",
    }
    for one, other in ((before.liveness, after.liveness), (before.readiness, after.readiness)):
        assert one is None or other is None or other.detection_seconds >= one.detection_seconds
        assert one is None or other is None or one.timeout_seconds <= other.timeout_seconds


COUNTED_WELL = {("a", "Liveness"): (8640, 0), ("a", "Readiness"): (8640, 0)}


def test_counters_of_one_look_prove_no_health() -> None:
    """They tell how often a probe passed, of a pod of any age, and nobody watched it."""
    assert names(Dump(counted=COUNTED_WELL).container()) == {"insufficient-evidence", "single-replica-readiness"}


def test_a_fresh_container_that_is_well_proves_no_lock_up() -> None:
    """Counters tell how many attempts passed in all, and not before or after which kill.

    What readiness failed for in a pod that was killed is that of the kills.
    """
    one = Pod(since=-900, restarts=5, ended=(137, -4000, -901), ready_since=-880, created=-3 * DAY)
    events = (
        killing(5, first=-3600, last=-931),
        failing(TIMED_OUT, 15, first=-3620, last=-932),
        failing(TIMED_OUT, 200, probe="Readiness", first=-3600, last=-932),
    )
    counted = {("a", "Liveness"): (25_000, 15), ("a", "Readiness"): (25_000, 30)}
    found = Dump(pods=(one,), events=events, counted=counted).container()

    assert "liveness-kill-unexplained" in names(found)
    assert not names(found) & {"liveness-kill-of-lockup", "grace-too-long", "detection-too-slow"}
    assert not names(found) & {"readiness-flapping", "probe-timeout-too-short"}
    assert found.target == found.current


def test_delays_are_not_lowered_for_a_start_that_nobody_saw() -> None:
    """The first success that a look knows of is the look's own."""
    late = {"livenessProbe": {**HTTP, "initialDelaySeconds": 600}, "readinessProbe": HTTP}
    pods = tuple(Pod(name=name, since=-3.0, created=-5.0, ready_since=-1.0) for name in "ab")
    counted = {(name, "Readiness"): (2, 0) for name in "ab"}
    found = Dump(probes=late, pods=pods, counted=counted).container()

    assert "startup-delay-too-long" not in names(found)
    assert found.target == found.current


def test_the_report_begins_with_the_count() -> None:
    """Restarts, kills by probe, for what, and how many are unexplained: in JSON and in each line of the table."""
    piped = Dump(
        pods=(
            Pod(since=-300, restarts=5, ended=(137, -1200, -301), ready_since=-280),
            Pod(name="b", since=-400, restarts=3, ended=(137, -1300, -401), ready_since=-380),
        ),
        events=(
            killing(5, last=-331),
            killing(3, last=-431, pod="b"),
            failing(TIMED_OUT, 19, first=-3000, last=-332),
            failing(TIMED_OUT, 9, first=-3000, last=-432, pod="b"),
        ),
    ).json
    (container,) = report("-", piped=piped)["workloads"][0]["containers"]
    printed = probetuner("analyze", "-", piped=piped).stdout
    told = " ".join(printed.split())

    assert printed.startswith("8 restarts, 8 by probes: 0 cured nothing, 8 not explained\n")
    assert container["restarts"]["total"] == container["restarts"]["byLiveness"] == 8
    assert container["restarts"]["unexplained"] == 8
    assert container["restarts"]["mostInOnePod"] == 5
    assert container["failures"] == [{"probe": "liveness", "cause": "timeout", "count": 28, "said": TIMED_OUT}]
    assert "8 restarts, up to 5 in one pod: 8 by the liveness probe; 8 kills not explained" in told
    assert "the liveness probe failed 28 times (28 timeout)" in told
    assert probetuner("analyze", "-", piped=piped).exit_code == 1


def test_kills_that_nothing_explains_say_what_would_decide_it_and_what_is_safe() -> None:
    """Silence that passed shows that answers are late at times: more time is advised, with what a hang would cost."""
    found = Dump(
        pods=killed().pods, events=(*killed().events, failing(TIMED_OUT, 4, probe="Readiness", first=-250, last=-20))
    ).container()

    assert names(found) == {"liveness-kill-unexplained", "single-replica-readiness"}
    assert actions(found) == {"raise-timeout"}
    assert "with 5 s for each a process that hangs is found up to 4 s later" in words(found)
    assert "watch it through the next kill" in words(found)
    assert found.target == found.current


def killed_again(*lived: float, took: dict[tuple[str, str], tuple[int, int]] | None = None) -> Dump:
    """A replica for each of these: its process lived so many seconds until liveness killed it; silence passed since."""
    pods = tuple(
        Pod(name=name, since=-300, restarts=7, ended=(137, -331 - seconds, -301), ready_since=-280)
        for name, seconds in zip("abc", lived, strict=False)
    )
    events = [
        told
        for pod in pods
        for told in (
            killing(7, first=-3000, last=-331, pod=pod.name),
            failing(TIMED_OUT, 21, first=-3020, last=-332, pod=pod.name),
            failing(TIMED_OUT, 4, probe="Readiness", first=-250, last=-20, pod=pod.name),
        )
    ]
    return Dump(pods=pods, events=events, took=took or {})


def took(slow: int) -> dict[tuple[str, str], tuple[int, int]]:
    """In each of three replicas a thousand answers to liveness were quick, and so many took half a second at least."""
    return {(name, "Liveness"): (1000, slow) for name in "abc"}


@pytest.mark.parametrize(
    ("dump", "changes"),
    [
        (killed_again(31, 33, 900), True),
        (killed_again(31, 33, 900, took=took(slow=2)), True),
        (killed_again(31, 33, 900, took=took(slow=0)), False),
        (killed_again(31, 900, 900, took=took(slow=9)), False),
        (killed_again(31, took=took(slow=9)), False),
    ],
    ids=["nothing tells how late", "some were late", "none was late", "most lived for long", "one by chance"],
)
def test_one_look_changes_the_timeout_where_it_shows_what_a_queue_does(*, dump: Dump, changes: bool) -> None:
    """Fresh processes killed again soon, and late answers: a hang takes time to come, a hung dependency is not late."""
    found = dump.container()

    assert "raise-timeout" in actions(found)
    assert found.current.liveness is not None
    longer = replace(found.current.liveness, timeout_seconds=5)
    assert found.target == (replace(found.current, liveness=longer) if changes else found.current)


def test_kills_of_what_never_came_back_by_itself_weaken_nothing() -> None:
    """Three timeouts a kill and no more: all of it may have been for good, and liveness may be right."""
    found = killed().container()

    assert "liveness-kill-unexplained" in names(found)
    assert found.target == found.current


def test_kills_that_follow_answers_ask_for_later_liveness_and_not_for_time() -> None:
    """Who says NOT_SERVING is neither stuck nor late: readiness acts on that, and liveness much later."""
    found = killed(said=NOT_SERVING).container()

    assert "liveness-kill-unexplained" in names(found)
    assert actions(found) == {"raise-failure-threshold"}
    assert found.target.liveness is not None
    assert found.target.readiness is not None
    assert found.target.liveness.detection_seconds >= 2 * found.target.readiness.detection_seconds


@pytest.mark.parametrize(
    ("last", "code", "killed_by_liveness"),
    [(-302, 0, True), (-302, 143, True), (-331, 137, True), (-900, 0, False), (-700, 143, False)],
    ids=["stopped at once", "stopped at once, 143", "after the grace period", "long before", "longer before"],
)
def test_a_lost_announcement_shows_in_how_near_the_last_failure_was(
    *, last: float, code: int, killed_by_liveness: bool
) -> None:
    """71 failures in hours are no streak; that one of them came a second before the end is no chance."""
    one = Pod(since=-300, restarts=108, ended=(code, -6000, -301), ready_since=-280, created=-20 * DAY)
    found = Dump(pods=(one,), events=(failing(TIMED_OUT, 71, first=-5 * HOUR, last=last),)).container()

    assert ("liveness-kill-unexplained" in names(found)) == killed_by_liveness
    assert "crash" not in names(found)
    assert found.restarts.total == 108


def test_where_failures_are_frequent_one_before_the_end_is_chance() -> None:
    """Every third attempt fails, and somebody stops the container: it was not the probe."""
    one = Pod(since=-300, restarts=3, ended=(143, -6000, -301), ready_since=-280, created=-20 * DAY)
    found = Dump(pods=(one,), events=(failing(TIMED_OUT, 600, first=-5 * HOUR, last=-320),)).container()

    assert found.restarts.by_probe == {}
    assert "liveness-kill-unexplained" not in names(found)


@pytest.mark.parametrize("ready_for", [10.0, 120.0, 3 * DAY])
def test_a_replica_that_is_ready_now_has_recovered(ready_for: float) -> None:
    """What failed before is over, in the second of the dump too."""
    one = Pod(since=-4 * DAY, created=-4 * DAY, ready_since=-ready_for)
    for last in (-ready_for - 5, -1.0, 0.0):
        told = failing(TIMED_OUT, 12, probe="Readiness", first=-3 * HOUR, last=last)
        found = Dump(pods=(one,), events=(told,)).container()
        assert "went on" not in words(found)
        assert not names(found) & {"unready-for-good", "lockup-without-liveness", "healthy"}


def test_a_share_of_late_attempts_is_flapping_and_most_of_them_a_timeout_too_short() -> None:
    """An event with a count is a rate: 140 of some 340 attempts make several in a row now and then."""
    often = [failing(TIMED_OUT, count, probe="Readiness", first=-3480, last=-65) for count in (140, 250)]
    one = Pod(since=-3 * DAY, created=-3 * DAY, ready_since=-60)
    flaps, short = (Dump(pods=(one,), events=(told,)).container() for told in often)
    seldom = Dump(pods=(one,), events=(failing(TIMED_OUT, 9, probe="Readiness", first=-3480, last=-65),)).container()

    assert "readiness-flapping" in names(flaps)
    assert "probe-timeout-too-short" in names(short)
    assert names(seldom) == {"insufficient-evidence", "single-replica-readiness"}
    for found in (flaps, short):
        assert "raise-timeout" in actions(found)
        assert found.target.readiness is not None
        assert found.target.readiness.timeout_seconds > 1


@pytest.mark.parametrize(
    ("probe", "said", "finding", "action"),
    [
        (HTTP, status(404), "probe-never-succeeds", "fix-handler"),
        (HTTP, status(401), "probe-never-succeeds", "fix-handler"),
        (HTTP, "tls: failed to verify certificate: x509: unknown authority", "probe-never-succeeds", "fix-handler"),
        (HTTP, REFUSED, "probe-never-succeeds", "fix-handler"),
        ({"exec": {"command": ["sh", "-c", "chek"]}}, "sh: 1: chek: not found", "probe-never-succeeds", "fix-handler"),
        (HTTP, TIMED_OUT, "probe-timeout-too-short", "raise-timeout"),
        (
            {"exec": {"command": ["sh", "-c", "x"]}},
            'command "sh -c x" timed out',
            "probe-timeout-too-short",
            "raise-timeout",
        ),
        (
            {"grpc": {"port": 9}},
            "timeout: health rpc did not complete within 1s",
            "probe-timeout-too-short",
            "raise-timeout",
        ),
        (HTTP, status(503), None, None),
        (HTTP, status(429), None, None),
        ({"grpc": {"port": 9}}, NOT_SERVING, None, None),
        ({"exec": {"command": ["check"]}}, "not ready: waiting for the leader", None, None),
    ],
)
def test_a_probe_that_never_passed_is_told_by_how_it_failed(
    probe: Json, said: str, finding: str | None, action: str | None
) -> None:
    """The question is wrong, the answer is late, or the application says no, which is no fault of the probe."""
    never = Pod(since=-900, created=-910, ready=False)
    dump = Dump(
        probes={"readinessProbe": probe, "livenessProbe": {"tcpSocket": {"port": 1}}},
        pods=(never,),
        events=(failing(said, 89, probe="Readiness", first=-895, last=-3),),
    )
    found = dump.container()
    cause = {"probe-never-succeeds", "probe-timeout-too-short", "unready-for-good"}

    assert names(found) & cause == ({finding} if finding else set())
    assert actions(found) == ({action} if action else set())
    assert said.split(":", maxsplit=1)[0] in words(found)


@pytest.mark.parametrize(("liveness_port", "is_wrong"), [(8080, False), (8081, True)], ids=["same port", "another"])
def test_a_port_that_answers_another_probe_is_no_wrong_port(*, liveness_port: int, is_wrong: bool) -> None:
    """Liveness gets 500 from it, so somebody listens: readiness that is refused there asks at the wrong time."""
    one = Pod(since=-2 * HOUR, created=-2 * HOUR, ready=False)
    events = (
        failing(status(500), 90, first=-HOUR, last=-10),
        failing(REFUSED, 300, probe="Readiness", first=-HOUR, last=-5),
    )
    liveness = {"httpGet": {"path": "/alive", "port": liveness_port}, "failureThreshold": 99}
    found = Dump(probes={"livenessProbe": liveness, "readinessProbe": HTTP}, pods=(one,), events=events).container()

    assert ("probe-never-succeeds" in names(found)) is is_wrong
    assert ("fix-handler" in actions(found)) is is_wrong
    assert "other probes of the container succeed" not in words(found), "of no success is known"


def test_who_refuses_while_its_starts_are_ended_is_starting_and_not_misdirected() -> None:
    """However long it was given: a wrong port cannot be told from a slow start, and more time is part of the answer."""
    delayed = {**HTTP, "initialDelaySeconds": 600}
    one = Pod(since=-100, created=-3000, restarts=4, ended=(143, -730, -101), ready=False)
    events = (
        killing(4, first=-2400, last=-103),
        failing(REFUSED, 12, first=-2400, last=-103),
        failing(REFUSED, 280, probe="Readiness", first=-2990, last=-3),
    )
    found = Dump(probes={"livenessProbe": delayed, "readinessProbe": HTTP}, pods=(one,), events=events).container()

    assert "probe-never-succeeds" not in names(found)
    assert "liveness-kill-during-startup" in names(found)
    assert found.target.startup is not None
    assert found.target.startup.startup_budget_seconds > 629


def test_a_restart_amid_trouble_is_no_slow_start() -> None:
    """Pods that had been ready for days and answer 503 from their fresh start on are not starting slowly."""
    pods = tuple(
        Pod(name=name, since=-40, created=-3 * DAY, restarts=6, ended=(143, -75, -41), ready=False, ready_since=-1080)
        for name in "abc"
    )
    events = [told for name in "abc" for told in (killing(6, first=-1060, last=-42, pod=name),)]
    events += [failing(status(503), 20, first=-1080, last=-5, pod=name) for name in "abc"]
    found = Dump(pods=pods, events=events).container()

    assert not names(found) & {"liveness-kill-during-startup", "crash", "liveness-kill-of-lockup"}
    assert "liveness-kill-unexplained" in names(found)
    assert not actions(found) & {"add-startup-probe", "raise-timeout", "fix-handler"}


def test_a_replica_that_says_no_for_hours_is_unready_for_good() -> None:
    """Its siblings pass the same probe, so that is right; what it says is quoted, and no number is changed."""
    well = Pod(since=-9 * HOUR, created=-9 * HOUR, ready_since=-9 * HOUR + 5)
    hung = Pod(name="b", since=-9 * HOUR, created=-9 * HOUR, ready=False)
    command = {"exec": {"command": ["agent", "-ready"]}}
    said = "agent is not ready: dial unix /run/agent.ctl: connect: resource temporarily unavailable"
    told = failing(said, 1234, probe="Readiness", first=-7 * HOUR, last=-3, pod="b")
    found = Dump(
        probes={"readinessProbe": command, "livenessProbe": HTTP}, pods=(well, hung), events=(told,)
    ).container()

    assert names(found) == {"unready-for-good"}
    assert found.target == found.current
    assert "resource temporarily unavailable" in words(found)


def test_silence_for_hours_with_nothing_to_end_it_is_a_lock_up() -> None:
    """It is in the dump: the pod's condition says since when it is out, and the events that nothing answered."""
    stuck = Pod(since=-20 * DAY, created=-20 * DAY, ready=False, ready_since=-5 * HOUR)
    told = failing(TIMED_OUT, 1800, probe="Readiness", first=-5 * HOUR, last=-3)
    found = Dump(probes=READINESS_ALONE, pods=(stuck, Pod(name="b")), events=(told,)).container()

    assert "lockup-without-liveness" in names(found)
    assert "add-liveness" in actions(found)
    assert "probe-timeout-too-short" not in names(found)


BROKEN_RUNTIME = "rpc error: code = Unknown desc = failed to exec in container: The RPC server is unavailable"
SLOW_RUNTIME = "rpc error: code = DeadlineExceeded desc = timeout 20s exceeded: context deadline exceeded"
NO_PROGRAM = 'exec: "/bin/chek": stat /bin/chek: no such file or directory'


@pytest.mark.parametrize(
    ("said", "finding", "action"),
    [
        (BROKEN_RUNTIME, "probe-runtime-errors", None),
        (SLOW_RUNTIME, "probe-timeout-too-short", "raise-timeout"),
        (NO_PROGRAM, "probe-errors", "fix-handler"),
    ],
)
def test_attempts_that_could_not_be_made_are_told_by_why(said: str, finding: str, action: str | None) -> None:
    """The runtime, a deadline that ran out in it, or a program that is not there."""
    asked = {"exec": {"command": ["/bin/chek"]}, "timeoutSeconds": 20, "periodSeconds": 30}
    told = Told(message=f"Liveness probe errored: {said}", count=40, first=-3000, last=-3)
    found = Dump(probes={"livenessProbe": asked}, events=(told,)).container()

    assert finding in names(found)
    assert actions(found) == ({action} if action else set())
    assert said in words(found)


def test_a_program_that_gives_up_by_its_own_deadline_is_late_and_named() -> None:
    """Raising timeoutSeconds alone changes nothing: the flag has to be raised too."""
    probe = {"exec": {"command": ["/bin/grpc_health_probe", "-addr=:8080"]}}
    one = Pod(since=-300, restarts=6, ended=(137, -1200, -301), ready_since=-280, created=-3 * DAY)
    events = (killing(6, first=-3000, last=-331), failing(OWN_DEADLINE, 40, first=-3000, last=-332))
    found = Dump(probes={"livenessProbe": probe}, pods=(one,), events=events).container()

    assert "liveness-kill-unexplained" in names(found)
    assert actions(found) == {"raise-handler-deadline"}
    assert "-rpc-timeout" in words(found)
    assert "DeadlineExceeded" in words(found)


def test_what_the_kubelet_stops_for_no_probe_is_no_probes_doing() -> None:
    """Its sandbox is made anew over and over; refused and failed attempts in between are its starts."""
    one = Pod(since=None, created=-10 * HOUR, restarts=80, ended=(137, -HOUR, -60), ready=False)
    events = (
        Told(message="Stopping container app", reason="Killing", count=80, first=-10 * HOUR, last=-90),
        failing(REFUSED, 900, probe="Readiness", first=-10 * HOUR, last=-70),
        failing(status(500), 240, probe="Readiness", first=-10 * HOUR, last=-4 * HOUR),
        failing(status(500), 93, first=-10 * HOUR, last=-80),
    )
    found = Dump(probes=BOTH, pods=(one,), events=events).container()

    assert not names(found) & {"probe-never-succeeds", "liveness-kill-unexplained", "liveness-kill-during-startup"}
    assert found.restarts.torn_down == 80


def test_a_kernel_that_ends_it_is_told_whatever_refused_in_between() -> None:
    """A container that is ended after 19 s was not ended by a probe that needs 70."""
    patient = {**HTTP, "initialDelaySeconds": 10, "periodSeconds": 30}
    one = Pod(since=None, created=-3 * DAY, restarts=214, ended=(137, -260, -241), reason="OOMKilled", ready=False)
    told = failing(REFUSED, 12, first=-3 * DAY, last=-248)
    found = Dump(probes={"livenessProbe": patient}, pods=(one,), events=(told,)).container()

    assert names(found) == {"oom-killed"}
    assert actions(found) == {"raise-memory"}


@pytest.mark.parametrize("nameless", ["events", "pods", "both"])
def test_events_find_their_pods_by_name_where_uids_were_taken_out(nameless: str) -> None:
    """People remove uids before they show a dump."""
    items = killed(said=REFUSED).items
    for item in items:
        if item["kind"] == "Pod" and nameless != "events":
            del item["metadata"]["uid"]
        if item["kind"] == "Event" and nameless != "pods":
            del item["involvedObject"]["uid"]
    (container,) = _report(items)["workloads"][0]["containers"]

    assert container["restarts"]["byLiveness"] == 5


def _report(items: list[Json]) -> Json:
    return report("-", piped=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode())
