"""Findings about numbers and handlers that a manifest alone shows, for workloads of which nothing was seen to run.

What was seen outweighs what is written, so none of them is made where anything was observed. A finding is a warning
only where it is wrong whatever the application is; what may be right for one and wrong for another is info.
"""

import re
from collections.abc import Callable
from functools import wraps

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.commands import base_name, hidden_failure, script_of, shortened, unwrapped
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.lone import is_only_backend
from probetuner.model.probe import Exec, HttpGet, Probe, ProbeType

Rule = Callable[[Case], Finding | None]

_CERTAIN = 0.99
EAGER_SECONDS = 15
"""A garbage collection, a failover of DNS or a full disk queue holds a sound process up for as long as ten seconds."""
_SHORT_START_SECONDS, _SHORT_JAVA_START_SECONDS = 15, 30
"""Interpreters and linked programs listen within seconds, a JVM with a framework takes 10 to 30 s on one core."""
_LONG_DELAY_SECONDS = 120
_SLOW_READINESS_SECONDS = 60
_JAVA_IMAGE = re.compile(
    r"java|jdk|jre|temurin|corretto|spring|tomcat|jetty|wildfly|jboss|keycloak|kafka|zookeeper|cassandra|elasticsearch"
    r"|logstash|jenkins|solr|activemq|neo4j|nexus|sonarqube|quarkus|graalvm"
)
_BESIDE_JAVA = re.compile(r"operator|exporter|javascript|backup|client")
"""What works beside such a program, or is only called like it, is most often written in another language."""
_JAVA_VARIABLES = ("JAVA_", "SPRING_", "JDK_", "CATALINA_")
_ANSWERS_AT_ONCE = ("pgrep", "pidof", "ps", "kill", "true", "echo")
"""Programs that find a process as soon as it runs, however long it takes to come up."""
_ASKS_READINESS = re.compile(r"/(?:-/)?(?:health/|healthz/|api/)?(?:ready|readyz|readiness|is-?ready)/?")
_WHOLE_HEALTH = re.compile(r"(?:/[^/]+)?/actuator/health(?:/readiness)?/?")


def unless_seen(rule: Rule) -> Rule:
    """Make the rule silent where anything was observed, or will be: what is in a cluster is judged by what it does."""

    @wraps(rule)
    def judge(case: Case) -> Finding | None:
        return None if case.was_seen or case.workload.uid else rule(case)

    return judge


def find_refused(case: Case) -> Finding | None:
    """rejected-by-api-server: what validation refuses. What the API server gave out it has taken."""
    found = [v for kind in ProbeType if (probe := case.container.probe(kind)) for v in probe.violations]
    told = [sentence for sentence in found if ".successThreshold: " not in sentence]
    if not told or case.workload.uid:
        return None
    return _finding(
        case,
        FindingName.REJECTED_BY_API_SERVER,
        Severity.CRITICAL,
        *told,
        explanation="The API server refuses this manifest, so it cannot be applied as it is.",
    )


@unless_seen
def find_eager_liveness(case: Case) -> Finding | None:
    """liveness-too-eager: it restarts a container that was silent for less than a pause may take."""
    probe = case.container.liveness
    if probe is None or probe.handler is None or probe.detection_seconds >= EAGER_SECONDS:
        return None
    return _finding(
        case,
        FindingName.LIVENESS_TOO_EAGER,
        Severity.WARNING,
        f"liveness restarts the container after at most {probe.detection_seconds} s of silence: {_arithmetic(probe)}",
        explanation=(
            "Liveness acts after a silence that may be a pause, from which a sound process recovers by itself. A "
            "restart then cures nothing, and takes a replica away."
        ),
    )


@unless_seen
def find_unprotected_start(case: Case) -> Finding | None:
    """start-not-protected: liveness may end a start before the application is up."""
    probe = case.container.liveness
    if probe is None or case.container.startup is not None or _answers_at_once(probe):
        return None
    given, java = probe.startup_budget_seconds, _runs_java(case)
    if given > _SHORT_JAVA_START_SECONDS:
        return None
    short = given <= (_SHORT_JAVA_START_SECONDS if java else _SHORT_START_SECONDS)
    return _finding(
        case,
        FindingName.START_NOT_PROTECTED,
        Severity.WARNING if short else Severity.INFO,
        f"a start gets {given} s before liveness may end it: {probe.initial_delay_seconds} s of delay and "
        f"{probe.failure_threshold - 1} periods of {probe.period_seconds} s",
        *(("the container runs on a Java virtual machine, which starts slowly on a busy node",) if java else ()),
        explanation=(
            "There is no startup probe. On a busy node a start takes several times as long as usual, and one that "
            "liveness ends is begun anew, and takes as long again."
        ),
    )


@unless_seen
def find_delay_for_startup(case: Case) -> Finding | None:
    """initial-delay-as-startup-probe: a long delay leaves every restart unwatched for as long."""
    probe = case.container.liveness
    if probe is None or case.container.startup is not None or probe.initial_delay_seconds < _LONG_DELAY_SECONDS:
        return None
    return _finding(
        case,
        FindingName.INITIAL_DELAY_AS_STARTUP_PROBE,
        Severity.INFO,
        f"liveness waits for {probe.initial_delay_seconds} s after each start, and there is no startup probe",
        explanation=(
            "A process that hangs during the initial delay is not restarted, and a start that takes longer is ended. A "
            "startup probe ends the wait as soon as the application is up, and can allow for more."
        ),
    )


