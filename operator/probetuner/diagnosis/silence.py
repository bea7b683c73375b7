"""Liveness kills by silence: a timeout means that nothing answered in time, busy or stuck.

What tells them apart is what happened around the kill (`load`); here is what the process itself tells.
"""

from probetuner.diagnosis.broken import never_succeeded
from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.grace import InGrace, in_grace
from probetuner.diagnosis.hanging import hung_by_dependency
from probetuner.diagnosis.hearing import did_not_hear, hears_sigterm
from probetuner.diagnosis.starting import liveness_kills
from probetuner.diagnosis.tight import killed_for_lateness
from probetuner.diagnosis.waking import was_silent
from probetuner.history.life import Life
from probetuner.model.probe import ProbeType

_SEVERAL, _PROMPT_SECONDS = 2, 5.0


@once
def silent_kills(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended by timeouts after the application had been up.

    None of a probe that has never succeeded: what it asks for is not there. Nor those that waited for somebody else, or
    whose answers were only late by chance. Nor those that nobody watched: what came before and after is not known, so
    they show neither load nor a lock-up.
    """
    if never_succeeded(case, ProbeType.LIVENESS):
        return ()
    explained = (*hung_by_dependency(case), *killed_for_lateness(case))
    kills = [life for life in liveness_kills(case) if case.watched(life)]
    return tuple(life for life in kills if was_silent(case, life) and life not in explained)


@once
def proved_stuck(case: Case) -> tuple[Life, ...]:
    """The silent kills that took the whole grace period where several others, busy ones, stopped as soon as asked.

    Where some took longer to stop, it drains: who takes the whole grace period may only have more work left. And who
    answered meanwhile was not stuck.
    """
    kills = silent_kills(case)
    prompt = [life for life in kills if _is_prompt(life)]
    if len(prompt) < _SEVERAL or drains(case):
        return ()
    return tuple(life for life in kills if did_not_hear(life) and in_grace(case, life) is not InGrace.PASSED)


def _is_prompt(life: Life) -> bool:
    return life.stop_seconds is not None and life.stop_seconds < _PROMPT_SECONDS and not did_not_hear(life)


def drains(case: Case) -> bool:
    """Whether processes that came to themselves by no sign took a while to stop: as long as their queue, it may be."""
    return any(
        life.stop_seconds is not None and not _is_prompt(life) and not did_not_hear(life) for life in silent_kills(case)
    )


def was_silent_to_the_end(case: Case, life: Life) -> bool:
    """Whether the process is known to have been silent for the whole grace period, too.

    Readiness never passed meanwhile, or it did not stop although its kind does when asked to.
    """
    return in_grace(case, life) is InGrace.NEVER_PASSED or (did_not_hear(life) and bool(hears_sigterm(case)))
