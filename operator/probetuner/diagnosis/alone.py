"""Silence of one replica alone where answers are quick: its process had stopped, it was not busy.

Load makes answers late as it grows and falls, in all replicas; a tail of slow answers makes single timeouts, and two
in a row by chance. A process that pauses or is stuck answers quickly until it stops.
"""

import math
from collections.abc import Sequence

from probetuner.diagnosis.case import Case, slower_than
from probetuner.history.record import FailureRun, Minute
from probetuner.model.probe import ProbeType

_AROUND_SECONDS, _AT_ONCE_SECONDS = 30.0, 15.0
_MANY, _RARE, _NEAR_TIMEOUT = 50, 0.02, 0.5


def fell_silent_alone(case: Case, run: FailureRun) -> bool:
    """Whether that replica left those questions open while nothing else was late, in it or in the others."""
    return (
        all(cause.is_silence for cause in run.causes)
        and _is_quick(case, run.probe)
        and not is_slow_around(case, run)
        and not with_others(case, run)
    )


def with_others(case: Case, run: FailureRun) -> bool:
    """Whether half of the other replicas began to fail at the same time; pauses of their own coincide by chance."""
    others = {
        other.pod_uid
        for other in case.runs(run.probe)
        if other.pod_uid != run.pod_uid and abs(other.started_at - run.started_at) <= _AT_ONCE_SECONDS
    }
    return bool(others) and 2 * len(others) >= case.replicas - 1


def _is_quick(case: Case, kind: ProbeType) -> bool:
    """Whether hardly any of many answers comes near the timeout."""
    slow, answers = _slow_of(case, kind, case.history.minutes)
    return answers >= _MANY and slow <= _RARE * answers


def is_slow_around(case: Case, run: FailureRun) -> bool:
    """Whether more answers came near the timeout then than the one with which each replica wakes up."""
    end = math.inf if run.ended_at is None else max(run.last_at, run.ended_at)
    around = case.minutes_between(run.started_at - _AROUND_SECONDS, end + _AROUND_SECONDS)
    slow, answers = _slow_of(case, run.probe, around)
    return slow > case.replicas + _RARE * answers


def _slow_of(case: Case, kind: ProbeType, minutes: Sequence[Minute]) -> tuple[int, int]:
    """How many answers came near the timeout, and how many there were."""
    probe = case.container.probe(kind)
    limit = _NEAR_TIMEOUT * (probe.timeout_seconds if probe else 1)
    slow = sum(slower_than(minute, kind, limit) for minute in minutes)
    return slow, sum(sum(minute.latency.get(kind, ())) for minute in minutes)
