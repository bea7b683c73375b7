"""Liveness that takes a whole workload down, on a real kubelet."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cluster.operator_process import OperatorProcess, Space, deployment, wait_for

pytestmark = pytest.mark.cluster


def test_a_mass_kill_is_told_at_once(space: Space, start_operator: Callable[..., OperatorProcess]) -> None:
    """An Event on the workload and a metric say that most replicas were killed; the Event is not repeated."""
    manifest = deployment("web", "Recommend", replicas=3)
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    container["livenessProbe"] = {"httpGet": {"path": "/missing", "port": 8000}, "periodSeconds": 2}
    container["livenessProbe"] |= {"initialDelaySeconds": 5, "failureThreshold": 2}
    operator = start_operator("--mass-kill-window-seconds=120")
    operator.wait_ready()
    space.apply(manifest)

    event = wait_for(lambda: _event(space), "the Event", seconds=120)

    assert "liveness probe killed" in event["message"]
    assert "of 3 replicas within 2 min" in event["message"]
    assert event["type"] == "Warning"
    series = f'{{kind="Deployment",name="web",namespace="{space.name}"}}'
    assert operator.metric(f"probetuner_mass_killed{series}") == 1
    assert operator.metric("probetuner_mass_kills_total") == 1
    wait_for(lambda: space.status("deployment-web").get("finding") != "insufficient-evidence", "it is looked at")
    assert (_event(space) or {}).get("count") == 1
    assert operator.stop() == 0


def _event(space: Space) -> dict[str, Any] | None:
    query = ("--field-selector=involvedObject.name=web,reason=MassKill", "-o", "json")
    found: list[dict[str, Any]] = json.loads(space.kubectl("get", "events", *query))["items"]
    return found[0] if found else None
