"""What was observed around each kill by a probe: yes, no, or not known, for whoever asks why it was judged so."""

from collections.abc import Iterator
from dataclasses import dataclass

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.dependency import killed_by_dependency
from probetuner.diagnosis.grace import InGrace, in_grace
from probetuner.diagnosis.load import Signs, busy_kills, paused_kills, signs_of_load
from probetuner.diagnosis.lockup import killed_in_lockup
from probetuner.diagnosis.silence import silent_kills
from probetuner.diagnosis.starting import starting_kills
from probetuner.diagnosis.tight import killed_for_lateness
from probetuner.diagnosis.turned_away import turned_away_kills
from probetuner.history.life import Life


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedKill:
    """A kill, at epoch seconds, what it is taken to have hit, and what speaks for it.

    `observations` say by a sentence whether it was seen; None is not known, which is never taken for no.
    """

    at: float
    pod_uid: str
    hit: str
    observations: tuple[tuple[str, bool | None], ...]


def observed_kills(case: Case) -> tuple[ObservedKill, ...]:
    """All kills by a probe that are remembered, oldest first."""
    signs = dict(zip(_keys(silent_kills(case)), signs_of_load(case), strict=True))
    return tuple(
        ObservedKill(
            at=case.killed_at(life),
            pod_uid=life.pod_uid,
            hit=_hit(case, life),
            observations=tuple(_observations(case, life, signs.get((life.pod_uid, life.restarts)))),
        )
        for life in sorted(case.probe_kills, key=case.killed_at)
    )


def _keys(lives: tuple[Life, ...]) -> Iterator[tuple[str, int]]:
    return ((life.pod_uid, life.restarts) for life in lives)


def _hit(case: Case, life: Life) -> str:
    """What it hit, by the same questions that the findings are made of."""
    answers = (
        (starting_kills, "a container that was starting"),
        (killed_by_dependency, "one that waited for what it calls"),
        (killed_for_lateness, "one whose answers are late by themselves"),
        (turned_away_kills, "one with no connection left"),
        (paused_kills, "one that paused"),
        (busy_kills, "one that was busy"),
        (killed_in_lockup, "one that was stuck"),
    )
    return next((words for question, words in answers if life in question(case)), "not known")


def _observations(case: Case, life: Life, sign: Signs | None) -> Iterator[tuple[str, bool | None]]:
    yield "it had answered before", life.answered_at is not None or None
    if sign is None:
        return
    fresh, grace = case.next_life(life), in_grace(case, life)
    counted = bool(case.history.minutes)
    periods = any(minute.cpu_periods for minute in case.history.minutes)
    yield "answers came late around it", sign.slow_answers > 0 if counted and sign.remembered else None
    yield "the fresh container failed at once", None if fresh is None else sign.relapsed
    yield "others fell silent too, and again", None if case.replicas <= 1 or fresh is None else sign.shared
    yield "silences near it passed by themselves", sign.recoveries > 0
    yield "others like it passed an attempt short of a kill", sign.near_misses > 0
    yield "the CPU limit stopped it", sign.throttled if periods else None
    yield "readiness passed before it was gone", None if grace is InGrace.NOT_KNOWN else grace is InGrace.PASSED
    yield "it stopped when its silence had passed", None if life.stop_seconds is None else sign.woke
