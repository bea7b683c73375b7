"""The mass guard: a workload that liveness is taking down is looked at first, and that is said at once."""

from collections.abc import Callable

import structlog

from probetuner.change.enrolment import PolicyObject
from probetuner.change.situation import Announcement, Tone
from probetuner.cluster.announcements import announce, of_policy, of_workload
from probetuner.cluster.api import Api
from probetuner.cluster.errors import ApiError
from probetuner.controller.metrics import Metrics
from probetuner.controller.serving import Following, Served
from probetuner.diagnosis.mass import MassKill, MassRule
from probetuner.model.workload import WorkloadRef

log = structlog.get_logger()


class Guard:
    """Applies the rule to served workloads. `clock` gives epoch seconds."""

    def __init__(
        self, rule: MassRule, api: Api, following: Following, metrics: Metrics, *, clock: Callable[[], float]
    ) -> None:
        self._rule = rule
        self._api = api
        self._following = following
        self._metrics = metrics
        self._clock = clock
        self._under_way: set[WorkloadRef] = set()

    def comes_first(self, ref: WorkloadRef) -> bool:
        """Whether it is under way, as far as was told."""
        return ref in self._under_way

    def begins(self, ref: WorkloadRef) -> bool:
        """Whether it is under way and not told yet; cheap enough to be asked after whatever is learned."""
        served = self._following.served.get(ref)
        return served is not None and ref not in self._under_way and self._find(served) is not None

    async def tell(self, served: Served, policy: PolicyObject) -> None:
        """Show whether it is under way, and say once that it began, on the workload and on its policy."""
        ref = served.workload.ref
        found = self._find(served)
        if found is None:
            if self.comes_first(ref):
                self._under_way.discard(ref)
                self._metrics.show_mass_kill(ref, holds=False)
            return
        if self.comes_first(ref):
            return
        self._under_way.add(ref)
        self._metrics.show_mass_kill(ref, holds=True)
        self._metrics.mass_kills.inc()
        log.warning("liveness is killing most replicas", workload=str(ref), replicas=found.replicas, of=found.wanted)
        told = Announcement(reason="MassKill", message=self._words(found), tone=Tone.WARNING)
        try:
            for subject in (of_workload(served.workload), of_policy(policy)):
                await announce(self._api, subject, told, now=self._clock())
        except ApiError as problem:
            log.warning("event not posted", workload=str(ref), reason="MassKill", problem=str(problem))

    def ends_in_seconds(self, ref: WorkloadRef) -> float | None:
        """Return when to look again whether it is over, None when it is not under way."""
        return self._rule.window_seconds if self.comes_first(ref) else None

    def forget(self, ref: WorkloadRef) -> None:
        """Forget a workload that is not served any more."""
        self._under_way.discard(ref)

    def _find(self, served: Served) -> MassKill | None:
        return self._rule.find(served.workload, served.history, now=self._clock())

    def _words(self, found: MassKill) -> str:
        minutes = self._rule.window_seconds / 60
        return (
            f"the liveness probe killed {found.replicas} of {found.wanted} replicas within {minutes:.0f} min "
            f"({', '.join(found.pods[:_SHOWN])}); this workload is handled first"
        )


_SHOWN = 5
