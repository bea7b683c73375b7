"""What probes cost and bring, as counts over a time that was observed."""

from dataclasses import dataclass

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.dependency import killed_by_dependency
from probetuner.diagnosis.flapping import flaps
from probetuner.diagnosis.pressure import killed_under_pressure
from probetuner.diagnosis.reaping import count_zombies
from probetuner.diagnosis.startup import killed_while_starting
from probetuner.diagnosis.tight import killed_for_lateness
from probetuner.history.life import Life


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A failure detector's quality, measured or forecast; None where nothing can be said.

    `restarts` are all by probes, deserved or not. `detection_seconds` is the longest time from a lock-up to the
    decision to restart; None when no probe restarts.
    `zombies` are those that exec probes left.
    """

    observed_seconds: float | None = None
    restarts: int | None = None
    false_restarts: int | None = None
    flaps: int | None = None
    unready_seconds: float | None = None
    detection_seconds: float | None = None
    zombies: int | None = None


def measure(cases: tuple[Case, ...]) -> Figures:
    """Count what was observed over these containers, all replicas together."""
    detections = [case.container.liveness.detection_seconds for case in cases if case.container.liveness is not None]
    return Figures(
        observed_seconds=max((case.observed_seconds for case in cases), default=0.0),
        restarts=sum(len(case.probe_kills) for case in cases),
        false_restarts=sum(len(false_restarts(case)) for case in cases),
        flaps=sum(len(flaps(case)) for case in cases),
        unready_seconds=sum(_unready_seconds(case) for case in cases),
        detection_seconds=max(detections, default=None),
        zombies=_zombies(cases),
    )


def _zombies(cases: tuple[Case, ...]) -> int | None:
    counts = [count for case in cases if (count := count_zombies(case)) is not None]
    return sum(counts) if counts else None


def false_restarts(case: Case) -> tuple[Life, ...]:
    """The lives that a probe ended although the application was starting, busy, a bit late, or waiting for another."""
    late = killed_for_lateness(case)
    return (*killed_while_starting(case), *killed_under_pressure(case), *killed_by_dependency(case), *late)


def _unready_seconds(case: Case) -> float:
    """Seconds in unready spells, and from each false restart until the next life answered (or is last heard of)."""
    end = case.history.last_seen_at
    spells = sum(max(0.0, (spell.ended_at or end) - spell.started_at) for spell in case.history.unready)
    restarts = 0.0
    for life in false_restarts(case):
        if life.ended_at is not None:
            fresh = case.next_life(life)
            back = (fresh.answered_at or fresh.ended_at) if fresh else None
            restarts += max(0.0, (back or end) - (life.kill_announced_at or life.ended_at))
    return spells + restarts
