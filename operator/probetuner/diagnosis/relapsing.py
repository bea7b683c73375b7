"""Restarts that cured nothing: the fresh container was silent again at once, or soon, and not it alone."""

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.hanging import hung_by_dependency
from probetuner.diagnosis.silence import silent_kills
from probetuner.diagnosis.starting import slowest_start, starting_kills
from probetuner.diagnosis.together import kept_ready
from probetuner.history.life import Life
from probetuner.model.probe import Probe, ProbeType

_ODD_SHARE, _SEVERAL, _IN_A_ROW, _ENOUGH = 0.2, 2, 2, 3
_AT_ONCE_SECONDS, _OTHER_AGE_SECONDS, _TIMES_DETECTION = 15.0, 60.0, 2
_TIMES_START = 2
"""A start may take twice as long as the slowest that was watched; what fails for longer is no start."""


@once
def relapses(case: Case) -> tuple[Life, ...]:
    """The silent kills after which the fresh container was silent again at once, if they are several, and not odd ones.

    Where replicas of any age fall silent together, soon is enough: a queue takes a moment to fill.
    """
    followed = [life for life in silent_kills(case) if case.next_life(life) is not None]
    together = fall_together(case)
    found = tuple(life for life in followed if _relapsed(case, life) or (together and _is_killed_soon(case, life)))
    return found if len(found) >= max(_SEVERAL, _ODD_SHARE * len(followed)) else ()


@once
def fall_together(case: Case) -> bool:
    """Whether nearly all kills came while half of the other replicas were killed too, at whatever age.

    What a process does by itself, or at a certain age, does not strike replicas of all ages at once time and again.
    """
    kills = silent_kills(case)
    ages = [case.killed_at(life) - life.started_at for life in kills]
    if case.replicas <= 1 or len(kills) < _ENOUGH or max(ages) - min(ages) < _OTHER_AGE_SECONDS:
        return False
    shared = sum(2 * len(_killed_meanwhile(case, life)) >= case.replicas - 1 for life in kills)
    return shared >= (1.0 - _ODD_SHARE) * len(kills)


@once
def fall_again_together(case: Case) -> tuple[Life, ...]:
    """The relapses of replicas while another one was killed too and fell silent again, at once or soon; those as well.

    A process that hangs hangs alone, and is gone with the restart; a queue stands before all replicas, and before each
    fresh one. A start that takes its time fails at first as well: one has to have been watched that was over sooner.
    Where readiness asks something else and went on, it may be what liveness calls that hangs.
    """
    probe, slowest = case.container.liveness, slowest_start(case)
    if probe is None or slowest is None:
        return ()
    relapsed = [life for life in relapses(case) if _failing_seconds(case, life) > _TIMES_START * slowest]
    again = [life for life in silent_kills(case) if life in relapsed or _is_killed_soon(case, life)]
    fell = [life for life in again if not kept_ready(case, life)]

    def is_shared(life: Life) -> bool:
        return any(
            other.pod_uid != life.pod_uid
            and (life in relapsed or other in relapsed)
            and abs(case.killed_at(other) - case.killed_at(life)) <= probe.detection_seconds
            for other in fell
        )

    return tuple(filter(is_shared, fell))


def _failing_seconds(case: Case, life: Life) -> float:
    """How long the life that follows failed, since it began."""
    fresh = case.next_life(life)
    if fresh is None:
        return 0.0
    if fresh.ended_at is not None:
        return case.killed_at(fresh) - fresh.started_at
    first = case.first_run(fresh)
    return 0.0 if first is None else first.last_at - fresh.started_at


def _killed_meanwhile(case: Case, life: Life) -> set[str]:
    """The other pods of which liveness ended a silent container at the same time."""
    at = case.killed_at(life)
    near = {other.pod_uid for other in silent_kills(case) if abs(case.killed_at(other) - at) <= _AT_ONCE_SECONDS}
    return near - {life.pod_uid}


def _is_killed_soon(case: Case, life: Life) -> bool:
    """Whether liveness ended the fresh container as well, and soon."""
    fresh = case.next_life(life)
    return fresh is not None and fresh in silent_kills(case) and lived_briefly(case, fresh)


def lived_briefly(case: Case, life: Life) -> bool:
    """Whether liveness ended that life within twice the time from its start that it takes at most."""
    probe = case.container.liveness or Probe(handler=None)
    soon = probe.initial_delay_seconds + _TIMES_DETECTION * probe.detection_seconds
    return case.killed_at(life) - life.started_at <= soon


def _relapsed(case: Case, life: Life) -> bool:
    """Whether the fresh container was silent at once; one that still starts or waits for somebody else means nothing.

    A process that begins under load refuses its first attempt before it is silent.
    """
    fresh = case.next_life(life)
    if fresh is None or fresh in starting_kills(case) or fresh in hung_by_dependency(case):
        return False
    first = case.first_run(fresh)
    causes = fresh.tally(ProbeType.LIVENESS).causes if first is None else first.causes
    silent = sum(count for cause, count in causes.items() if cause.is_silence)
    return 2 * silent >= sum(causes.values()) and case.fails_again_at_once(life, times=_IN_A_ROW)
