"""Liveness kills by silence: what shows that a container was busy, and what that it was stuck.

A timeout means that nothing answered in time, which a busy server and a stuck one have in common. What tells them
apart is what happened around the kill: a busy one answers slowly or now and then, recovers by itself at other times,
and a fresh container under the same load fails again at once. A stuck one answered quickly until it stopped for good,
and its successor is well.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from probetuner.diagnosis.broken import never_succeeded
from probetuner.diagnosis.case import Case, slower_than
from probetuner.diagnosis.wording import several
from probetuner.history import bounds
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, Minute, RunEnding
from probetuner.model.probe import ProbeType

SLOW_SHARE_OF_TIMEOUT = 0.25
"""An answer that took this share of the timeout is slow: far above what an idle endpoint needs."""
_BEFORE_SECONDS, _AFTER_SECONDS = 60.0, 60.0
_NEAR_SECONDS = 180.0
_SAME_TROUBLE_SECONDS = 600.0
_SLOW_ANSWERS, _NOTABLE_SHARE, _TIMES_USUAL = 2, 0.2, 3.0
_IN_A_ROW, _DENSE, _CHANCE, _LEAST_PER_KILL = 2, 0.7, 0.05, 0.34


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What around one kill speaks for load: only a busy container shows any of it more than it usually does.

    A busy server has slow answers and single timeouts at all times, so both count only where they are more frequent
    around the kill than elsewhere.
    """

    relapsed: bool
    recoveries: int
    slow_answers: int

    @property
    def any(self) -> bool:
        """Whether anything does."""
        return self.relapsed or self.recoveries > 0 or self.slow_answers > 0


def silent_kills(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended by timeouts after the application had been up.

    None of a probe that has never succeeded: what it asks for is not there.
    """
    if never_succeeded(case, ProbeType.LIVENESS):
        return ()
    return tuple(life for life in case.liveness_kills if life.tally(ProbeType.LIVENESS).silent)


def busy_kills(case: Case) -> tuple[Life, ...]:
    """The silent kills that hit a busy container.

    Besides those with signs of load of their own, those that came in the same trouble: within minutes of one that has.
    """
    kills = silent_kills(case)
    marked = [_killed_at(life) for life in kills if signs_of_load(case, life).any]
    return tuple(life for life in kills if any(abs(_killed_at(life) - at) <= _SAME_TROUBLE_SECONDS for at in marked))


def signs_of_load(case: Case, life: Life) -> Signs:
    """Look around one kill."""
    return Signs(
        relapsed=case.fails_again_at_once(life, times=_IN_A_ROW),
        recoveries=_unusual_recoveries(case, life),
        slow_answers=_unusual_slowness(case, life),
    )


def _killed_at(life: Life) -> float:
    return life.kill_announced_at or life.ended_at or life.started_at


def _unusual_slowness(case: Case, life: Life) -> int:
    """Slow answers around the kill, zero if they are as frequent at other times."""
    probe = case.container.liveness
    limit = SLOW_SHARE_OF_TIMEOUT * (probe.timeout_seconds if probe else 1)
    began = life.tally(ProbeType.LIVENESS).first_failed_at or _killed_at(life)
    around = case.minutes_between(began - _BEFORE_SECONDS, _killed_at(life) + _AFTER_SECONDS)
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


def _unusual_recoveries(case: Case, life: Life) -> int:
    """Runs of timeouts near the kill that ended by themselves, zero if they are as frequent at other times.

    A tail of slow answers makes single timeouts at all times, and now and then two in a row by chance. More than
    chance gives are a sign of load, unless they are few beside many kills: load that kills often also lets off often.
    """
    recoveries = [run for run in case.history.runs if _is_recovery(run)]
    lasting = [run for run in recoveries if _is_in_a_row(case, run)]
    any_near, any_usual = _near_and_usual(case, life, recoveries)
    near, usual = _near_and_usual(case, life, lasting)
    kills = sum(abs(_killed_at(other) - _killed_at(life)) <= _NEAR_SECONDS for other in silent_kills(case))
    unusual = any_near >= _TIMES_USUAL * any_usual and near >= _LEAST_PER_KILL * kills
    by_chance = max(usual, _expected_by_chance(case, singles=len(recoveries) - len(lasting)))
    return near if unusual and _is_more_than_chance(near, by_chance) else 0


def _near_and_usual(case: Case, life: Life, runs: Sequence[FailureRun]) -> tuple[int, float]:
    """How many of the runs were near the kill, and how many were in as long a time elsewhere."""
    near = sum(abs(run.last_at - _killed_at(life)) <= _NEAR_SECONDS for run in runs)
    elsewhere = max(0.0, case.observed_seconds - 2 * _NEAR_SECONDS)
    return near, (len(runs) - near) * 2 * _NEAR_SECONDS / elsewhere if elsewhere else 0.0


def _is_recovery(run: FailureRun) -> bool:
    return (
        run.probe is ProbeType.LIVENESS
        and run.ending is RunEnding.BY_ITSELF
        and any(cause.is_silence for cause in run.causes)
    )


def _is_in_a_row(case: Case, run: FailureRun) -> bool:
    """Whether attempts failed in a row.

    An event may stand for failures of long ago that it was not sent for, so the run must have lasted as well; and
    counters put two failures into one run although a success came between them.
    """
    probe = case.container.liveness
    cadence, lasted = probe.cadence_seconds if probe else 1, run.last_at - run.started_at
    return _DENSE * cadence <= lasted and _DENSE * lasted <= run.failures * cadence and run.failures >= _IN_A_ROW


def _expected_by_chance(case: Case, *, singles: int) -> float:
    """How many runs of two timeouts single ones would make around a kill if they came independently."""
    probe, history = case.container.liveness, case.history
    full = len(history.runs) >= bounds.RUNS
    begin = min(run.started_at for run in history.runs) if full else history.first_seen_at
    seconds = max(1.0, history.last_seen_at - begin)
    attempts = max(1.0, seconds * max(1, len(history.pods)) / (probe.cadence_seconds if probe else 1))
    return (singles / attempts) ** 2 * attempts * min(1.0, 2 * _NEAR_SECONDS / seconds)


def _is_more_than_chance(count: int, expected: float) -> bool:
    """Whether a Poisson variable of that mean hardly ever reaches the count."""
    below = sum(math.exp(-expected) * expected**number / math.factorial(number) for number in range(count))
    return count > 0 and 1.0 - below <= _CHANCE


def describe(signs: tuple[Signs, ...], *, timeout_seconds: int) -> tuple[str, ...]:
    """The signs over all kills, as evidence."""
    relapsed = sum(sign.relapsed for sign in signs)
    recoveries = max((sign.recoveries for sign in signs), default=0)
    slow = max((sign.slow_answers for sign in signs), default=0)
    sentences = (
        (relapsed, f"after {several(relapsed, 'kill')} the fresh container failed at once: the restart cured nothing"),
        (recoveries, f"{several(recoveries, 'run')} of timeouts ended without a restart, around the same time"),
        (slow, f"{several(slow, 'answer')} took over {timeout_seconds * SLOW_SHARE_OF_TIMEOUT:g} s around a kill"),
    )
    return tuple(sentence for count, sentence in sentences if count)
