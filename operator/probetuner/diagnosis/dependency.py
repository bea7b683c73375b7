"""liveness-kill-by-dependency: containers that are killed because something they call is away."""

import math
from collections.abc import Sequence

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.flaws import called_services
from probetuner.diagnosis.hanging import SILENCE, hung_by_dependency
from probetuner.diagnosis.starting import liveness_kills
from probetuner.diagnosis.together import fail_together, fail_with_another
from probetuner.diagnosis.wording import several
from probetuner.facts.fact import FailureCause
from probetuner.history.life import Life
from probetuner.model.endpoint import name_of
from probetuner.model.probe import Exec, ProbeType

_STRENGTH = 0.5
_SEVERAL = 3
_OTHER_AGE_SECONDS = 60.0
_ANSWERS = (FailureCause.HTTP_STATUS, FailureCause.EXEC_EXIT, FailureCause.GRPC_NOT_SERVING)


@once
def killed_by_dependency(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended for what something else did: by its bad answers, or by none."""
    return (*_answered_for_dependency(case), *hung_by_dependency(case))


@once
def _answered_for_dependency(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended by bad answers that other replicas gave at the same time.

    With a single replica, a fresh container that gives the same answer at once says the same: it is not the
    process that is broken.
    """
    if not case.succeeded(ProbeType.LIVENESS):
        return ()
    kills = [life for life in liveness_kills(case) if life.tally(ProbeType.LIVENESS).main_cause in _ANSWERS]
    proved = any(case.fails_again_at_once(life) or _shared_across_ages(case, life) for life in kills)
    proved = proved or _always_shared_at_some_age(case, kills)
    return tuple(life for life in kills if proved and (_shared(case, life) or case.fails_again_at_once(life)))


def _shared_across_ages(case: Case, life: Life) -> bool:
    """Whether a replica that had run for another length of time failed too: replicas of one age fall ill together."""
    return any(
        other.pod_uid != life.pod_uid
        and abs(other.started_at - life.started_at) >= _OTHER_AGE_SECONDS
        and fail_together(
            case, life, other.pod_uid, causes=_ANSWERS, since=other.started_at, until=other.ended_at or math.inf
        )
        for other in case.history.lives
    )


def _always_shared_at_some_age(case: Case, kills: Sequence[Life]) -> bool:
    """Whether replicas failed together each time, and not at one age: no fault that comes with age does that."""
    ages = [life.lasted_seconds or 0.0 for life in kills]
    apart = len(kills) >= _SEVERAL and max(ages) - min(ages) >= _OTHER_AGE_SECONDS
    return apart and all(_shared(case, life) for life in kills)


def _shared(case: Case, life: Life) -> bool:
    return fail_with_another(case, life, causes=_ANSWERS)


def find(case: Case) -> Finding | None:
    """Report liveness kills that follow what the application is told, or waits for, by something else."""
    kills, hung = _answered_for_dependency(case), hung_by_dependency(case)
    if not kills and not hung:
        return None
    return Finding(
        name=FindingName.LIVENESS_KILL_BY_DEPENDENCY,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=from_repeats(len(kills) + len(hung), strength=_STRENGTH),
        samples=len(kills) + len(hung),
        evidence=(*_of_answers(case, kills), *_of_silence(case, hung), *_named(case)),
        explanation=(
            f"The liveness probe ({case.container.liveness.handler if case.container.liveness else ''}) answers for "
            "something that the application calls. While that is away every replica is restarted, which cures nothing "
            "and makes its return harder. No number fixes this: let liveness ask only about the process itself."
        ),
    )


def _named(case: Case) -> tuple[str, ...]:
    """The Services that what liveness asks was seen to need, if it was tried."""
    handler = case.container.liveness.handler if case.container.liveness else None
    trial = None if handler is None or isinstance(handler, Exec) else case.history.trials.get(name_of(handler))
    services = called_services(trial) if trial is not None else ()
    if not services:
        return ()
    return (f"{handler} failed while the Service {' or '.join(services)} had no ready endpoint, and answered else",)


def _of_answers(case: Case, kills: Sequence[Life]) -> tuple[str, ...]:
    if not kills:
        return ()
    shared = sum(_shared(case, life) for life in kills)
    relapsed = sum(case.fails_again_at_once(life) for life in kills)
    return (
        f"{several(len(kills), 'liveness kill')} followed answers that say no, not silence",
        f"{several(shared, 'kill')} came while other replicas failed the same way",
        f"after {several(relapsed, 'kill')} the fresh container failed the same way at once",
    )


def _of_silence(case: Case, hung: Sequence[Life]) -> tuple[str, ...]:
    if not hung:
        return ()
    shared = sum(fail_with_another(case, life, causes=SILENCE) for life in hung)
    relapsed = sum(case.fails_again_at_once(life) for life in hung)
    return (
        f"{several(len(hung), 'liveness kill')} followed silence while readiness went on answering, and quickly",
        f"{several(shared, 'kill')} came while other replicas were silent to liveness too",
        f"after {several(relapsed, 'kill')} the fresh container was silent to it at once",
    )
