"""readiness-flapping: containers that are taken out of their Services again and again though nothing is wrong."""

import math
from collections.abc import Collection, Sequence
from itertools import pairwise

from probetuner.diagnosis.alone import fell_silent_alone, is_slow_around
from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.confidence import from_repeats, is_more_than_chance
from probetuner.diagnosis.fault import in_words
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.lockup import killed_in_lockup
from probetuner.diagnosis.rates import rates
from probetuner.diagnosis.short import late_probes
from probetuner.diagnosis.throttling import UNSEEN, UNSEEN_CONFIDENCE, may_be_unseen, throttled_minutes
from probetuner.diagnosis.wording import several
from probetuner.history.record import READY_FLAG_FELL, FailureRun, UnreadySpell
from probetuner.model.policy import THIRTY_DAYS_SECONDS
from probetuner.model.probe import Probe, ProbeType

_STRENGTH = 0.4
_LEAST_FLAPS = 3
LONG_SECONDS = 120.0
"""An unready spell that lasts longer is no flap: the container really was unwell."""
_DISTURBED_SECONDS = 60.0
_SEVERAL_ATTEMPTS, _SEEN_LATER_SECONDS, _ODD_SHARE = 2, 2.0, 0.2
_IN_A_ROW, _SEVERAL = 3, 2


@once
def flaps(case: Case) -> tuple[UnreadySpell, ...]:
    """The unready spells that passed by themselves and were no pause of the process.

    In a pause users would have got no answer either, so readiness did what it is for. Where most are pauses, the odd
    one that shows it less clearly is another.
    """
    passed = passing_spells(case)
    found = tuple(spell for spell in passed if not _is_pause(case, spell))
    return found if len(found) > _ODD_SHARE * len(passed) else ()


@once
def passing_spells(case: Case) -> tuple[UnreadySpell, ...]:
    """The unready spells, short or of a busy container, that ended without a restart and away from a node's trouble.

    Where it is forgotten how the probe failed, nothing is said.
    """
    return tuple(
        spell
        for spell in case.history.unready
        if spell.ended_at is not None
        and not _is_forgotten(case, spell)
        and (spell.ended_at - spell.started_at <= LONG_SECONDS or _was_busy(case, spell))
        and not _restarted(case, spell)
        and not _disturbed(case, spell)
    )


def _was_busy(case: Case, spell: UnreadySpell) -> bool:
    """Whether what went on for long was load: answers came late then, or its CPU limit held the container up."""
    during = case.minutes_between(spell.started_at - _DISTURBED_SECONDS, spell.ended_at or case.history.last_seen_at)
    if any(minute in during for minute in throttled_minutes(case)):
        return True
    return any(
        run.pod_uid == spell.pod_uid and _overlaps(run, spell) and is_slow_around(case, run)
        for run in case.runs(ProbeType.READINESS)
    )


def _restarted(case: Case, spell: UnreadySpell) -> bool:
    end = spell.ended_at or spell.started_at
    return any(
        life.pod_uid == spell.pod_uid
        and ((life.ended_at is not None and spell.started_at <= life.ended_at <= end + 1.0) or life.ending is not None)
        for life in case.history.lives
    )


def _disturbed(case: Case, spell: UnreadySpell) -> bool:
    return any(
        note.pod_uid == spell.pod_uid
        and note.reason != READY_FLAG_FELL
        and abs(note.at - spell.started_at) <= _DISTURBED_SECONDS
        for note in case.history.disturbances
    )


@once
def empties_service(case: Case) -> bool:
    """Whether readiness held as many pods as are wanted out of the Service at once though they could serve.

    Replicas that are out for reasons of their own are so at the same time now and then: only more than that counts.
    """
    end, spells = case.history.last_seen_at, _unwarranted(case)
    emptying = [
        spell
        for spell in spells
        if len({other.pod_uid for other in spells if _covers(other, spell.started_at, end)}) >= case.replicas
    ]
    return is_more_than_chance(len(emptying), _emptying_by_chance(case))


