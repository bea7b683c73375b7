"""readiness-flapping: containers that are taken out of their Services again and again though nothing is wrong."""

import math
from collections.abc import Sequence

from probetuner.diagnosis.case import Case, slower_than
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.latency import SLOW_SHARE_OF_TIMEOUT
from probetuner.diagnosis.wording import several
from probetuner.history.record import READY_FLAG_FELL, FailureRun, UnreadySpell
from probetuner.model.probe import ProbeType

_STRENGTH = 0.4
_LEAST_FLAPS = 3
LONG_SECONDS = 120.0
"""An unready spell that lasts longer is no flap: the container really was unwell."""
_DISTURBED_SECONDS = 60.0
_SEVERAL_ATTEMPTS, _MANY, _RARE, _SEEN_LATER_SECONDS = 2, 50, 0.02, 2.0
_THIRTY_DAYS_SECONDS = 30 * 86400.0


def flaps(case: Case) -> tuple[UnreadySpell, ...]:
    """The short unready spells that ended by themselves, without a restart and away from any trouble of the node.

    A pause of the process itself is none: users would have got no answer either, so readiness did what it is for.
    """
    return tuple(
        spell
        for spell in case.history.unready
        if spell.ended_at is not None
        and spell.ended_at - spell.started_at <= LONG_SECONDS
        and not _restarted(case, spell)
        and not _disturbed(case, spell)
        and not _is_pause(case, spell)
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


def _is_pause(case: Case, spell: UnreadySpell) -> bool:
    """Whether one replica alone fell silent for several attempts, where answers are quick at other times.

    Load makes answers late in all replicas; a tail of slow answers makes single timeouts, and two in a row by chance.
    """
    probe = case.container.readiness
    if probe is None or probe.failure_threshold < _SEVERAL_ATTEMPTS or not _is_quick(case, probe.timeout_seconds):
        return False
    runs = [run for run in case.runs(ProbeType.READINESS) if _overlaps(run, spell)]
    own = [run for run in runs if run.pod_uid == spell.pod_uid]
    return len(own) == len(runs) and any(
        run.failures >= probe.failure_threshold and all(cause.is_silence for cause in run.causes) for run in own
    )


def _is_quick(case: Case, timeout_seconds: int) -> bool:
    """Whether hardly any of many answers comes near the timeout."""
    minutes = case.history.minutes
    slow = sum(slower_than(minute, ProbeType.READINESS, SLOW_SHARE_OF_TIMEOUT * timeout_seconds) for minute in minutes)
    answers = sum(sum(minute.latency.get(ProbeType.READINESS, ())) for minute in minutes)
    return answers >= _MANY and slow <= _RARE * answers


def _overlaps(run: FailureRun, spell: UnreadySpell) -> bool:
    return (
        run.started_at <= (spell.ended_at or run.started_at) and run.last_at >= spell.started_at - _SEEN_LATER_SECONDS
    )


def _times(spells: Sequence[UnreadySpell]) -> int:
    """At how many different times that was: one trouble that takes out all replicas together is one."""
    times, until = 0, -math.inf
    for spell in sorted(spells, key=lambda spell: spell.started_at):
        times += spell.started_at > until
        until = max(until, spell.ended_at or spell.started_at)
    return times


def find(case: Case) -> Finding | None:
    """Report flaps that come more often than the objective tolerates."""
    seen = flaps(case)
    allowed = case.objectives.flaps_per_30_days * case.observed_seconds / _THIRTY_DAYS_SECONDS
    if case.container.readiness is None or _times(seen) < _LEAST_FLAPS or len(seen) <= allowed:
        return None
    unready = sum((spell.ended_at or spell.started_at) - spell.started_at for spell in seen)
    causes = case.causes(ProbeType.READINESS)
    return Finding(
        name=FindingName.READINESS_FLAPPING,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(len(seen), strength=_STRENGTH),
        samples=len(seen),
        evidence=(
            f"{several(len(seen), 'unready spell')} that ended without a restart",
            f"{unready:.0f} s out of the Services in all",
            f"causes: {', '.join(sorted(causes)) or 'unknown'}",
        ),
        explanation=(
            "The readiness probe takes the container out of its Services for moments that pass by themselves; each "
            "time the other replicas get its share of the traffic."
        ),
    )
