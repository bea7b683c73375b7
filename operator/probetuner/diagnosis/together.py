"""What other pods and other probes did while the liveness probe of a container failed."""

import math
from collections.abc import Collection

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.grace import was_ready_throughout
from probetuner.facts.fact import FailureCause
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import Probe, ProbeType

_WENT_ON, _ODD_SHARE = 5, 0.2
_STARTING_SECONDS, _EVENTS_SURE_FOR_LIVES = 30.0, 5
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
    times: int = 1,
) -> bool:
    """Whether liveness failed in the other pod, for one of these causes, while it failed in this life.

    Only runs of at least so many `times` that began between `since` and `until` count.
    """
    began = life.tally(ProbeType.LIVENESS).first_failed_at or life.started_at
    ended = life.ended_at or began
    return any(
        run.pod_uid == other_uid
        and run.started_at <= ended
        and run.last_at >= began
        and since <= run.started_at <= until
        and run.failures >= times
        and any(cause in causes for cause in run.causes)
        for run in case.runs(ProbeType.LIVENESS)
    )


def fail_with_another(case: Case, life: Life, *, causes: Collection[FailureCause], times: int = 1) -> bool:
    """Whether liveness failed in any other pod while it failed in this life, for one of these causes, so many times."""
    return any(fail_together(case, life, uid, causes=causes, times=times) for uid in others(case, life))


def readiness_went_on(case: Case, lives: Collection[Life]) -> bool:
    """Whether readiness, by a handler of its own, went on answering in these lives as long as liveness failed there.

    In the odd one it may have failed by chance.
    """
    minutes = [minute for minute in case.history.minutes if minute.failed.get(ProbeType.LIVENESS, 0)]
    succeeded = sum(minute.succeeded.get(ProbeType.READINESS, 0) for minute in minutes)
    failed = sum(not kept_ready(case, life) for life in lives)
    seen = succeeded >= _WENT_ON or not case.history.minutes
    return bool(lives) and seen and failed <= _ODD_SHARE * len(lives)


def kept_ready(case: Case, life: Life) -> bool:
    """Whether readiness, by a handler of its own, passed and did not fail while liveness failed that ended that life.

    What begins as the kill comes is the restart's doing. A probe that was not asked meanwhile has shown nothing. Where
    nothing is counted, events tell of every failure, as long as there are few (client-go events_cache.go).
    """
    liveness, readiness = case.container.liveness, case.container.readiness
    if liveness is None or readiness is None or readiness.handler in (None, liveness.handler):
        return False
    end = case.killed_at(life)
    begin = max(life.tally(ProbeType.LIVENESS).first_failed_at or life.started_at, end - liveness.detection_seconds)
    tally = life.tally(ProbeType.READINESS)
    passed = tally.last_succeeded_at is not None and tally.last_succeeded_at >= begin
    if tally.counted_until is None and life.restarts < _EVENTS_SURE_FOR_LIVES:
        asked = end - begin >= readiness.cadence_seconds + readiness.timeout_seconds
        passed = asked and was_ready_throughout(case, life, begin, end)
    return passed and not any(
        run.pod_uid == life.pod_uid and (run.started_at <= begin or run.started_at < end) and run.last_at >= begin
        for run in case.runs(ProbeType.READINESS)
        if not _at_start(case, run) and not _came_with_the_end(run, readiness=readiness, liveness=liveness)
    )


def _came_with_the_end(run: FailureRun, *, readiness: Probe, liveness: Probe) -> bool:
    """Whether readiness may have failed only as the process was told to stop, or when the next one started.

    Where counters alone tell of failures, a scrape knows that they came since the one before, and no better. What
    silenced liveness for as long as it bears would have made more of them.
    """
    ended, counted = run.ending in (RunEnding.KILLED, RunEnding.EXITED), run.last_at == run.started_at
    return (
        ended and counted and not run.causes and run.failures * readiness.cadence_seconds < liveness.detection_seconds
    )


def _at_start(case: Case, run: FailureRun) -> bool:
    """Whether the run belongs to a fresh container that was not up yet: nobody listened.

    Why attempts failed is not known where the kubelet dropped their events; what came up soon had just started.
    """
    told = bool(run.causes) or run.ending is RunEnding.BY_ITSELF
    return (
        told
        and set(run.causes) <= _NOT_UP
        and any(
            life.pod_uid == run.pod_uid and 0.0 <= run.started_at - life.started_at <= _STARTING_SECONDS
            for life in case.history.lives
        )
    )