def emptied_seconds(case: Case) -> float:
    """How long readiness held all replicas out of the Service at once though they could serve."""
    end, spells = case.history.last_seen_at, _unwarranted(case)
    moments = sorted({at for spell in spells for at in (spell.started_at, spell.ended_at or end)})
    return sum(
        until - since
        for since, until in pairwise(moments)
        if len({spell.pod_uid for spell in spells if _covers(spell, since, end)}) >= case.replicas
    )


def _emptying_by_chance(case: Case) -> float:
    """How many of the unready spells would begin while all other replicas are out, were they independent."""
    end, spells = case.history.last_seen_at, case.history.unready
    out = sum(max(0.0, (spell.ended_at or end) - spell.started_at) for spell in spells)
    share = min(1.0, out / max(1.0, case.replicas * case.observed_seconds))
    return float(len(spells) * share ** max(0, case.replicas - 1))


def _covers(spell: UnreadySpell, at: float, end: float) -> bool:
    return spell.started_at <= at < (spell.ended_at or end + 1.0)


def _unwarranted(case: Case) -> tuple[UnreadySpell, ...]:
    """The unready spells in which the replica could serve, for all that is known by now.

    Left out are pauses, lock-ups that liveness ended, and silence of a container whose answers are quick, as long as
    liveness may still find that it is stuck.
    """
    stuck = {(life.pod_uid, life.ended_at) for life in killed_in_lockup(case)}
    return tuple(
        spell
        for spell in case.history.unready
        if not (_is_forgotten(case, spell) or _is_pause(case, spell) or _is_stuck(case, spell, stuck))
    )


def _is_forgotten(case: Case, spell: UnreadySpell) -> bool:
    """Whether it is not remembered any more how the probe failed then."""
    runs = case.history.runs
    return bool(runs) and spell.ended_at is not None and spell.ended_at < runs[0].started_at


def _is_stuck(case: Case, spell: UnreadySpell, stuck: Collection[tuple[str, float | None]]) -> bool:
    end = spell.ended_at or case.history.last_seen_at
    if any(uid == spell.pod_uid and spell.started_at <= (at or 0.0) <= end + 1.0 for uid, at in stuck):
        return True
    liveness = case.container.liveness
    due = 0.0 if liveness is None else liveness.detection_seconds + case.workload.grace_seconds
    return spell.ended_at is None and end - spell.started_at < due and _is_silent(case, spell)


def _is_pause(case: Case, spell: UnreadySpell) -> bool:
    """Whether the replica fell silent for several attempts and came back by itself."""
    return spell.ended_at is not None and _is_silent(case, spell)


def _is_silent(case: Case, spell: UnreadySpell) -> bool:
    """Whether the replica, alone, left several attempts in a row open, where answers are quick at other times."""
    probe = case.container.readiness
    if probe is None or probe.failure_threshold < _SEVERAL_ATTEMPTS:
        return False
    return any(
        run.pod_uid == spell.pod_uid
        and run.failures >= probe.failure_threshold
        and _overlaps(run, spell)
        and fell_silent_alone(case, run)
        for run in case.runs(ProbeType.READINESS)
    )


def flapping_seconds(case: Case) -> float:
    """How long the flaps kept replicas out of the Service, all together."""
    return sum((spell.ended_at or spell.started_at) - spell.started_at for spell in flaps(case))


def flapping_runs(case: Case) -> tuple[FailureRun, ...]:
    """The runs of failures that made the flaps."""
    return tuple(
        run
        for run in case.runs(ProbeType.READINESS)
        if any(spell.pod_uid == run.pod_uid and _overlaps(run, spell) for spell in flaps(case))
    )


def failed_in(case: Case, spell: UnreadySpell, kind: ProbeType) -> tuple[FailureRun, ...]:
    """The runs of failures of that probe in that pod and time."""
    return tuple(run for run in case.runs(kind) if run.pod_uid == spell.pod_uid and _overlaps(run, spell))


