"""Software rejuvenation: restarts that keep processes too young to show how they age.

A process may get stuck only after a while (Huang, Kintala, Kolettis and Fulton, FTCS 1995). Where load ends every life
before, that none was seen to lock up says nothing of what would become of one that lives on.
"""

from itertools import pairwise

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.silence import busy_kills

_OLD_SECONDS, _CALM_SECONDS = 3600.0, 180.0
_AGAIN = 2


@once
def kept_young(case: Case) -> bool:
    """Whether load came again after a calm, and each time before any replica, of any template, had lived for an hour.

    In its first trouble a workload is not told from one that had been well for long.
    """
    now = case.history.last_seen_at
    lives = (life for entry in (*case.earlier, case.history) for life in entry.lives)
    oldest = max(((life.ended_at or now) - life.started_at for life in lives), default=0.0)
    return oldest < _OLD_SECONDS and _troubles(case) >= _AGAIN


def _troubles(case: Case) -> int:
    """How often load began to kill containers that had run for a while."""
    killed = ((case.killed_at(life), life.started_at) for life in busy_kills(case))
    after_calm = sorted(at for at, began in killed if at - began >= _CALM_SECONDS)
    return 1 + sum(at - before > _CALM_SECONDS for before, at in pairwise(after_calm)) if after_calm else 0
