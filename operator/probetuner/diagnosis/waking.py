"""Processes that were killed in a silence that passed: they answered before they were gone, or stopped late."""

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.grace import passed_after_seconds
from probetuner.diagnosis.starting import liveness_kills
from probetuner.history.attribution import SIGKILLED
from probetuner.history.life import Life
from probetuner.model.probe import ProbeType

_TELLING = (ProbeType.LIVENESS, ProbeType.READINESS)
_LATE_SECONDS, _VARIED_SECONDS = 3.0, 5.0


def was_silent(case: Case, life: Life) -> bool:
    """Whether liveness got no answer from that life in time.

    Of one whose events were dropped (client-go events_cache.go) it is taken that it failed as most that were killed
    did, or as readiness did in them.
    """
    tally = life.tally(ProbeType.LIVENESS)
    return tally.silent if tally.causes else _usually_silent(case)


@once
def _usually_silent(case: Case) -> bool:
    kills = liveness_kills(case)
    of = {kind: [tally.silent for life in kills if (tally := life.tally(kind)).causes] for kind in _TELLING}
    known = of[ProbeType.LIVENESS] or of[ProbeType.READINESS]
    return 2 * sum(known) > len(known)


@once
def woken_kills(case: Case) -> tuple[Life, ...]:
    """The lives that liveness ended although they came to themselves before the grace period was over.

    A process that is stuck hears SIGTERM never, or at once, or stops as slowly as it always does; one that pauses hears
    it when the pause ends. So an end that came late is a sign only where others came sooner or later.
    """
    waits = [
        (life, life.stop_seconds)
        for life in liveness_kills(case)
        if was_silent(case, life) and life.stop_seconds is not None
    ]
    lasted = [wait for _, wait in waits]
    if max(lasted, default=0.0) - min(lasted, default=0.0) < _VARIED_SECONDS:
        return ()
    return tuple(life for life, wait in waits if wait >= _LATE_SECONDS and life.exit_code != SIGKILLED)


def answered_again(case: Case, life: Life) -> bool:
    """Whether readiness, asking the same, passed after the kill of a life that had left liveness without an answer."""
    asks_the_same = case.asks_what_liveness_asks(ProbeType.READINESS)
    return asks_the_same and was_silent(case, life) and passed_after_seconds(case, life) is not None


def woke_after_seconds(case: Case, life: Life) -> float:
    """How long after the decision to kill it such a life came to itself, at most."""
    answered = passed_after_seconds(case, life) if answered_again(case, life) else None
    return (life.ended_at or 0.0) - case.killed_at(life) if answered is None else answered
