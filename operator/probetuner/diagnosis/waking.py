"""Processes that were killed in a silence that passed: they stopped when they were asked to, only later."""

from probetuner.diagnosis.case import Case, once
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