@once
def follows_queue(case: Case) -> bool:
    """Whether readiness flapped because answers were late for longer than chance makes a few follow each other."""
    runs = [run for run in flapping_runs(case) if run.failures >= _IN_A_ROW and is_slow_around(case, run)]
    return len(runs) >= _SEVERAL


def _overlaps(run: FailureRun, spell: UnreadySpell) -> bool:
    """What a run's counters told of last is known to a scrape; what ended it is known better."""
    began_in_time = run.started_at <= (spell.ended_at or run.started_at)
    return began_in_time and max(run.last_at, run.ended_at or 0.0) >= spell.started_at - _SEEN_LATER_SECONDS


def _times(spells: Sequence[UnreadySpell]) -> int:
    """At how many different times that was: one trouble that takes out all replicas together is one."""
    times, until = 0, -math.inf
    for spell in sorted(spells, key=lambda spell: spell.started_at):
        times += spell.started_at > until
        until = max(until, spell.ended_at or spell.started_at)
    return times


def may_be_want_of_cpu(case: Case) -> bool:
    """Whether readiness may have failed because a CPU limit stopped the container, which nobody could see."""
    return may_be_unseen(case) and any(cause.is_silence for cause in case.causes(ProbeType.READINESS))


def find(case: Case) -> Finding | None:
    """Report flaps that come more often than the objective tolerates."""
    seen = flaps(case)
    allowed = case.objectives.flaps_per_30_days * case.observed_seconds / THIRTY_DAYS_SECONDS
    if case.container.readiness is None:
        return None
    if _times(seen) < _LEAST_FLAPS or len(seen) <= allowed:
        return _find_by_rate(case, case.container.readiness)
    causes = case.causes(ProbeType.READINESS)
    confidence, unseen = from_repeats(len(seen), strength=_STRENGTH), may_be_want_of_cpu(case)
    return Finding(
        name=FindingName.READINESS_FLAPPING,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=min(confidence, UNSEEN_CONFIDENCE) if unseen else confidence,
        samples=len(seen),
        evidence=(
            f"{several(len(seen), 'unready spell')} that ended without a restart",
            f"{flapping_seconds(case):.0f} s out of the Services in all",
            f"causes: {', '.join(sorted(causes)) or 'unknown'}",
            *((UNSEEN,) if unseen else ()),
        ),
        explanation=(
            "The readiness probe takes the container out of its Services for moments that pass by themselves; each "
            "time the other replicas get its share of the traffic."
        ),
    )


_RATE_STRENGTH, _MANY_ATTEMPTS = 0.1, 20
"""That failures come independently of each other is only taken to be so: few of them in a row prove little."""


def _find_by_rate(case: Case, readiness: Probe) -> Finding | None:
    """Report flaps that nobody watched: so large a share of attempts failed that several in a row must have.

    Of failures that are spread over a time, so many follow each other as independent ones do: the share of failures to
    the power of failureThreshold, per attempt. Replicas that are out all the time do not flap, and those that refuse
    start.
    """
    spread = [
        rate
        for rate in rates(case, ProbeType.READINESS)
        if rate.attempts >= _MANY_ATTEMPTS and not (rate.while_out or rate.amid_kills or rate.refused)
    ]
    expected = sum(rate.attempts * rate.share**readiness.failure_threshold for rate in spread)
    if expected < _LEAST_FLAPS or ProbeType.READINESS in late_probes(case):
        return None
    return Finding(
        name=FindingName.READINESS_FLAPPING,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(int(expected), strength=_RATE_STRENGTH),
        samples=sum(rate.count for rate in spread),
        evidence=(
            *(
                f"{rate.count} of about {rate.attempts} attempts failed in one pod, which is not out for it"
                for rate in spread
            ),
            in_words(case, ProbeType.READINESS),
            "nobody watched: how often that took replicas out of the Services is not known",
        ),
        explanation=(
            "So many readiness attempts fail, and then pass again, that several in a row must have: each time the "
            "container leaves its Services for a while, and the other replicas get its share of the traffic."
        ),
    )
