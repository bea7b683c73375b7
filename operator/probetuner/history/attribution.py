"""Who ended a life of a container.

The exit code alone tells nothing: a liveness kill ends as 0 `Completed` when the application handles SIGTERM, as 143
with the default disposition and as 137 after the grace period. What the kubelet announced comes first, then what
the probes' own counts prove.
"""

from enum import StrEnum

from probetuner.history.life import Life
from probetuner.model.container import Container
from probetuner.model.probe import ProbeType


class RestartCause(StrEnum):
    """What ended a life."""

    LIVENESS_KILL = "liveness-kill"
    STARTUP_KILL = "startup-kill"
    CRASH = "crash"
    OOM = "oom"
    DISRUPTION = "disruption"
    UNKNOWN = "unknown"


_KILLS = {ProbeType.LIVENESS: RestartCause.LIVENESS_KILL, ProbeType.STARTUP: RestartCause.STARTUP_KILL}
_TERMINATED, _KILLED = 143, 137
_CODES_AFTER_A_KILL = (0, _TERMINATED, _KILLED)


def attribute(life: Life, container: Container) -> RestartCause | None:
    """Say what ended the life, None while it runs. `container` gives the thresholds that were in force."""
    if life.ended_at is None:
        return None
    if life.killed_by is not None:
        return _KILLS.get(life.killed_by, RestartCause.UNKNOWN)
    if life.ending is not None:
        return RestartCause.DISRUPTION
    unannounced = _killed_by_streak(life, container)
    if unannounced is not None:
        return unannounced
    if life.exit_reason == "OOMKilled" and life.exit_code == _KILLED:
        return RestartCause.OOM
    if life.exit_reason in ("ContainerStatusUnknown", "Unknown") or life.exit_code == _KILLED:
        return RestartCause.UNKNOWN
    return RestartCause.CRASH


def _killed_by_streak(life: Life, container: Container) -> RestartCause | None:
    """A kill whose announcement was lost shows in a streak of failures that reached the threshold at the end."""
    if life.exit_code not in _CODES_AFTER_A_KILL:
        return None
    for kind, cause in _KILLS.items():
        probe = container.probe(kind)
        if probe is not None and life.tally(kind).trailing_failures >= probe.failure_threshold:
            return cause
    return None
