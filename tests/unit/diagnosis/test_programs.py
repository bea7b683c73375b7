"""What programs in exec probes say: nobody is there, it is asked wrongly, it is late, or the application says no."""

import pytest

from probetuner.diagnosis.finding import Severity
from support.dumps import HTTP, Dump, Json, Pod, actions, failing, killing, names, words

HOUR = 3600.0
NEVER_READY = Pod(since=-3 * HOUR, ready=False, created=-3 * HOUR)


def asking(*command: str) -> Json:
    """A readiness probe that runs a command."""
    return {"readinessProbe": {"exec": {"command": list(command)}}}


def never_ready(said: str, *command: str) -> Dump:
    """One replica whose readiness has said the same since it began."""
    return Dump(
        probes=asking(*command),
        pods=(NEVER_READY,),
        events=(failing(said, 1000, probe="Readiness", first=-3 * HOUR + 9),),
    )


@pytest.mark.parametrize(
    ("said", "program"),
    [
        ("Could not connect to Redis at localhost:6379: Connection refused\n", "redis-cli"),
        ("wget: can't connect to remote host (127.0.0.1): Connection refused\n", "wget"),
        ("curl: (7) Failed to connect to localhost port 8080 after 0 ms: Couldn't connect to server", "curl"),
        ('timeout: failed to connect service ":50051" within 1s\n', "grpc_health_probe"),
        ("127.0.0.1:5432 - no response\n", "pg_isready"),
        ("/var/run/postgresql:5432 - no response\n", "pg_isready"),
        ("10.1.2.3:5432 - no response\n", "pg_isready"),
        ('timeout: failed to connect service "10.1.2.3:50051" within 1s\n', "grpc_health_probe"),
        ("Can't connect to MySQL server on 'localhost:3306' (111)", "mysqladmin"),
        ("Can't connect to local MySQL server through socket '/run/mysqld/mysqld.sock' (2)", "mysqladmin"),
        ("MongoNetworkError: connect ECONNREFUSED 127.0.0.1:27017", "mongosh"),
    ],
)
def test_a_program_that_found_nobody_is_no_answer(said: str, program: str) -> None:
    """The port is wrong or nothing listens yet, as where the kubelet itself is refused."""
    found = never_ready(said, program).container()

    assert "probe-never-succeeds" in names(found)
    assert "still starting" in words(found)
    assert not names(found) & {"unready-for-good", "readiness-flapping"}


@pytest.mark.parametrize(
    ("said", "program"),
    [
        ("NOAUTH Authentication required.\n", "redis-cli"),
        ("error: 'Access denied for user 'root'@'localhost' (using password: NO)'", "mysqladmin"),
        ("MongoServerError: command ping requires authentication", "mongosh"),
        ('FATAL:  password authentication failed for user "postgres"', "psql"),
        ("curl: (22) The requested URL returned error: 404", "curl"),
        ("wget: server returned error: HTTP/1.1 401 Unauthorized", "wget"),
        ("sh: 1: curl: not found\n", "sh"),
    ],
)
def test_who_is_asked_wrongly_is_up(said: str, program: str) -> None:
    """Credentials, paths and programs are the probe's own."""
    found = never_ready(said, program).container()

    assert "probe-never-succeeds" in names(found)
    assert actions(found) == {"fix-handler"}


@pytest.mark.parametrize(
    "said",
    [
        "curl: (22) The requested URL returned error: 503",
        "curl: (22) The requested URL returned error: 429",
        "orders: cannot reach db.prod:5432: Connection refused\n",
        'timeout: failed to connect service "db.prod:50051" within 1s\n',
        "db.prod:5432 - no response\n",
        "Can't connect to MySQL server on 'db.prod' (111)",
        "LOADING Redis is loading the dataset in memory\n",
        "10.1.2.3:5432 - rejecting connections\n",
        "",
    ],
)
def test_what_the_application_says_of_itself_or_of_others_is_an_answer(said: str) -> None:
    """Who is refused by another host than its own tells what it calls, and its probe is right."""
    found = never_ready(said, "/ready.sh").container()

    assert "unready-for-good" in names(found)
    assert "fix-handler" not in actions(found)


@pytest.mark.parametrize("said", [":5432 - no response", 'timeout: failed to connect service ":50051" within 1s'])
def test_of_a_process_that_was_not_reached_nobody_says_that_it_answered(said: str) -> None:
    """A kill after that may be of a hung one."""
    one = Pod(since=-300, restarts=4, ended=(137, -1200, -301), ready_since=-280, created=-9 * HOUR)
    events = (killing(4, first=-3000, last=-331), failing(said, 12, first=-3020, last=-332))
    found = Dump(probes={"livenessProbe": {"exec": {"command": ["check"]}}}, pods=(one,), events=events).container()

    assert "liveness-kill-unexplained" in names(found)
    assert "it answered" not in words(found).lower()
    assert not actions(found)


@pytest.mark.parametrize(("kills", "broken"), [(1, False), (3, True), (40, True)])
def test_the_same_question_taken_amiss_until_several_kills_is_a_wrong_one(*, kills: int, broken: bool) -> None:
    """No other probe shows that the application is up; what only starts does not answer so for ever."""
    said = "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)"
    one = Pod(since=-8, restarts=kills, ended=(143, -40, -15), ready_since=-8, created=-HOUR)
    events = (killing(kills, first=-3000, last=-16), failing(said, 3 * kills, first=-3020, last=-17))
    found = Dump(probes={"livenessProbe": {"grpc": {"port": 8080}}}, pods=(one,), events=events).container()

    assert ("probe-never-succeeds" in names(found)) == broken
    assert any(finding.severity is not Severity.INFO for finding in found.findings)
    assert not names(found) & {"liveness-kill-during-startup", "liveness-kill-of-lockup"}


def test_a_network_without_a_way_says_nothing_of_the_handler() -> None:
    """A node, a policy or a pod network that is not up is no wrong port or path, however often it kills."""
    said = 'Get "http://10.1.1.5:8080/healthz": dial tcp 10.1.1.5:8080: connect: no route to host'
    one = Pod(since=-8, restarts=9, ended=(143, -40, -15), ready_since=-8, created=-HOUR)
    events = (killing(9, first=-3000, last=-16), failing(said, 27, first=-3020, last=-17))
    found = Dump(probes={"livenessProbe": HTTP}, pods=(one,), events=events).container()

    assert "probe-never-succeeds" not in names(found)
    assert "fix-handler" not in actions(found)
