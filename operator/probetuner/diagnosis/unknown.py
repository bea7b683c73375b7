"""Kills of which nobody can say what they hit: while they stand beside, no probe is made stricter."""

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.hearing import hears_sigterm
from probetuner.diagnosis.load import busy_kills
from probetuner.diagnosis.lockup import WELL_AGAIN_SECONDS, sure_lockups
from probetuner.diagnosis.pauses import pauses_seconds
from probetuner.diagnosis.restarts import explained_kills
from probetuner.diagnosis.silence import silent_kills
from probetuner.diagnosis.starting import liveness_kills
from probetuner.history.life import Life

_ODD_SHARE = 0.2


@once
def unknown_kills(case: Case) -> tuple[Life, ...]:
    """The liveness kills of containers that were up which no finding explains.

    Not those of which it is still to be seen whether the fresh container is well.
    """
    known = explained_kills(case)
    return tuple(life for life in liveness_kills(case) if life not in known and _is_over(case, life))


def _is_over(case: Case, life: Life) -> bool:
    """Whether it has been seen what became of the container after that kill."""
    fresh = case.next_life(life)
    if fresh is None or fresh.ended_at is not None:
        return fresh is not None
    return case.history.last_seen_at - fresh.started_at >= WELL_AGAIN_SECONDS


def stand_beside(case: Case) -> bool:
    """Whether more than the odd kill is one of them."""
    return len(unknown_kills(case)) > _ODD_SHARE * len(liveness_kills(case))


def were_all_stuck(case: Case) -> bool:
    """Whether all that was killed was surely stuck; where no process tells, whether no silence ever passed.

    What a quicker probe ends besides is silent for less than the present one bears, and was seen to pass.
    """
    if hears_sigterm(case):
        return len(sure_lockups(case)) == len(silent_kills(case))
    return not busy_kills(case) and not pauses_seconds(case)
