"""The stories of endpoints that the operator tries: one is found, one calls a Service, and one service has none."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.observation import Observation
from demo.stage import Stage
from demo.workloads import documents
from e2e import clients
from e2e.rng import rng

HERE = Path(__file__).parent
WORKLOAD = "rng"
_CLIENTS, _SECONDS_OF_LOAD = 45, 360
_SECONDS_TO_SET_UP, _SECONDS_TO_JUDGE, _SECONDS_TO_VERDICT = 120, 180, 240
_SECONDS_TO_ADVISE = 240
_HOPELESS_WORK_SECONDS = 0.5
"""So much for each of 45 clients that no timeout is long enough, and fresh containers are as late as the old ones."""

Endpoints = Mapping[str, Mapping[str, str]]
"""What the status says of each endpoint, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of a service with endpoints to choose from.

    `endpoints` is from before the load, `told` the Event of the change, `restarts` those of the pods that have it.
    """

    endpoints: Endpoints
    told: str
    probes: Mapping[str, Any]
    verdict: str
    restarts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoneFound:
    """What is said of a service that has no fit endpoint, under load."""

    endpoints: Endpoints
    reason: str
    patch: str


def find_one(stage: Stage) -> Found:
    """Take the Service away that one endpoint calls, then load the service until its probe kills it."""
    old = stage.set_up(documents("endpoints", stage.cluster, folder=HERE))
    stage.until(lambda _: _are_tried(stage), what="a first word on the endpoints", seconds=_SECONDS_TO_JUDGE)
    _scale(stage, "hasher", 0)
    stage.say("the Service hasher has no endpoint now")
    stage.until(lambda _: _is_named(stage), what="the name of what /health calls", seconds=_SECONDS_TO_JUDGE)
    _scale(stage, "hasher", 1)
    before = endpoints(stage)
    clients.begin(stage, "/1", clients=_CLIENTS, seconds=_SECONDS_OF_LOAD)
    stage.until(lambda now: now.template != old or None, what="a change", seconds=_SECONDS_TO_VERDICT)
    verdict = stage.until(_verdict, what="the verdict", seconds=_SECONDS_TO_VERDICT)
    clients.end(stage)
    now = stage.look()
    return Found(
        endpoints=before,
        told=_told(stage),
        probes=now.probes,
        verdict=verdict,
        restarts=sum(pod.restarts for pod in now.pods if pod.template == now.template),
    )


def find_none(stage: Stage) -> NoneFound:
    """Load a service that does everything in one queue, and has its endpoints tried."""
    target = {"kind": "Deployment", "name": WORKLOAD}
    policy = {
        "apiVersion": "probetuner.dev/v1alpha1",
        "kind": "ProbePolicy",
        "metadata": {"name": f"deployment-{WORKLOAD}"},
        "spec": {"targetRef": target, "mode": "Recommend", "endpoints": {"discovery": True}},
    }
    stage.set_up([*rng(stage.cluster, work_seconds=_HOPELESS_WORK_SECONDS), policy])
    stage.until(lambda now: now.rolled_out or None, what="its pods", seconds=_SECONDS_TO_SET_UP)
    stage.until(lambda _: _are_tried(stage), what="a first word on the endpoints", seconds=_SECONDS_TO_JUDGE)
    clients.begin(stage, "/1", clients=_CLIENTS, seconds=_SECONDS_OF_LOAD)
    advised = stage.until(
        lambda _: _takes_liveness_away(_status(stage)), what="advice to take liveness away", seconds=_SECONDS_TO_ADVISE
    )
    clients.end(stage)
    return NoneFound(
        endpoints=_endpoints(advised),
        reason=advised["recommendation"]["actions"][0]["reason"],
        patch=advised["patch"],
    )


def endpoints(stage: Stage) -> Endpoints:
    """What the status says of each endpoint now."""
    return _endpoints(_status(stage))


def _endpoints(status: Mapping[str, Any]) -> Endpoints:
    containers = status.get("containers", [])
    return {entry["endpoint"]: entry for container in containers for entry in container.get("endpoints", [])}


def _are_tried(stage: Stage) -> bool | None:
    """Whether those that are not served have been told by their answers."""
    return any("not served" in entry["livenessReason"] for entry in endpoints(stage).values()) or None


def _is_named(stage: Stage) -> bool | None:
    return any("calls the Service" in entry["livenessReason"] for entry in endpoints(stage).values()) or None


def _takes_liveness_away(status: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """This status, once its patch does: until a fresh container has failed as well the advice may be to wait longer.

    Patch and reasons are of one look, since the advice may change again once the load is gone.
    """
    return status if "livenessProbe: null" in status.get("patch", "") else None


def _verdict(now: Observation) -> str | None:
    return now.policy.changes[0].get("verdict") if now.policy and now.policy.changes else None


def _told(stage: Stage) -> str:
    events = stage.cluster.get("events", f"--namespace={stage.namespace}", "--field-selector=reason=Applying")["items"]
    return " ".join(event["message"] for event in events)


def _status(stage: Stage) -> Mapping[str, Any]:
    found = stage.cluster.get(f"probepolicy/deployment-{stage.workload}", f"--namespace={stage.namespace}")
    status: Mapping[str, Any] = found.get("status", {})
    return status


def _scale(stage: Stage, name: str, replicas: int) -> None:
    stage.cluster.kubectl("scale", f"deployment/{name}", f"--replicas={replicas}", f"--namespace={stage.namespace}")