@unless_seen
def find_strict_liveness(case: Case) -> Finding | None:
    """liveness-as-strict-as-readiness: both act at the same time, so readiness gains nothing."""
    liveness, readiness = case.container.liveness, case.container.readiness
    if liveness is None or readiness is None or liveness.detection_seconds != readiness.detection_seconds:
        return None
    if not case.container.asks_the_same(liveness.handler, readiness.handler):
        return None
    return _finding(
        case,
        FindingName.LIVENESS_AS_STRICT_AS_READINESS,
        Severity.INFO,
        f"both ask {liveness.handler} and act after at most {liveness.detection_seconds} s",
        explanation=(
            "The container is restarted when readiness takes it out of its Services, and has no time to recover "
            "without traffic. Liveness had better wait for longer."
        ),
    )


@unless_seen
def find_readiness_asked(case: Case) -> Finding | None:
    """liveness-asks-readiness: liveness asks an endpoint that says no while the application is merely not ready."""
    probe = case.container.liveness
    handler = probe.handler if probe else None
    if not isinstance(handler, HttpGet):
        return None
    path = handler.path.partition("?")[0]
    if not (_ASKS_READINESS.fullmatch(path) or _WHOLE_HEALTH.fullmatch(path)):
        return None
    whole = "actuator" in path
    return _finding(
        case,
        FindingName.LIVENESS_ASKS_READINESS,
        Severity.WARNING,
        f"liveness asks {handler}",
        explanation=(
            "Spring Boot's whole health includes databases and brokers: while one of them is away every replica is "
            "restarted. Ask /actuator/health/liveness."
            if whole
            else "Liveness asks an endpoint that says whether the application wants traffic. It may say no while it "
            "warms up or waits for a dependency, and a restart is no cure for that."
        ),
    )


@unless_seen
def find_slow_readiness(case: Case) -> Finding | None:
    """readiness-too-slow: users are sent to a silent replica until readiness notices.

    Those of the only replica have nowhere else to go, however soon it is noticed.
    """
    probe = case.container.readiness
    if probe is None or probe.detection_seconds < _SLOW_READINESS_SECONDS or is_only_backend(case):
        return None
    return _finding(
        case,
        FindingName.READINESS_TOO_SLOW,
        Severity.INFO,
        f"readiness notices a silent replica after at most {probe.detection_seconds} s: {_arithmetic(probe)}",
        explanation="Until readiness notices that a replica is silent, the Service goes on sending requests to it.",
    )


@unless_seen
def find_default_exec_timeouts(case: Case) -> Finding | None:
    """exec-timeout-default: a command has one second, the start of its process included."""
    told = [
        f"{kind.field} runs {shortened(probe.handler.command)} with timeoutSeconds 1"
        for kind in ProbeType
        if (probe := case.container.probe(kind)) and isinstance(probe.handler, Exec) and probe.timeout_seconds == 1
    ]
    if not told:
        return None
    return _finding(
        case,
        FindingName.EXEC_TIMEOUT_DEFAULT,
        Severity.INFO,
        *told,
        explanation=(
            "The runtime starts a process in the container for each attempt, which takes longer on a busy node. One "
            "second is the default, and is often too short for it."
        ),
    )


@unless_seen
def find_hidden_failures(case: Case) -> Finding | None:
    """exec-without-exit-code: a failure of what the command asks does not reach its exit code."""
    told = [
        f"{kind.field}: {why}"
        for kind in ProbeType
        if (probe := case.container.probe(kind))
        and isinstance(probe.handler, Exec)
        and (why := hidden_failure(probe.handler.command)) is not None
    ]
    if not told:
        return None
    return _finding(
        case,
        FindingName.EXEC_WITHOUT_EXIT_CODE,
        Severity.WARNING,
        *told,
        explanation="The kubelet reads nothing but the exit code, so the probe passes when what it asks has failed.",
    )


def _runs_java(case: Case) -> bool:
    container = case.container
    image = (container.image.rpartition("@")[0] or container.image).lower()
    named = bool(_JAVA_IMAGE.search(image)) and not _BESIDE_JAVA.search(image.rpartition("/")[2])
    handlers = [probe.handler for kind in ProbeType if (probe := container.probe(kind))]
    return (
        named
        or any(name.startswith(_JAVA_VARIABLES) for name in container.variables)
        or any(isinstance(handler, HttpGet) and "/actuator" in handler.path for handler in handlers)
    )


def _answers_at_once(probe: Probe) -> bool:
    if not isinstance(probe.handler, Exec):
        return False
    command = unwrapped(probe.handler.command)
    script = script_of(command)
    words = script.split() if script is not None else command
    first = words[1:] if words[:1] == ["exec"] else words
    return bool(first) and base_name(first[0]) in _ANSWERS_AT_ONCE


def _arithmetic(probe: Probe) -> str:
    again = f" + {probe.failure_threshold - 1} x {probe.cadence_seconds}" if probe.failure_threshold > 1 else ""
    return f"a period of {probe.period_seconds}{again} and a timeout of {probe.timeout_seconds}"


def _finding(case: Case, name: FindingName, severity: Severity, *evidence: str, explanation: str) -> Finding:
    return Finding(
        name=name,
        container=case.container.name,
        severity=severity,
        confidence=_CERTAIN,
        samples=len(evidence),
        evidence=evidence,
        explanation=explanation,
    )
