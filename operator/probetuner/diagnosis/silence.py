"""Liveness kills by silence: what shows that a container was busy, and what that it was stuck.

A timeout means that nothing answered in time, which a busy server and a stuck one have in common. What tells them
apart is what happened around the kill: a busy one answers slowly or now and then, recovers by itself at other times,
and a fresh container under the same load fails again at once. A stuck one answered quickly until it stopped for good,
and its successor is well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from probetuner.diagnosis.broken import never_succeeded
from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.confidence import is_more_than_chance
from probetuner.diagnosis.hanging import SILENCE, hung_by_dependency
from probetuner.diagnosis.hearing import did_not_hear, hears_sigterm
from probetuner.diagnosis.latency import SLOW_SHARE_OF_TIMEOUT, unusual_slowness
from probetuner.diagnosis.starting import liveness_kills, starting_kills
from probetuner.diagnosis.throttling import throttled_minutes, throttled_share
from probetuner.diagnosis.together import fail_with_another
from probetuner.diagnosis.waking import was_silent, woken_kills
from probetuner.diagnosis.wording import several
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import ProbeType

_NEAR_SECONDS, _SAME_SECONDS, _PROMPT_SECONDS = 180.0, 60.0, 5.0
_TIMES_USUAL, _ODD_SHARE = 3.0, 0.2
_SEVERAL, _ENOUGH, _IN_A_ROW, _DENSE, _LEAST_PER_KILL = 2, 3, 2, 0.7, 0.34


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What around one kill speaks against a lock-up: only a busy container shows more of it than it usually does.

    A busy server has slow answers and single timeouts at all times, so both count only where they are more frequent
    around the kill than elsewhere. `throttled` says that the CPU limit stopped it more than usual, and that it was not
    alone: a process that is stuck in a loop runs into its limit as well. `woke` says that the process stopped when it
    came to itself, `heard` that it did when it was asked to, where stuck ones did not. `remembered` says whether how
    slow answers were around it still is.
    """

    remembered: bool
    relapsed: bool
    recoveries: int
    slow_answers: int
    throttled: bool
    woke: bool
    heard: bool

    @property
    def any(self) -> bool:
        """Whether anything does."""
        return self.proof or self.recoveries > 0 or self.throttled or self.woke or self.heard

    @property
    def proof(self) -> bool:
        """Whether it proves load."""
        return self.relapsed or self.slow_answers > 0


