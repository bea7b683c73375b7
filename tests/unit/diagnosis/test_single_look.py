"""A single look shows failures and no success: what may have passed unseen is not said to have failed throughout."""

import pytest

from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.facts.fact import Fact, FailureCause
from support.facts import exited, failed, killed, remember, started
from support.workloads import LIVENESS, container, workload

_READINESS = {"httpGet": {"path": "/ready", "port": 80}}


@pytest.mark.parametrize(
    ("lived_seconds", "found"),
    [(25, {"probe-never-succeeds"}), (600, set())],
    ids=["killed as soon as may be", "lived for long"],
)
def test_liveness_never_succeeds_only_where_no_life_had_time_for_a_success(lived_seconds: int, found: set[str]) -> None:
    """Readiness holds while liveness is refused; a life of minutes must have passed liveness, whatever failed later."""
    facts: list[Fact] = [
        started(0, restarts=3),
        failed(lived_seconds - 1, cause=FailureCause.REFUSED, count=12),
        killed(lived_seconds - 1),
        exited(lived_seconds, restarts=3),
    ]
    judged = cases(workload(container(livenessProbe=LIVENESS, readinessProbe=_READINESS)), remember(facts))

    assert {finding.name.value for finding in diagnose(judged)} & {"probe-never-succeeds"} == found
