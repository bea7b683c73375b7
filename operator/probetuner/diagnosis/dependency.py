"""liveness-kill-by-dependency: containers that are killed because something they call is away."""

import math
from collections.abc import Sequence

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.wording import several
from probetuner.facts.fact import FailureCause
from probetuner.history.life import Life
from probetuner.history.record import FailureRun
from probetuner.model.probe import ProbeType

_STRENGTH = 0.5
_WENT_ON, _SEVERAL = 5, 3
_OTHER_AGE_SECONDS = 60.0
_STARTING_SECONDS = 30.0
_ANSWERS = (FailureCause.HTTP_STATUS, FailureCause.EXEC_EXIT, FailureCause.GRPC_NOT_SERVING)


def killed_by_dependency(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended by bad answers that other replicas gave at the same time.

    With a single replica, a fresh container that gives the same answer at once says the same: it is not the
    process that is broken.
    """
    if not case.succeeded(ProbeType.LIVENESS):
        return ()
    kills = [life for life in case.liveness_kills if life.tally(ProbeType.LIVENESS).main_cause in _ANSWERS]
    proved = any(case.fails_again_at_once(life) or _shared_across_ages(case, life) for life in kills)
    proved = proved or _always_shared_at_some_age(case, kills)
    return tuple(life for life in kills if proved and (_shared(case, life) or case.fails_again_at_once(life)))


def _shared_across_ages(case: Case, life: Life) -> bool:
    """Whether a replica that had run for another length of time failed too: replicas of one age fall ill together."""
    return any(
        other.pod_uid != life.pod_uid
        and abs(other.started_at - life.started_at) >= _OTHER_AGE_SECONDS
        and _fail_together(case, life, other.pod_uid, since=other.started_at, until=other.ended_at or math.inf)
        for other in case.history.lives
    )


def _always_shared_at_some_age(case: Case, kills: Sequence[Life]) -> bool:
    """Whether replicas failed together each time, and not at one age: no fault that comes with age does that."""
    ages = [life.lasted_seconds or 0.0 for life in kills]
    apart = len(kills) >= _SEVERAL and max(ages) - min(ages) >= _OTHER_AGE_SECONDS
    return apart and all(_shared(case, life) for life in kills)


def _shared(case: Case, life: Life) -> bool:
    return any(_fail_together(case, life, uid) for uid in case.history.pods - {life.pod_uid})


def _fail_together(
    case: Case, life: Life, other_uid: str, *, since: float = -math.inf, until: float = math.inf
) -> bool:
    began = life.tally(ProbeType.LIVENESS).first_failed_at or life.started_at
    ended = life.ended_at or began
    return any(
        run.pod_uid == other_uid
        and run.started_at <= ended
        and run.last_at >= began
        and since <= run.started_at <= until
        and any(cause in _ANSWERS for cause in run.causes)
        for run in case.runs(ProbeType.LIVENESS)
    )


def find(case: Case) -> Finding | None:
    """Report liveness kills that follow what the application answers about something else."""
    kills = killed_by_dependency(case)
    if not kills:
        return None
    shared = sum(_shared(case, life) for life in kills)
    relapsed = sum(case.fails_again_at_once(life) for life in kills)
    return Finding(
        name=FindingName.LIVENESS_KILL_BY_DEPENDENCY,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=from_repeats(len(kills), strength=_STRENGTH),
        samples=len(kills),
        evidence=(
            f"{several(len(kills), 'liveness kill')} followed answers that say no, not silence",
            f"{several(shared, 'kill')} came while other replicas failed the same way",
            f"after {several(relapsed, 'kill')} the fresh container failed the same way at once",
        ),
        explanation=(
            f"The liveness probe ({case.container.liveness.handler if case.container.liveness else ''}) answers for "
            "something that the application calls. While that is away every replica is restarted, which cures nothing "
            "and makes its return harder. No number fixes this: let liveness ask only about the process itself."
        ),
    )


def readiness_went_on(case: Case) -> bool:
    """Whether readiness, by a handler of its own, only succeeded in the minutes in which liveness failed."""
    liveness, readiness = case.container.liveness, case.container.readiness
    if liveness is None or readiness is None or readiness.handler in (None, liveness.handler):
        return False
    minutes = [minute for minute in case.history.minutes if minute.failed.get(ProbeType.LIVENESS, 0)]
    return sum(minute.succeeded.get(ProbeType.READINESS, 0) for minute in minutes) >= _WENT_ON and not any(
        run.started_at < minute.started_at + 60.0 and run.last_at >= minute.started_at and not _at_start(case, run)
        for minute in minutes
        for run in case.runs(ProbeType.READINESS)
    )


def _at_start(case: Case, run: FailureRun) -> bool:
    """Whether the run belongs to a fresh container that was not up yet."""
    return any(
        life.pod_uid == run.pod_uid and 0.0 <= run.started_at - life.started_at <= _STARTING_SECONDS
        for life in case.history.lives
    )