@once
def silent_kills(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended by timeouts after the application had been up.

    None of a probe that has never succeeded: what it asks for is not there. Not those that waited for somebody else.
    Nor those that nobody watched: what came before and after is not known, so they show neither load nor a lock-up.
    """
    if never_succeeded(case, ProbeType.LIVENESS):
        return ()
    kills = [life for life in liveness_kills(case) if case.watched(life)]
    hung = hung_by_dependency(case)
    return tuple(life for life in kills if was_silent(case, life) and life not in hung)


@once
def busy_kills(case: Case) -> tuple[Life, ...]:
    """The silent kills that hit a busy container.

    Besides those with signs of load of their own, those that came in the same trouble: within minutes of one that has,
    within a minute of another one of it, or, where load is proved, while other replicas were silent too. Where that
    leaves no more than the odd one, or half of those whose end is known came to themselves, it is one of them: not
    every kill shows signs. Who did not hear SIGTERM, where the process is known to hear it, is only one by signs of its
    own: who is busy hears, who is stuck may not; and none where several others stopped at once. Kills of so long ago
    that the signs are forgotten are what the others are.
    """
    kills, signs = silent_kills(case), signs_of_load(case)
    marked = [life for life, sign in zip(kills, signs, strict=True) if sign.any]
    loaded = _is_proof(signs)
    deaf = [life for life in kills if did_not_hear(life)] if hears_sigterm(case) else []
    marked = [life for life in marked if life not in proved_stuck(case)]
    drawn_in = [
        life
        for life in kills
        if life not in deaf
        and (
            any(abs(case.killed_at(life) - case.killed_at(other)) <= _NEAR_SECONDS for other in marked)
            or (loaded and fail_with_another(case, life, causes=SILENCE))
        )
    ]
    rest = [life for life in kills if life not in marked and life not in drawn_in and life not in deaf]
    drawn_in += _of_the_same_trouble(case, [*marked, *drawn_in], rest)
    odd = [life for life in rest if life not in drawn_in]
    judged, woke = _judged(signs), sum(sign.woke for sign in signs)
    unclear = sum(life in odd and sign in judged for life, sign in zip(kills, signs, strict=True))
    heard = [life for life in kills if life not in deaf and life.stop_seconds is not None]
    if (loaded and unclear <= _ODD_SHARE * len(judged)) or 0 < len(heard) <= 2 * woke:
        drawn_in += odd
    return tuple(life for life in kills if life in marked or life in drawn_in)


def _of_the_same_trouble(case: Case, busy: Sequence[Life], rest: Sequence[Life]) -> list[Life]:
    """Those of the rest that follow a busy one, or each other from one on, within a minute."""
    times, found = [case.killed_at(life) for life in busy], []
    for life in sorted(rest, key=case.killed_at):
        at = case.killed_at(life)
        if any(0.0 <= at - before <= _SAME_SECONDS for before in times):
            times.append(at)
            found.append(life)
    return found


@once
def proved_stuck(case: Case) -> tuple[Life, ...]:
    """The silent kills that took the whole grace period where several others, busy ones, stopped as soon as asked."""
    kills = silent_kills(case)
    prompt = [life for life in kills if _is_prompt(life) and not did_not_hear(life)]
    return tuple(life for life in kills if did_not_hear(life)) if len(prompt) >= _SEVERAL else ()


def _is_prompt(life: Life) -> bool:
    return life.stop_seconds is not None and life.stop_seconds < _PROMPT_SECONDS


@once
def overrun(case: Case) -> bool:
    """Whether load is proved: answers came late around a kill, or a fresh container failed at once.

    That silence ended by itself at other times shows only that it need not be for good: pauses do that as well.
    """
    return _is_proof(signs_of_load(case))


def _is_proof(signs: Sequence[Signs]) -> bool:
    """Whether the kills with proof are more than the odd one that chance makes, of those that can be judged."""
    proved = sum(sign.proof for sign in signs)
    return proved > 0 and proved >= _ODD_SHARE * len(_judged(signs))


def _judged(signs: Sequence[Signs]) -> Sequence[Signs]:
    """The signs that are remembered, where there are enough to tell what the others were; else all."""
    judged = [sign for sign in signs if sign.remembered or sign.any]
    return judged if len(judged) >= _ENOUGH else signs


@once
def signs_of_load(case: Case) -> tuple[Signs, ...]:
    """Look around each of the silent kills."""
    return tuple(_around(case, life) for life in silent_kills(case))


def _around(case: Case, life: Life) -> Signs:
    minutes = case.history.minutes
    return Signs(
        remembered=not minutes or case.killed_at(life) >= minutes[0].started_at,
        relapsed=_relapsed(case, life),
        recoveries=_unusual_recoveries(case, life),
        slow_answers=unusual_slowness(case, life),
        throttled=_throttled(case, life),
        woke=life in woken_kills(case),
        heard=not did_not_hear(life) and _stuck_are_deaf(case),
    )


def _throttled(case: Case, life: Life) -> bool:
    """Whether the CPU limit stopped containers more than usual while this one and another one failed.

    Who did not hear SIGTERM, where the process is known to hear it, may have been stuck in a loop.
    """
    if did_not_hear(life) and hears_sigterm(case):
        return False
    killed_at, usual = case.killed_at(life), _usually_throttled(case)
    failing = case.minutes_between(life.tally(ProbeType.LIVENESS).first_failed_at or killed_at, killed_at)
    minutes = [minute for minute in throttled_minutes(case) if minute in failing]
    limited = any(throttled_share((minute,)) >= _TIMES_USUAL * usual for minute in minutes)
    return limited and fail_with_another(case, life, causes=SILENCE, times=_IN_A_ROW)


@once
def _usually_throttled(case: Case) -> float:
    """The share of CFS periods in which containers are stopped while no probe fails; all where that is not known."""
    quiet = [minute for minute in case.history.minutes if minute.cpu_periods and not sum(minute.failed.values())]
    return throttled_share(quiet) if quiet else 1.0


def _relapsed(case: Case, life: Life) -> bool:
    """Whether the fresh container was silent at once; one that still starts or waits for somebody else means nothing.

    A process that begins under load refuses its first attempt before it is silent.
    """
    fresh = case.next_life(life)
    if fresh is None or fresh in starting_kills(case) or fresh in hung_by_dependency(case):
        return False
    first = case.first_run(fresh)
    causes = fresh.tally(ProbeType.LIVENESS).causes if first is None else first.causes
    silent = sum(count for cause, count in causes.items() if cause.is_silence)
    return 2 * silent >= sum(causes.values()) and case.fails_again_at_once(life, times=_IN_A_ROW)


@once
def _stuck_are_deaf(case: Case) -> bool:
    """Whether several kills hit processes that did not hear SIGTERM, though others of their kind do."""
    return bool(hears_sigterm(case)) and sum(did_not_hear(life) for life in silent_kills(case)) >= _SEVERAL


def _unusual_recoveries(case: Case, life: Life) -> int:
    """Runs of timeouts near the kill that ended by themselves, zero if they are as frequent at other times.

    A tail of slow answers makes single timeouts at all times, and now and then two in a row by chance. More than
    chance gives are a sign of load, unless they are few beside many kills: load that kills often also lets off often.
    """
    recoveries = [run for run in case.history.runs if _is_recovery(case, run)]
    lasting = [run for run in recoveries if _is_in_a_row(case, run)]
    any_near, any_usual = _near_and_usual(case, life, recoveries)
    near, usual = _near_and_usual(case, life, lasting)
    kills = sum(abs(case.killed_at(other) - case.killed_at(life)) <= _NEAR_SECONDS for other in silent_kills(case))
    unusual = any_near >= _TIMES_USUAL * any_usual and near >= _LEAST_PER_KILL * kills
    by_chance = max(usual, _expected_by_chance(case, singles=len(recoveries) - len(lasting)))
    return near if unusual and is_more_than_chance(near, by_chance) else 0


def _near_and_usual(case: Case, life: Life, runs: Sequence[FailureRun]) -> tuple[int, float]:
    """How many of the runs were near the kill, and how many were in as long a time elsewhere."""
    near = sum(abs(run.last_at - case.killed_at(life)) <= _NEAR_SECONDS for run in runs)
    elsewhere = max(0.0, case.observed_seconds - 2 * _NEAR_SECONDS)
    return near, (len(runs) - near) * 2 * _NEAR_SECONDS / elsewhere if elsewhere else 0.0


def _is_recovery(case: Case, run: FailureRun) -> bool:
    """Whether the question that liveness asks, by whichever probe, was left open and then answered."""
    return (
        run.probe in _asking(case)
        and run.ending is RunEnding.BY_ITSELF
        and any(cause.is_silence for cause in run.causes)
    )


def _asking(case: Case) -> Mapping[ProbeType, float]:
    """The probes that ask what liveness asks, with their cadences in seconds."""
    liveness, readiness = case.container.liveness, case.container.readiness
    if liveness is None:
        return {ProbeType.LIVENESS: 1.0}
    asking = {ProbeType.LIVENESS: float(liveness.cadence_seconds)}
    if readiness is not None and readiness.handler == liveness.handler:
        asking[ProbeType.READINESS] = float(readiness.cadence_seconds)
    return asking


def _is_in_a_row(case: Case, run: FailureRun) -> bool:
    """Whether attempts failed in a row.

    An event may stand for failures of long ago that it was not sent for, so the run must have lasted as well; and
    counters put two failures into one run although a success came between them.
    """
    cadence, lasted = _asking(case)[run.probe], run.last_at - run.started_at
    return _DENSE * cadence <= lasted and _DENSE * lasted <= run.failures * cadence and run.failures >= _IN_A_ROW


def _expected_by_chance(case: Case, *, singles: int) -> float:
    """How many runs of two timeouts single ones would make around a kill if they came independently."""
    history = case.history
    seconds = max(1.0, history.last_seen_at - history.singles_since)
    often = sum(1.0 / cadence for cadence in _asking(case).values())
    attempts = max(1.0, seconds * max(1, len(history.pods)) * often)
    return (singles / attempts) ** 2 * attempts * min(1.0, 2 * _NEAR_SECONDS / seconds)


def describe(signs: tuple[Signs, ...], *, timeout_seconds: int) -> tuple[str, ...]:
    """The signs over all kills, as evidence."""
    relapsed = sum(sign.relapsed for sign in signs)
    recoveries = max((sign.recoveries for sign in signs), default=0)
    slow = max((sign.slow_answers for sign in signs), default=0)
    woke, heard = sum(sign.woke for sign in signs), sum(sign.heard for sign in signs)
    throttled = sum(sign.throttled for sign in signs)
    sentences = (
        (heard, f"{several(heard, 'container')} stopped when asked to, where stuck ones took the whole grace period"),
        (woke, f"{several(woke, 'container')} stopped when asked to, but later than others: the silence had passed"),
        (relapsed, f"after {several(relapsed, 'kill')} the fresh container failed at once: the restart cured nothing"),
        (recoveries, f"{several(recoveries, 'run')} of timeouts ended without a restart, around the same time"),
        (throttled, f"{several(throttled, 'kill')} came while several replicas failed, and ran into the CPU limit"),
        (slow, f"{several(slow, 'answer')} took over {timeout_seconds * SLOW_SHARE_OF_TIMEOUT:g} s around a kill"),
    )
    return tuple(sentence for count, sentence in sentences if count)
