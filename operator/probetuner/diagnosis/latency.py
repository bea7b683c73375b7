"""Late answers around a kill: a queue makes them as it grows and shrinks, a process that is stuck does not."""

from collections.abc import Iterable

from probetuner.diagnosis.case import Case, slower_than
from probetuner.history.life import Life
from probetuner.history.record import Minute
from probetuner.model.probe import ProbeType

SLOW_SHARE_OF_TIMEOUT = 0.25
"""An answer that took this share of the timeout is slow: far above what an idle endpoint needs."""
_BEFORE_SECONDS, _AFTER_SECONDS = 60.0, 60.0
_SLOW_ANSWERS, _NOTABLE_SHARE, _TIMES_USUAL = 2, 0.2, 3.0


def unusual_slowness(case: Case, life: Life) -> int:
    """Slow answers around the kill, zero if they are as frequent at other times."""
    probe = case.container.liveness
    limit = SLOW_SHARE_OF_TIMEOUT * (probe.timeout_seconds if probe else 1)
    began = life.tally(ProbeType.LIVENESS).first_failed_at or case.killed_at(life)
    around = case.minutes_between(began - _BEFORE_SECONDS, case.killed_at(life) + _AFTER_SECONDS)
    away = [minute for minute in case.history.minutes if minute not in around]
    slow, share = _slow_share(around, limit)
    _, usual = _slow_share(away, limit)
    notable = slow >= _SLOW_ANSWERS and share >= max(_NOTABLE_SHARE, _TIMES_USUAL * usual)
    return slow if notable else 0


def _slow_share(minutes: Iterable[Minute], limit: float) -> tuple[int, float]:
    slow = answers = 0
    for minute in minutes:
        slow += slower_than(minute, ProbeType.LIVENESS, limit)
        answers += sum(minute.latency.get(ProbeType.LIVENESS, ()))
    return slow, slow / answers if answers else 0.0
