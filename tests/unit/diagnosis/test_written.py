"""Numbers and handlers of a manifest: each wrong one is told, and the right one beside it is not."""

import pytest

from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.finding import Finding, Severity
from probetuner.history.record import ContainerHistory, WorkloadHistory
from probetuner.model.workload import parse_workload
from support.workloads import Json, container, deployment

LIVE = {"httpGet": {"path": "/livez", "port": 8080}, "initialDelaySeconds": 60}
READY = {"httpGet": {"path": "/readyz", "port": 8080}}
WORDY = {"httpGet": {"path": "/livez", "port": "http"}, "initialDelaySeconds": 60}


SEEN = ContainerHistory(name="web", template_hash="h", first_seen_at=1.0, last_seen_at=3600.0)


def found(
    probes: Json,
    *,
    image: str = "web:1",
    env: tuple[str, ...] = (),
    uid: str = "",
    seen: bool = False,
    replicas: int = 3,
) -> dict[str, Finding]:
    """What is found in the manifest of so many replicas; or, where it was `seen` to run, in the workload."""
    raw = deployment(
        {
            **container("web", **probes),
            "image": image,
            "env": [{"name": name, "value": "x"} for name in env],
            "ports": [{"containerPort": 8080, "name": "http"}],
        },
        replicas=replicas,
    )
    raw["metadata"]["uid"] = uid
    history = WorkloadHistory(containers=(SEEN,) if seen else ())
    return {f.name.value: f for f in diagnose(cases(parse_workload(raw), history))}


_PAIRS: list[tuple[str, Json, Json]] = [
    (
        "liveness-as-strict-as-readiness",
        {"livenessProbe": LIVE, "readinessProbe": WORDY},
        {"livenessProbe": {**LIVE, "failureThreshold": 6}, "readinessProbe": WORDY},
    ),
    (
        "liveness-as-strict-as-readiness",
        {"livenessProbe": LIVE, "readinessProbe": LIVE},
        {"livenessProbe": LIVE, "readinessProbe": READY},
    ),
    (
        "liveness-too-eager",
        {"livenessProbe": {**LIVE, "periodSeconds": 4, "timeoutSeconds": 2}},
        {"livenessProbe": {**LIVE, "periodSeconds": 5, "timeoutSeconds": 2}},
    ),
    (
        "start-not-protected",
        {"livenessProbe": {**LIVE, "initialDelaySeconds": 5, "periodSeconds": 5}},
        {"livenessProbe": {**LIVE, "initialDelaySeconds": 40}},
    ),
    (
        "start-not-protected",
        {"livenessProbe": {**LIVE, "initialDelaySeconds": 5, "periodSeconds": 5}},
        {"livenessProbe": {**LIVE, "initialDelaySeconds": 5}, "startupProbe": {**LIVE, "failureThreshold": 30}},
    ),
    (
        "start-not-protected",
        {"livenessProbe": {"exec": {"command": ["redis-cli", "ping"]}, "timeoutSeconds": 5}},
        {"livenessProbe": {"exec": {"command": ["pgrep", "redis"]}, "timeoutSeconds": 5}},
    ),
    (
        "initial-delay-as-startup-probe",
        {"livenessProbe": {**LIVE, "initialDelaySeconds": 180}},
        {"livenessProbe": {**LIVE, "initialDelaySeconds": 60}},
    ),
    (
        "readiness-too-slow",
        {"readinessProbe": {**READY, "periodSeconds": 30}},
        {"readinessProbe": READY},
    ),
    (
        "liveness-asks-readiness",
        {"livenessProbe": {**LIVE, "httpGet": {"path": "/ready", "port": 8080}}},
        {"livenessProbe": {**LIVE, "httpGet": {"path": "/already", "port": 8080}}},
    ),
    (
        "liveness-asks-readiness",
        {"livenessProbe": {**LIVE, "httpGet": {"path": "/actuator/health", "port": 8080}}},
        {"livenessProbe": {**LIVE, "httpGet": {"path": "/actuator/health/liveness", "port": 8080}}},
    ),
    (
        "exec-timeout-default",
        {"readinessProbe": {"exec": {"command": ["redis-cli", "ping"]}}},
        {"readinessProbe": {"exec": {"command": ["redis-cli", "ping"]}, "timeoutSeconds": 5}},
    ),
    (
        "exec-without-exit-code",
        {"readinessProbe": {"exec": {"command": ["curl", "localhost"]}, "timeoutSeconds": 5}},
        {"readinessProbe": {"exec": {"command": ["curl", "-f", "localhost"]}, "timeoutSeconds": 5}},
    ),
]


