"""What other pods and other probes did while the liveness probe of a container failed."""

import math
from collections.abc import Collection

from probetuner.diagnosis.case import Case
from probetuner.facts.fact import FailureCause
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import ProbeType

_WENT_ON = 5
_STARTING_SECONDS = 30.0
_NOT_UP = frozenset({FailureCause.REFUSED, FailureCause.RESET})


def others(case: Case, life: Life) -> frozenset[str]:
    """The uids of the other pods."""
    return case.history.pods - {life.pod_uid}


def fail_together(
    case: Case,
    life: Life,
    other_uid: str,
    *,
    since: float = -math.inf,
    until: float = math.inf,
    causes: Collection[FailureCause],
) -> bool:
    """Whether liveness failed in the other pod, for one of these causes, while it failed in this life.

    Only runs that began between `since` and `until` count.
    """
    began = life.tally(ProbeType.LIVENESS).first_failed_at or life.started_at
    ended = life.ended_at or began
    return any(
        run.pod_uid == other_uid
        and run.started_at <= ended
        and run.last_at >= began
        and since <= run.started_at <= until
        and any(cause in causes for cause in run.causes)
        for run in case.runs(ProbeType.LIVENESS)
    )


def readiness_went_on(case: Case) -> bool:
    """Whether readiness, by a handler of its own, succeeded in every pod as long as liveness failed there."""
    liveness, readiness = case.container.liveness, case.container.readiness
    if liveness is None or readiness is None or readiness.handler in (None, liveness.handler):
        return False
    minutes = [minute for minute in case.history.minutes if minute.failed.get(ProbeType.LIVENESS, 0)]
    runs = [run for run in case.runs(ProbeType.LIVENESS) if not _at_start(case, run)]
    return sum(minute.succeeded.get(ProbeType.READINESS, 0) for minute in minutes) >= _WENT_ON and not any(
        _failed_within(case, run.pod_uid, run.started_at, run.last_at) for run in runs
    )


def _failed_within(case: Case, pod_uid: str, begin: float, end: float) -> bool:
    """Whether readiness failed meanwhile; what begins as the kill comes is the restart's doing.

    A single failure of which only a counter tells may have come with the kill: it is known to a scrape, and no better.
    """
    return any(
        run.pod_uid == pod_uid and (run.started_at <= begin or run.started_at < end) and run.last_at >= begin
        for run in case.runs(ProbeType.READINESS)
        if not _at_start(case, run) and not (run.ending is RunEnding.KILLED and run.failures == 1 and not run.causes)
    )


def _at_start(case: Case, run: FailureRun) -> bool:
    """Whether the run belongs to a fresh container that was not up yet: nobody listened."""
    return set(run.causes) <= _NOT_UP and any(
        life.pod_uid == run.pod_uid and 0.0 <= run.started_at - life.started_at <= _STARTING_SECONDS
        for life in case.history.lives
    )
