"""Who ended a life of a container.

The exit code alone tells nothing: a liveness kill ends as 0 `Completed` when the application handles SIGTERM, as 143
with the default disposition and as 137 after the grace period. What the kubelet announced comes first, then what
the probes' own counts prove.
"""

import math
from enum import StrEnum

from probetuner.history.filing import GRAIN_SECONDS
from probetuner.history.life import Life, SeenFailures, Tally
from probetuner.model.container import Container
from probetuner.model.probe import Probe, ProbeType


class RestartCause(StrEnum):
    """What ended a life. STOPPED is that it was asked to stop and for no probe, or nobody saw by whom."""

    LIVENESS_KILL = "liveness-kill"
    STARTUP_KILL = "startup-kill"
    CRASH = "crash"
    STOPPED = "stopped"
    OOM = "oom"
    DISRUPTION = "disruption"
    UNKNOWN = "unknown"


_KILLS = {ProbeType.LIVENESS: RestartCause.LIVENESS_KILL, ProbeType.STARTUP: RestartCause.STARTUP_KILL}
_TERMINATED, SIGKILLED = 143, 137
"""How a container ends that SIGTERM ended, and one that did not end when it was asked to."""
_CODES_WHEN_ASKED = (0, _TERMINATED)
_CODES_AFTER_A_KILL = (*_CODES_WHEN_ASKED, SIGKILLED)
_OUT_OF_MEMORY = "OOMKilled"
_DEFAULT_GRACE_SECONDS = 30
_CHANCE, _TIMES_DENSE = 0.05, 1.5
"""How seldom chance puts a failure so near an end; and how much longer than failures in a row others take."""
_SEEN_LATE_SECONDS = 30.0
"""Failures show in the counters a scrape later, and the end of the process once it is reaped."""


def attribute(
    life: Life, container: Container, *, grace_seconds: int = _DEFAULT_GRACE_SECONDS, watched_since: float = -math.inf
) -> RestartCause | None:
    """Say what ended the life, None while it runs.

    `container` gives the thresholds that were in force, `grace_seconds` the pod's terminationGracePeriodSeconds. Of an
    end that nobody watched, from `watched_since` on, the events may have expired (after an hour) or been dropped.
    """
    if life.ended_at is None:
        return None
    known = _announced(life) or _killed_by_streak(life, container, life.ended_at, grace_seconds)
    if known is not None:
        return known
    if life.exit_reason == _OUT_OF_MEMORY and life.exit_code == SIGKILLED:
        return RestartCause.OOM
    if life.exit_reason in ("ContainerStatusUnknown", "Unknown") or life.exit_code in (None, SIGKILLED):
        return RestartCause.UNKNOWN
    if life.exit_code in _CODES_WHEN_ASKED and life.ended_at <= watched_since:
        return RestartCause.STOPPED
    return RestartCause.CRASH


def _announced(life: Life) -> RestartCause | None:
    """What the kubelet, or whoever deletes the pod, said of the end before it came."""
    if life.killed_by is not None:
        return _KILLS.get(life.killed_by, RestartCause.UNKNOWN)
    if life.ending is not None:
        return RestartCause.DISRUPTION
    return RestartCause.STOPPED if life.stops else None


def _killed_by_streak(life: Life, container: Container, ended_at: float, grace_seconds: int) -> RestartCause | None:
    """A kill whose announcement was lost shows in a streak of failures that reached the threshold at the end."""
    if life.exit_code not in _CODES_AFTER_A_KILL:
        return None
    for kind, cause in _KILLS.items():
        probe, tally = container.probe(kind), life.tally(kind)
        if probe is None or not _is_recent(tally, probe, ended_at, grace_seconds):
            continue
        inherited = 0 if tally.succeeded else life.inherited.get(kind, 0) % probe.failure_threshold
        began = life.started_at if tally.counted_until is None else tally.counted_until
        possible = 1 + int(max(0.0, ended_at - began + GRAIN_SECONDS) // probe.period_seconds)
        if inherited + _in_a_row(tally, probe, most_uncounted=possible) >= probe.failure_threshold:
            return cause
        grace = probe.termination_grace_period_seconds or grace_seconds if life.exit_code == SIGKILLED else 0
        had_time = possible >= probe.failure_threshold and life.exit_reason != _OUT_OF_MEMORY
        if had_time and any(_ended_by(seen, probe, ended_at - grace) for seen in tally.uncounted):
            return cause
    return None


def _ended_by(rate: SeenFailures, probe: Probe, decided_at: float) -> bool:
    """Whether the last of failures that are spread over a long time came too close before the end to be chance.

    Failures that often fall into so short a time now and then without being the cause.
    """
    if not _is_spread(rate, probe) or rate.since is None or rate.count < probe.failure_threshold:
        return False
    apart = abs(decided_at - rate.at) + GRAIN_SECONDS
    return apart * rate.count / (rate.at - rate.since) <= _CHANCE


def _is_spread(seen: SeenFailures, probe: Probe) -> bool:
    """Whether an event told at once of failures with successes between them: it is a rate and no streak."""
    return seen.since is not None and seen.at - seen.since > _TIMES_DENSE * seen.count * probe.cadence_seconds


def _is_recent(tally: Tally, probe: Probe, ended_at: float, grace_seconds: int) -> bool:
    """Whether the last failure was so short before the end that the grace period explains the time between."""
    counted_at = tally.counted_until if tally.counted_streak else None
    last = max((at for at in (counted_at, tally.last_failed_at) if at is not None), default=None)
    grace = probe.termination_grace_period_seconds or grace_seconds
    return last is not None and ended_at - last <= grace + probe.cadence_seconds + _SEEN_LATE_SECONDS


def _in_a_row(tally: Tally, probe: Probe, *, most_uncounted: int) -> int:
    """The failures at the end with no success between them.

    Counters show successes. Events do not: of those that no scrape has confirmed, only as many count as follow
    one another at the probe's own pace and fit into the time. One may stand for many that were told of too late.
    """
    streak, following = 0, None
    for seen in reversed(tally.uncounted):
        if following is not None and _is_gap(seen.at, following, probe):
            return min(streak, most_uncounted)
        streak, following = streak + (1 if _is_spread(seen, probe) else seen.count), seen.at
    streak = min(streak, most_uncounted)
    if following is not None and tally.counted_until is not None and _is_gap(tally.counted_until, following, probe):
        return streak
    return streak + tally.counted_streak


def _is_gap(earlier: float, later: float, probe: Probe) -> bool:
    return later - earlier > 2 * probe.cadence_seconds + GRAIN_SECONDS
