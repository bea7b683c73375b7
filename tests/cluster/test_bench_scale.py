"""What is promised of the fleet that `make bench-scale` measures with: it is real to whoever asks the API server."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.scale.fleet import Fleet
from bench.scale.kubelets import Kubelets, kubelets
from bench.scale.live.client import Loader
from bench.scale.live.objects import define, populate, serve_metrics
from bench.scale.live.recommender import DEFINITIONS, recommender
from bench.scale.live.server import Server, api_server
from lab.api import Api

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


def test_a_fleet_is_real_to_the_api_server(tmp_path: Path) -> None:
    """Its pods have the server's uids and the status of long-lived ones, and metrics come as from metrics-server."""
    fleet = Fleet(workloads=2, nodes=2, pods_each=2)
    with api_server(tmp_path) as server, kubelets(fleet.nodes, pki=server.pki) as served:
        fleet = asyncio.run(_populated(fleet, server, served))
        asked = Api(port=server.port, pki=server.pki)
        pods: list[dict[str, Any]] = asked.get("/api/v1/pods")["items"]
        usage = asked.get("/apis/metrics.k8s.io/v1beta1/pods")["items"]
        deployment = asked.get("/apis/apps/v1/namespaces/team-0/deployments/checkout-0")
        autoscalers = asked.get("/apis/autoscaling.k8s.io/v1/verticalpodautoscalers")["items"]

    assert sorted(pod["metadata"]["uid"] for pod in pods) == sorted(fleet.uids)
    assert all(pod["status"]["containerStatuses"][0]["ready"] for pod in pods)
    assert len(usage) == 4
    assert deployment["status"]["availableReplicas"] == 2
    assert len(autoscalers) == 2


async def _populated(fleet: Fleet, server: Server, served: Kubelets) -> Fleet:
    async with Loader(server) as loader:
        await define(loader, recommender() / DEFINITIONS)
        fleet = await populate(loader, replace(fleet, began=time.time()), served.ports)
        served.serve(fleet)
        await serve_metrics(loader, served.metrics_port)
        return fleet
