"""Late answers around a silence: a queue makes them as it grows and shrinks, a process that is stuck does not."""

from collections.abc import Iterable, Sequence

from probetuner.diagnosis.case import Case, once, slower_than
from probetuner.diagnosis.confidence import is_more_than_chance
from probetuner.diagnosis.starting import liveness_kills
from probetuner.history.life import Life
from probetuner.history.record import Minute
from probetuner.model.probe import ProbeType

SLOW_SHARE_OF_TIMEOUT = 0.25
"""An answer that took this share of the timeout is slow: far above what an idle endpoint needs."""
_BEFORE_SECONDS, _AFTER_SECONDS = 60.0, 60.0
_SLOW_ANSWERS, _NOTABLE_SHARE, _TIMES_USUAL = 2, 0.2, 3.0


def unusual_slowness(case: Case, life: Life) -> int:
    """Slow answers around the kill, zero if they are as frequent in calm.

    Minutes around other kills are no calm: where load kills all the time, answers are slow all the time.
    """
    around = _around(case, life)
    calm = [minute for minute in case.history.minutes if minute not in around and minute not in _troubled(case)]
    slow, answers, usual = _slow_answers(case, ProbeType.LIVENESS, around, calm)
    notable = slow >= _SLOW_ANSWERS and slow >= max(_NOTABLE_SHARE, _TIMES_USUAL * usual) * answers
    return slow if notable else 0


def _around(case: Case, life: Life) -> tuple[Minute, ...]:
    began = life.tally(ProbeType.LIVENESS).first_failed_at or case.killed_at(life)
    return case.minutes_between(began - _BEFORE_SECONDS, case.killed_at(life) + _AFTER_SECONDS)


@once
def _troubled(case: Case) -> list[Minute]:
    """The minutes around any kill."""
    return [minute for life in liveness_kills(case) for minute in _around(case, life)]


def is_slow_between(case: Case, kind: ProbeType, begin: float, end: float) -> bool:
    """Whether several answers to that probe were slow in that time, and more than chance makes at other times."""
    around = case.minutes_between(begin, end)
    away = [minute for minute in case.history.minutes if minute not in around]
    slow, answers, usual = _slow_answers(case, kind, around, away)
    return slow >= _SLOW_ANSWERS and is_more_than_chance(slow, usual * answers)


def come_late(case: Case, kind: ProbeType) -> bool | None:
    """Whether answers to that probe were slow at any time; None where nothing tells how long they took."""
    probe = case.container.probe(kind)
    limit = SLOW_SHARE_OF_TIMEOUT * (probe.timeout_seconds if probe else 1)
    slow, answers = _counted(case.history.minutes, kind, limit)
    return slow >= _SLOW_ANSWERS if answers else None


def _slow_answers(
    case: Case, kind: ProbeType, around: Sequence[Minute], away: Sequence[Minute]
) -> tuple[int, int, float]:
    """How many answers were slow in these minutes, of how many, and which share of them is in those away."""
    probe = case.container.probe(kind)
    limit = SLOW_SHARE_OF_TIMEOUT * (probe.timeout_seconds if probe else 1)
    slow, answers = _counted(around, kind, limit)
    usually_slow, usual_answers = _counted(away, kind, limit)
    return slow, answers, usually_slow / usual_answers if usual_answers else 0.0


def _counted(minutes: Iterable[Minute], kind: ProbeType, limit: float) -> tuple[int, int]:
    slow = answers = 0
    for minute in minutes:
        slow += slower_than(minute, kind, limit)
        answers += sum(minute.latency.get(kind, ()))
    return slow, answers
