"""A single replica that is to stay one, and one that an autoscaler may make several, on the real API server."""

from collections.abc import Callable
from typing import Any

import pytest

from cluster.operator_process import OperatorProcess, Space, deployment, wait_for

pytestmark = pytest.mark.cluster

_BUSY = {"type": "Utilization", "averageUtilization": 80}
_AUTOSCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "scaled"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "scaled"},
        "minReplicas": 1,
        "maxReplicas": 3,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": _BUSY}}],
    },
}


def _lone(name: str) -> dict[str, Any]:
    asked = deployment(name, "Recommend", replicas=1)
    asked["spec"]["strategy"] = {"type": "Recreate"}
    container = asked["spec"]["template"]["spec"]["containers"][0]
    container["readinessProbe"] = container["livenessProbe"]
    return asked


def test_readiness_stays_where_an_autoscaler_may_bring_more(
    space: Space, start_operator: Callable[..., OperatorProcess]
) -> None:
    """Of two workloads that are alike, only the one that nothing scales is told that readiness gains it nothing."""
    space.apply(_AUTOSCALER)
    for name in ("lone", "scaled"):
        space.apply(_lone(name))
    start_operator().wait_ready()

    lone = wait_for(lambda: space.status("deployment-lone"), "the status of the lone one")
    scaled = wait_for(lambda: space.status("deployment-scaled"), "the status of the scaled one")

    assert "single-replica-readiness" in {finding["name"] for finding in lone["findings"]}
    assert "patch" not in lone
    assert "single-replica-readiness" not in {finding["name"] for finding in scaled["findings"]}
