"""A service that deadlocks, in mode Observe and in mode Apply: its liveness probe must stay, and its endpoints too."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.observation import Observation
from demo.stage import Stage
from demo.workloads import documents
from e2e import clients
from e2e.clients import Fared

HERE = Path(__file__).parent
WORKLOAD = "deadlock"
WATCHED_SECONDS = 420
_SECONDS_TO_READY = 120
_CLIENTS, _PAUSE_SECONDS, _PATIENCE_SECONDS = 3, 0.8, 3
"""Some two requests a second for each of two replicas: one gets stuck within half a minute, and once the other has all
of them, within seconds. Both are often away together, and fresh ones fail soon: it looks like load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endured:
    """What the Service and its users went through.

    `empty_seconds` is the longest time in which none of its endpoints was ready. `restarts` counts those of all pods,
    `probes` and `changes` are as they are in the end.
    """

    empty_seconds: float
    users: Fared
    restarts: int
    probes: Mapping[str, Any]
    changes: tuple[Mapping[str, Any], ...]


@dataclass(slots=True)
class _Endpoints:
    """When the Service had none, as it is looked at every two seconds."""

    stage: Stage
    since: float | None = None
    looked_at: float = 0.0
    gaps: list[float] = field(default_factory=list)

    def look(self, now: float) -> None:
        slices = self.stage.cluster.get(
            "endpointslices", f"--namespace={self.stage.namespace}", f"--selector=kubernetes.io/service-name={WORKLOAD}"
        )["items"]
        endpoints = [endpoint for one in slices for endpoint in one.get("endpoints") or ()]
        if any(endpoint.get("conditions", {}).get("ready") for endpoint in endpoints):
            self.end(now)
        elif self.since is None:
            self.since = now

    def end(self, now: float) -> None:
        if self.since is not None:
            self.gaps.append(now - self.since)
        self.since = None


def play(stage: Stage, *, mode: str) -> Endured:
    """Play the story on that stage. Raises DemoError when something that has to come does not."""
    stage.set_up(documents(WORKLOAD, stage.cluster, folder=HERE, mode=mode))
    stage.until(lambda now: now.rolled_out or None, what="both replicas", seconds=_SECONDS_TO_READY)
    clients.begin(
        stage,
        "/transfer",
        clients=_CLIENTS,
        seconds=WATCHED_SECONDS,
        patience_seconds=_PATIENCE_SECONDS,
        pause_seconds=_PAUSE_SECONDS,
    )
    endpoints, began = _Endpoints(stage), time.monotonic()

    def over(now: Observation) -> Observation | None:
        endpoints.look(time.monotonic())
        return now if time.monotonic() - began >= WATCHED_SECONDS else None

    last = stage.until(over, what="the time to pass", seconds=WATCHED_SECONDS + 60)
    endpoints.end(time.monotonic())
    users = stage.until(lambda _: clients.report(stage), what="the clients' report", seconds=60)
    return Endured(
        empty_seconds=max(endpoints.gaps, default=0.0),
        users=users,
        restarts=stage.tally.restarts(stage.tally.templates()),
        probes=last.probes,
        changes=last.policy.changes if last.policy else (),
    )
