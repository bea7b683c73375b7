"""Liveness kills by silence: what shows that a container was busy, and not stuck.

A busy server answers slowly or now and then, recovers by itself at other times, and a fresh container under the same
load fails again at once. A stuck one answered quickly until it stopped for good, and its successor is well. That such
kills were made under load does not say that a restart never helps: before liveness goes, that has to be shown as well
(`queue_is_proved`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.grace import InGrace, in_grace
from probetuner.diagnosis.hanging import SILENCE
from probetuner.diagnosis.hearing import did_not_hear, hears_sigterm, killed_ones_hear
from probetuner.diagnosis.latency import SLOW_SHARE_OF_TIMEOUT, unusual_slowness
from probetuner.diagnosis.recovering import near_misses, unusual_recoveries
from probetuner.diagnosis.relapsing import fall_again_together, relapses
from probetuner.diagnosis.silence import drains, proved_stuck, silent_kills, was_silent_to_the_end
from probetuner.diagnosis.starting import liveness_kills
from probetuner.diagnosis.throttling import throttled_minutes, throttled_share
from probetuner.diagnosis.together import fail_with_another
from probetuner.diagnosis.turned_away import turned_away_kills
from probetuner.diagnosis.waking import answered_again, woken_kills
from probetuner.diagnosis.wording import several
from probetuner.history.life import Life
from probetuner.model.probe import ProbeType

_NEAR_SECONDS, _SAME_SECONDS, _TIMES_USUAL = 180.0, 60.0, 3.0
_SEVERAL, _ENOUGH, _IN_A_ROW, _ODD_SHARE = 2, 3, 2, 0.2
_NOTABLE_SHARE = 0.34
"""What a good part of the kills show proves something; what one among many does may be anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What around one kill speaks against a lock-up: only a busy container shows more of it than it usually does.

    A busy server has slow answers and single timeouts at all times, so both count only where they are more frequent
    around the kill than elsewhere. `shared` says that other replicas fell silent with it, and again when they had been
    restarted, and that no CPU limit stopped them. `throttled` says that the CPU limit stopped it more than usual, and
    that it was not alone: a process that is stuck in a loop runs into its limit as well. `answered` says that readiness
    passed before the process was gone, `woke` that it stopped when it came to itself, `heard` that it did when it was
    asked to, where stuck ones did not. `near_misses` are the runs of the whole time that were an attempt short of a
    kill and ended by themselves, if that is how such runs end. `remembered` says whether how slow answers were around
    it still is.
    """

    remembered: bool
    relapsed: bool
    shared: bool
    recoveries: int
    slow_answers: int
    throttled: bool
    answered: bool
    woke: bool
    heard: bool
    near_misses: int

    @property
    def any(self) -> bool:
        """Whether anything does."""
        passed = self.answered or self.woke or self.heard or self.near_misses > 0
        return self.proof or self.recoveries > 0 or self.throttled or passed

    @property
    def proof(self) -> bool:
        """Whether it proves load."""
        return self.relapsed or self.slow_answers > 0

    @property
    def queued(self) -> bool:
        """Whether answers came late around it, or silences passed there more often than they usually do."""
        return self.slow_answers > 0 or self.recoveries > 0


@once
def busy_kills(case: Case) -> tuple[Life, ...]:
    """The silent kills that hit a busy container.

    Besides those with signs of load of their own, those that came in the same trouble: within minutes of one that has,
    within a minute of another one of it, or, where load is proved, while other replicas were silent too. Where that
    leaves no more than the odd one, or half of those whose end is known came to themselves, it is one of them: not
    every kill shows signs. Who did not hear SIGTERM, where the process is known to hear it, is only one by signs of its
    own: who is busy hears, who is stuck may not; and none where several others stopped at once. Kills of so long ago
    that the signs are forgotten are what the others are: also where those that are remembered have signs of their own,
    all but the odd one. That an idle process hears says nothing of a busy one, which
    may finish its work first: only others that were killed do.
    """
    kills, signs = silent_kills(case), signs_of_load(case)
    marked = [life for life, sign in zip(kills, signs, strict=True) if sign.any]
    loaded = _is_proof(signs)
    deaf = [life for life in kills if did_not_hear(life) and not answered_again(case, life)]
    deaf = deaf if killed_ones_hear(case) else []
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
    judged, woke = _judged(signs), sum(sign.woke or sign.answered for sign in signs)
    unclear = sum(life in odd and sign in judged for life, sign in zip(kills, signs, strict=True))
    heard = [life for life in kills if life not in deaf and life.stop_seconds is not None]
    if (loaded and unclear <= _ODD_SHARE * len(judged)) or 0 < len(heard) <= 2 * woke:
        drawn_in += odd
    elif _nearly_all_show_it(signs):
        drawn_in += [life for life, sign in zip(kills, signs, strict=True) if life in odd and not sign.remembered]
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
def overrun(case: Case) -> bool:
    """Whether load is proved: answers came late around a kill, probes were turned away, or fresh containers failed.

    That silence ended by itself at other times shows only that it need not be for good: pauses do that as well.
    """
    return _is_proof(signs_of_load(case)) or bool(turned_away_kills(case))


def _is_proof(signs: Sequence[Signs]) -> bool:
    """Whether the kills with proof are more than the odd one that chance makes, of those that can be judged."""
    proved = sum(sign.proof for sign in signs)
    return proved > 0 and proved >= _ODD_SHARE * len(_judged(signs))


def _nearly_all_show_it(signs: Sequence[Signs]) -> bool:
    """Whether the kills around which everything is remembered are enough, and show signs of load but for an odd one."""
    remembered = [sign for sign in signs if sign.remembered]
    unclear = sum(not sign.any for sign in remembered)
    return len(remembered) >= _ENOUGH and unclear <= _ODD_SHARE * len(remembered)


def _judged(signs: Sequence[Signs]) -> Sequence[Signs]:
    """The signs that are remembered, where there are enough to tell what the others were; else all."""
    judged = [sign for sign in signs if sign.remembered or sign.any]
    return judged if len(judged) >= _ENOUGH else signs


@once
def paused_kills(case: Case) -> tuple[Life, ...]:
    """The lives that liveness ended in a pause: they came to themselves, and nothing around shows a queue."""
    signs = zip(silent_kills(case), signs_of_load(case), strict=True)
    answered = [life for life, sign in signs if sign.answered and not sign.queued]
    return tuple(life for life in liveness_kills(case) if life in woken_kills(case) or life in answered)


def are_pauses(case: Case) -> bool:
    """Whether all that busy containers were killed in were pauses, as far as is known."""
    return 0 < len(busy_kills(case)) == len(paused_kills(case)) and not queue_is_proved(case)


@once
def queue_is_proved(case: Case) -> bool:
    """Whether a good part of the kills show that it was a queue.

    Late or refused answers around a kill do, and several replicas that fell silent together and again after the
    restart, where no CPU limit stopped them. Silences that passed do not: pauses pass as well. Without proof nobody
    knows what it was, and a process that hangs without a liveness probe is away for good.
    """
    judged, turned_away = _judged(signs_of_load(case)), len(turned_away_kills(case))
    queued = sum(sign.slow_answers > 0 or sign.shared for sign in judged) + turned_away
    return queued > 0 and queued >= _NOTABLE_SHARE * (len(judged) + turned_away)


@once
def signs_of_load(case: Case) -> tuple[Signs, ...]:
    """Look around each of the silent kills."""
    return tuple(_around(case, life) for life in silent_kills(case))


def _around(case: Case, life: Life) -> Signs:
    minutes = case.history.minutes
    return Signs(
        remembered=not minutes or case.killed_at(life) >= minutes[0].started_at,
        relapsed=life in relapses(case),
        shared=life in fall_again_together(case) and not throttled_minutes(case),
        recoveries=unusual_recoveries(case, life),
        slow_answers=unusual_slowness(case, life),
        throttled=_throttled(case, life),
        answered=answered_again(case, life),
        woke=life in woken_kills(case),
        heard=not did_not_hear(life) and _stuck_are_deaf(case),
        near_misses=0 if was_silent_to_the_end(case, life) else near_misses(case),
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


@once
def _stuck_are_deaf(case: Case) -> bool:
    """Whether several kills hit processes that did not hear SIGTERM, though others of their kind do.

    Where some take a while to stop, the others may only have taken longer.
    """
    deaf = [life for life in silent_kills(case) if did_not_hear(life) and in_grace(case, life) is not InGrace.PASSED]
    return bool(hears_sigterm(case)) and len(deaf) >= _SEVERAL and not drains(case)


def describe(signs: tuple[Signs, ...], *, timeout_seconds: int) -> tuple[str, ...]:
    """The signs over all kills, as evidence."""
    relapsed = sum(sign.relapsed for sign in signs)
    recoveries = max((sign.recoveries for sign in signs), default=0)
    slow = max((sign.slow_answers for sign in signs), default=0)
    woke, heard = sum(sign.woke for sign in signs), sum(sign.heard for sign in signs)
    answered = sum(sign.answered for sign in signs)
    throttled = sum(sign.throttled for sign in signs)
    missed = max((sign.near_misses for sign in signs), default=0)
    sentences = (
        (heard, f"{several(heard, 'container')} stopped when asked to, where stuck ones took the whole grace period"),
        (
            answered,
            f"{several(answered, 'container')} passed readiness after the kill was announced: not stuck",
        ),
        (woke, f"{several(woke, 'container')} stopped when asked to, but later than others: the silence had passed"),
        (relapsed, f"after {several(relapsed, 'kill')} the fresh container failed at once: the restart cured nothing"),
        (missed, f"{several(missed, 'run')} of timeouts, an attempt short of a kill, ended without a restart"),
        (recoveries, f"{several(recoveries, 'run')} of timeouts ended without a restart, around the same time"),
        (throttled, f"{several(throttled, 'kill')} came while several replicas failed, and ran into the CPU limit"),
        (slow, f"{several(slow, 'answer')} took over {timeout_seconds * SLOW_SHARE_OF_TIMEOUT:g} s around a kill"),
    )
    return tuple(sentence for count, sentence in sentences if count)
