"""Whether a container's process hears SIGTERM: one that runs as PID 1 without a handler for it never does.

Where it does, a kill that used up the whole grace period hit a process that could not listen any more.
"""

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.starting import liveness_kills
from probetuner.history.attribution import SIGKILLED
from probetuner.history.life import Life


@once
def hears_sigterm(case: Case) -> bool | None:
    """Whether a process was seen to end when asked to, by a kill or as its pod was deleted, under any template.

    False where every deleted one had to be ended; None where there was none to tell.
    """
    deleted = [life for life in _remembered(case) if life.ending is not None and life.exit_code is not None]
    killed = [life for entry in case.older for life in entry.lives if life.killed_by and life.exit_code is not None]
    if any(not did_not_hear(life) for life in (*deleted, *killed, *liveness_kills(case))):
        return True
    return False if deleted else None


@once
def killed_ones_hear(case: Case) -> bool:
    """Whether a process that a probe killed, under any template, was seen to end when asked to.

    A deleted pod was idle, as a rule: it has nothing to finish first, and tells nothing of one that is busy.
    """
    killed = [life for entry in case.older for life in entry.lives if life.killed_by and life.exit_code is not None]
    return any(not did_not_hear(life) for life in (*killed, *liveness_kills(case)))


def did_not_hear(life: Life) -> bool:
    """Whether the process was ended by SIGKILL after the grace period."""
    return life.exit_code == SIGKILLED


def _remembered(case: Case) -> tuple[Life, ...]:
    return tuple(life for entry in (*case.earlier, case.history) for life in entry.lives)