@pytest.mark.parametrize(("name", "wrong", "right"), _PAIRS)
def test_the_wrong_one_is_told_and_the_right_one_is_not(name: str, wrong: Json, right: Json) -> None:
    """Each rule tells a pair of settings apart."""
    assert name in found(wrong)
    assert name not in found(right)


@pytest.mark.parametrize(
    ("image", "variable"),
    [("eclipse-temurin:21-jre", "X"), ("web:1", "JAVA_OPTS"), ("web:1", "SPRING_PROFILES_ACTIVE")],
)
def test_a_java_virtual_machine_needs_longer_to_start(image: str, variable: str) -> None:
    """What is info for any program is a warning where the start is known to be slow."""
    probes = {"livenessProbe": {**LIVE, "initialDelaySeconds": 5}}

    assert found(probes)["start-not-protected"].severity is Severity.INFO
    assert found(probes, image=image, env=(variable,))["start-not-protected"].severity is Severity.WARNING


@pytest.mark.parametrize("image", ["elasticsearch-operator:0.2.0", "danielqsj/kafka-exporter", "javascript-app:1"])
def test_what_works_beside_java_is_not_taken_for_it(image: str) -> None:
    """Operators and exporters are named after what they serve, and most are written in another language."""
    probes = {"livenessProbe": {**LIVE, "initialDelaySeconds": 5}}

    assert found(probes, image=image)["start-not-protected"].severity is Severity.INFO


def test_slow_readiness_of_the_only_replica_sends_nobody_elsewhere() -> None:
    """Its users have no other replica, however soon its silence is noticed."""
    slow = {"readinessProbe": {**READY, "periodSeconds": 30}}

    assert "readiness-too-slow" in found(slow, replicas=2)
    assert "readiness-too-slow" not in found(slow, replicas=1)


def test_what_the_api_server_refuses_is_a_finding_and_is_judged_no_further() -> None:
    """The sentence is the server's; a port that it refuses is not called undeclared besides."""
    refused = found({"livenessProbe": {"httpGet": {"port": "8080"}, "initialDelaySeconds": 60}})

    assert refused["rejected-by-api-server"].severity is Severity.CRITICAL
    assert "must contain at least one letter" in refused["rejected-by-api-server"].evidence[0]
    assert "port-not-declared" not in refused


def test_what_came_from_a_cluster_was_not_refused() -> None:
    """A field that this version does not know is one of a newer Kubernetes there."""
    newer = {"livenessProbe": {**LIVE, "fromTheFuture": True}}

    assert "rejected-by-api-server" in found(newer)
    assert "rejected-by-api-server" not in found(newer, uid="u-1")


def test_taste_is_info_only() -> None:
    """A finding that may be right for some application never makes the command fail by default."""
    warnings = {name for _, wrong, _ in _PAIRS for name, f in found(wrong).items() if f.severity is Severity.WARNING}

    assert warnings == {
        "liveness-too-eager",
        "start-not-protected",
        "liveness-asks-readiness",
        "exec-without-exit-code",
    }


@pytest.mark.parametrize(("name", "wrong"), [(name, wrong) for name, wrong, _ in _PAIRS])
def test_what_was_seen_outweighs_what_is_written(name: str, wrong: Json) -> None:
    """Where the workload was watched, numbers are judged by what they did."""
    assert name not in found(wrong, seen=True)
