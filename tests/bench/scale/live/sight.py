"""What anybody can see of the two programs' work: when the status of each object first said something."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.scale.fleet import Json
from bench.scale.live.client import Loader
from bench.scale.live.objects import AUTOSCALERS, POLICIES


@dataclass(slots=True, kw_only=True)
class Sight:
    """Times in epoch seconds, by `namespace/name` of the workload.

    `policies` and `autoscalers` have when a status was first there, and `advised` each time at which the
    recommendation of a ProbePolicy changed.
    """

    policies: dict[str, float] = field(default_factory=dict)
    autoscalers: dict[str, float] = field(default_factory=dict)
    advised: dict[str, list[float]] = field(default_factory=dict)
    _advice: dict[str, str | None] = field(default_factory=dict)

    async def watch_policies(self, loader: Loader) -> None:
        """Watch the ProbePolicies until cancelled."""
        await _watch(loader, POLICIES, self._see_policy)

    async def watch_autoscalers(self, loader: Loader) -> None:
        """Watch the VerticalPodAutoscalers until cancelled."""
        await _watch(loader, AUTOSCALERS, self._see_autoscaler)

    def _see_policy(self, raw: Json, workload: str) -> None:
        status = raw.get("status")
        if not status:
            return
        self.policies.setdefault(workload, time.time())
        advice = (status.get("recommendation") or {}).get("id")
        if advice != self._advice.get(workload):
            self._advice[workload] = advice
            self.advised.setdefault(workload, []).append(time.time())

    def _see_autoscaler(self, raw: Json, workload: str) -> None:
        if (raw.get("status") or {}).get("recommendation"):
            self.autoscalers.setdefault(workload, time.time())


async def _watch(loader: Loader, path: str, see: Callable[[Json, str], None]) -> None:
    async for raw in loader.watch(path):
        see(raw, f"{raw['metadata']['namespace']}/{raw['spec']['targetRef']['name']}")
