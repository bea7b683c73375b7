"""What the manifest alone shows, and what it does not."""

from typing import Any

import pytest

from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.history.record import WorkloadHistory
from probetuner.model.workload import parse_workload
from support.workloads import Json, container, deployment

HTTP = {"httpGet": {"path": "/livez", "port": 8080}}
READY = {"httpGet": {"path": "/readyz", "port": 8080}}
SHELL = {"exec": {"command": ["sh", "-c", "curl -f localhost; sleep 1"]}}


def names(
    *, exposed: bool | None = None, replicas: int = 2, strategy: str = "", pod: Json | None = None, **probes: Any
) -> set[str]:
    """What is found in a manifest of which nothing was ever seen to run."""
    ports = probes.pop("ports", [{"containerPort": 8080, "name": "http"}])
    command = probes.pop("command", [])
    raw = deployment({**container("web", **probes), "ports": ports, "command": command}, replicas=replicas)
    raw["spec"]["template"]["spec"].update(pod or {})
    raw["spec"] |= {"strategy": {"type": strategy}} if strategy else {}
    found = diagnose(cases(parse_workload(raw), WorkloadHistory(), exposed=exposed))
    return {finding.name.value for finding in found}


@pytest.mark.parametrize(
    ("finding", "probes"),
    [
        ("timeout-exceeds-period", {"livenessProbe": {**HTTP, "timeoutSeconds": 11}}),
        ("port-not-declared", {"livenessProbe": {"httpGet": {"port": "htpp"}}}),
        ("port-not-declared", {"readinessProbe": {"tcpSocket": {"port": "admin"}}}),
        ("host-in-probe", {"livenessProbe": {"httpGet": {"port": 8080, "host": "db.shop"}}}),
        ("host-in-probe", {"livenessProbe": {"httpGet": {"port": 8080, "host": "127.0.0.1"}}}),
        ("success-threshold-ignored", {"livenessProbe": {**HTTP, "successThreshold": 2}}),
        ("liveness-before-readiness", {"livenessProbe": HTTP, "readinessProbe": {**HTTP, "failureThreshold": 5}}),
        ("exec-without-reaper", {"livenessProbe": SHELL}),
    ],
)
def test_a_faulty_manifest_is_told(finding: str, probes: Json) -> None:
    """Each fault of a manifest has its finding, and a container with one is not called healthy."""
    found = names(**probes)

    assert finding in found
    assert "healthy" not in found


@pytest.mark.parametrize(
    ("finding", "probes"),
    [
        ("timeout-exceeds-period", {"livenessProbe": {**HTTP, "timeoutSeconds": 10}}),
        ("port-not-declared", {"livenessProbe": {"httpGet": {"port": "http"}}}),
        (
            "host-in-probe",
            {"livenessProbe": {"httpGet": {"port": 8080, "host": "127.0.0.1"}}, "pod": {"hostNetwork": True}},
        ),
        ("port-not-declared", {"livenessProbe": {"httpGet": {"port": 9999}}}),
        ("success-threshold-ignored", {"readinessProbe": {**HTTP, "successThreshold": 2}}),
        ("liveness-before-readiness", {"livenessProbe": {**HTTP, "failureThreshold": 5}, "readinessProbe": HTTP}),
        ("liveness-before-readiness", {"livenessProbe": HTTP, "readinessProbe": {**READY, "failureThreshold": 5}}),
        ("exec-without-reaper", {"livenessProbe": {"exec": {"command": ["redis-cli", "ping"]}}}),
        ("exec-without-reaper", {"livenessProbe": SHELL, "command": ["/usr/bin/tini", "--", "app"]}),
        ("exec-without-reaper", {"livenessProbe": SHELL, "pod": {"shareProcessNamespace": True}}),
    ],
)
def test_what_only_looks_faulty_is_not_told(finding: str, probes: Json) -> None:
    """A timeout of one period, declared names, numbers, laxer liveness, and probes that leave no child are fine."""
    assert finding not in names(**probes)


def test_readiness_is_missing_only_where_it_matters() -> None:
    """Whoever gets requests while pods come and go needs it; no Service, or another container that has it, do not."""
    assert "missing-readiness" in names(exposed=True, livenessProbe=HTTP)
    assert "missing-readiness" in names(exposed=True, replicas=1, livenessProbe=HTTP)
    assert "missing-readiness" not in names(exposed=True, replicas=1, strategy="Recreate", livenessProbe=HTTP)
    assert "missing-readiness" not in names(exposed=False, livenessProbe=HTTP)
    assert "missing-readiness" not in names(exposed=None, livenessProbe=HTTP)
    assert "missing-readiness" not in names(exposed=True, readinessProbe=READY)


def test_pods_that_end_by_themselves_need_no_readiness() -> None:
    """A Service whose selector fits a Job's or a test's pods too sends them nothing that readiness would save."""
    assert "missing-readiness" not in names(exposed=True, livenessProbe=HTTP, pod={"restartPolicy": "Never"})


def test_a_startup_probe_may_time_out_later_than_its_period() -> None:
    """It then waits for longer, and no lock-up is found later for it."""
    assert "timeout-exceeds-period" not in names(startupProbe={**HTTP, "timeoutSeconds": 11})
    assert "timeout-exceeds-period" in names(readinessProbe={**HTTP, "timeoutSeconds": 11})


def test_a_lone_replica_is_told_that_readiness_gains_it_nothing() -> None:
    """One replica with readiness, and neither two nor one without."""
    assert "single-replica-readiness" in names(replicas=1, readinessProbe=READY)
    assert "single-replica-readiness" not in names(replicas=2, readinessProbe=READY)
    assert "single-replica-readiness" not in names(replicas=1, livenessProbe=HTTP)


def test_the_lack_of_liveness_alone_is_no_finding() -> None:
    """Most containers need no liveness probe, so its absence says nothing until one locks up."""
    assert "missing-liveness" not in names(readinessProbe=READY)
