"""Software rejuvenation: restarts that keep processes too young to show how they age.

A process may get stuck only after a while (Huang, Kintala, Kolettis and Fulton, FTCS 1995). Where load ends every life
before, that none was seen to lock up says nothing of what would become of one that lives on.
"""

import math

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.load import busy_kills
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory

_OLD_SECONDS, _CALM_SECONDS = 3600.0, 180.0
_AGAIN = 2


@once
def kept_young(case: Case) -> bool:
    """Whether load came again after a calm, and each time before any replica, of any template, had lived for an hour.

    In its first trouble a workload is not told from one that had been well for long.
    """
    oldest = max(
        (_lived_seconds(entry, life) for entry in (*case.older, case.history) for life in entry.lives), default=0.0
    )
    return oldest < _OLD_SECONDS and _troubles(case) >= _AGAIN


def _lived_seconds(entry: ContainerHistory, life: Life) -> float:
    return (life.ended_at or life.ending_at or entry.last_seen_at) - life.started_at


def _troubles(case: Case) -> int:
    """How often load began to kill a container that had answered for a while, when it had killed none for as long."""
    kills = sorted(busy_kills(case), key=case.killed_at)
    times = [case.killed_at(life) for life in kills]
    after_calm = [at - before > _CALM_SECONDS for before, at in zip((-math.inf, *times), times, strict=False)]
    return sum(
        calm and _answered_seconds(case, life) >= _CALM_SECONDS for calm, life in zip(after_calm, kills, strict=True)
    )


def _answered_seconds(case: Case, life: Life) -> float:
    """For how long it had been up before it failed for the last time, at most."""
    probe, killed_at = case.container.liveness, case.killed_at(life)
    failing = 0.0 if probe is None else (probe.failure_threshold - 1) * probe.cadence_seconds
    return killed_at - failing - (killed_at if life.answered_at is None else life.answered_at)
