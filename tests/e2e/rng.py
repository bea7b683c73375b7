"""The demonstration's rng, with as much work on each request and as eager a probe as a story wants."""

from collections.abc import Mapping
from typing import Any

from demo.cluster import Cluster
from demo.workloads import documents


def rng(
    cluster: Cluster, *, work_seconds: float, mode: str | None = None, probe: Mapping[str, int] | None = None
) -> list[dict[str, Any]]:
    """Its objects; `probe` has fields of the liveness probe, `mode` takes the place of the manifest's."""
    found = documents("rng", cluster, mode=mode)
    for workload in found:
        if workload["kind"] == "Deployment":
            container = workload["spec"]["template"]["spec"]["containers"][0]
            container["livenessProbe"].update(probe or {})
            container["env"] = [{"name": "WORK_SECONDS", "value": str(work_seconds)}]
    return found
