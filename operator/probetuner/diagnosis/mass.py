"""Whether liveness is killing so many replicas of a workload at once that it is the outage."""

from collections.abc import Iterator
from dataclasses import dataclass

from probetuner.history.attribution import RestartCause, attribute
from probetuner.history.life import Life
from probetuner.history.record import WorkloadHistory
from probetuner.model.container import Container
from probetuner.model.probe import ProbeType
from probetuner.model.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class MassKill:
    """So many `replicas` of the `wanted` ones were killed by liveness within the window; `pods` are their names."""

    replicas: int
    wanted: int
    pods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MassRule:
    """More than this share of the wanted replicas (0 to 1), and at least two, within this many seconds."""

    share: float = 0.5
    window_seconds: float = 300.0

    def find(self, workload: Workload, history: WorkloadHistory, *, now: float) -> MassKill | None:
        """Return what is going on at `now` (epoch seconds), None when it is not that much.

        One replica that is killed is everyday: it says nothing about the others, of which there may be none.
        """
        since = now - self.window_seconds
        pods = {pod for pod, at in _kills(workload, history) if at >= since}
        wanted = workload.rollout.desired
        if len(pods) < _LEAST or len(pods) <= self.share * wanted:
            return None
        return MassKill(replicas=len(pods), wanted=wanted, pods=tuple(sorted(pods)))


def _kills(workload: Workload, history: WorkloadHistory) -> Iterator[tuple[str, float]]:
    """Yield the pod and the time of each kill; one that was announced counts before the process has ended."""
    containers = {container.name: container for container in workload.containers}
    for entry in history.containers:
        container = containers.get(entry.name)
        if container is None:
            continue
        for life in entry.lives:
            if life.killed_by is ProbeType.LIVENESS and life.kill_announced_at is not None:
                yield life.pod, life.kill_announced_at
            elif _is_unannounced_kill(life, container, workload) and life.ended_at is not None:
                yield life.pod, life.ended_at


def _is_unannounced_kill(life: Life, container: Container, workload: Workload) -> bool:
    return attribute(life, container, grace_seconds=workload.grace_seconds) is RestartCause.LIVENESS_KILL


_LEAST = 2
