"""probe-timeout-too-short: answers that come later than the probe waits for them, most of them or all."""

from collections.abc import Iterator
from dataclasses import dataclass

from probetuner.diagnosis.broken import longest_run_seconds, nothing_passed
from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.fault import Fault, fault_of, has_own_deadline, in_words
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.rates import rates
from probetuner.diagnosis.runtime import ran_out
from probetuner.diagnosis.throttling import UNSEEN, UNSEEN_CONFIDENCE, may_be_unseen
from probetuner.diagnosis.tight import killed_for_lateness, tight_probes, usual_answers
from probetuner.diagnosis.wording import several
from probetuner.model.probe import ProbeType

_STRENGTH = 0.3
_MOST_SHARE = 0.5
_LEAST_LATE = 5
_LONG_SECONDS = 300.0
"""A start may take as long with nothing wrong; what is late all the time since is late by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """How many attempts of a probe were late, of how many; `whole` where none was ever in time."""

    count: int
    attempts: int
    whole: bool


@once
def late_probes(case: Case) -> dict[ProbeType, Late]:
    """The probes whose timeout most answers do not keep to, though the application works."""
    return {kind: late for kind in ProbeType if (late := _late(case, kind)) is not None}


def _late(case: Case, kind: ProbeType) -> Late | None:
    probe = case.container.probe(kind)
    if probe is None or has_own_deadline(case, kind):
        return None
    if errored := ran_out(case, kind):
        return Late(count=errored, attempts=errored + case.succeeded(kind) + case.failed(kind), whole=False)
    if fault_of(case, kind) is not Fault.LATE:
        return None
    if _is_late_from_the_start(case, kind):
        return Late(count=case.failed(kind), attempts=case.failed(kind), whole=True)
    spread = [
        rate
        for rate in rates(case, kind)
        if rate.silent and rate.share >= _MOST_SHARE and not (rate.while_out or rate.amid_kills)
    ]
    count = sum(rate.count for rate in spread)
    if count < _LEAST_LATE or _kills(case, kind):
        return None
    return Late(count=count, attempts=sum(rate.attempts for rate in spread), whole=False)


def _is_late_from_the_start(case: Case, kind: ProbeType) -> bool:
    """Whether no attempt was ever in time, for longer than starts take; what a probe kills may be starting."""
    if case.failed(kind) < _LEAST_LATE or not nothing_passed(case, kind) or _had_been_ready(case, kind):
        return False
    return not case.probe_kills and longest_run_seconds(case) >= _LONG_SECONDS


def _had_been_ready(case: Case, kind: ProbeType) -> bool:
    return kind is ProbeType.READINESS and any(life.pod_was_ready for life in case.history.lives)


def _kills(case: Case, kind: ProbeType) -> int:
    return case.history.kills.get(kind, 0)


def find(case: Case) -> Finding | None:
    """Report probes that give up before the answer comes."""
    late, kills = late_probes(case), killed_for_lateness(case)
    tight = [kind for kind in tight_probes(case) if kind not in late]
    if not late and not tight:
        return None
    count = sum(each.count for each in late.values()) + sum(case.failed(kind) for kind in tight)
    confidence, unseen = from_repeats(count, strength=_STRENGTH), may_be_unseen(case)
    return Finding(
        name=FindingName.PROBE_TIMEOUT_TOO_SHORT,
        container=case.container.name,
        severity=Severity.CRITICAL if kills else Severity.WARNING,
        confidence=min(confidence, UNSEEN_CONFIDENCE) if unseen else confidence,
        samples=count,
        evidence=(
            *_evidence(case, late),
            *(sentence for kind in tight for sentence in _by_chance(case, kind)),
            *((f"{several(len(kills), 'kill')} followed several answers that were late in a row",) if kills else ()),
            *((UNSEEN,) if unseen else ()),
        ),
        explanation=(
            "Somebody is there and takes longer than timeoutSeconds: where nobody listens a connection is refused at "
            "once, and a wrong path is answered. Give each attempt more time, or make the answer cheaper."
        ),
    )


def _by_chance(case: Case, kind: ProbeType) -> Iterator[str]:
    yield usual_answers(case, kind)
    yield f"{several(case.failed(kind), 'attempt')} came later, no more in a row than chance makes of so many"


def _evidence(case: Case, late: dict[ProbeType, Late]) -> Iterator[str]:
    for kind, each in late.items():
        probe = case.container.probe(kind)
        timeout = probe.timeout_seconds if probe else 0
        share = "none was ever in time" if each.whole else f"of about {each.attempts}"
        yield f"{several(each.count, 'attempt')} of {kind.value.lower()} took longer than {timeout} s, {share}"
        if case.history.errors.get(kind) and not case.causes(kind):
            yield f"the kubelet said: {case.history.errors[kind]}"
        else:
            yield in_words(case, kind)
