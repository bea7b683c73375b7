"""probe-never-succeeds and probe-errors: probes whose handler is wrong."""

from collections.abc import Sequence

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.fault import Fault, answered_share, fault_of, in_words
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.runtime import errored_kinds, ran_out, runtimes_kinds
from probetuner.diagnosis.starting import is_refused_by_application, outlived_liveness
from probetuner.diagnosis.wording import several
from probetuner.history.life import Life
from probetuner.model.probe import Probe, ProbeType

_STRENGTH = 0.5
_ODD_SHARE = 0.05
"""Who answers more often than that, if only with an error, is there: the port is right."""
_LEAST_FAILURES = 3
_LONG_SECONDS = 300.0
_KILLS_AMISS = 3
"""A server that is still starting may answer 404 for its first seconds; that it did so until three kills is a habit."""
_SUCCESSES_OF_A_LIFE = 5
_TICKS_WHILE_UP, _LEAST_TICKS = 1.5, 0.3
_LEAST_ATTEMPTS, _HELD_SHARE = 10, 0.2


def never_succeeded(case: Case, kind: ProbeType) -> bool:
    """Whether every attempt of that probe failed for what it asks, although the application was up or had long enough.

    Where it is late, or the application answers with an error of its own, the handler is right. Where nobody listens it
    may still be starting: as long as a probe ends its starts, it had not the time that it needs.
    """
    probe = case.container.probe(kind)
    if probe is None or not nothing_passed(case, kind):
        return False
    fault, lives = fault_of(case, kind), case.history.lives
    if fault is not None and (not fault.may_be_the_handlers or answered_share(case, kind) > _ODD_SHARE):
        return False
    if fault is Fault.NOBODY_LISTENS and _somebody_listens(case, kind, probe):
        return False
    up = sum(_ticks_failed_while_up(life, kind, probe) for life in lives) >= _TICKS_WHILE_UP
    up = up or _is_mostly_up(case, kind) or _another_holds(case, kind, probe)
    up = up or any(is_refused_by_application(life) for life in lives)
    # What starts refuses connections or is late; it does not take the same question amiss again and again.
    up = up or (fault is Fault.HANDLER and case.history.kills.get(kind, 0) >= _KILLS_AMISS)
    return up or (not case.probe_kills and longest_run_seconds(case) >= _LONG_SECONDS)


def _somebody_listens(case: Case, kind: ProbeType, probe: Probe) -> bool:
    """Whether another probe was answered at the same port, if only with an error: then the port is right."""
    others = [(other, case.container.probe(other)) for other in ProbeType if other is not kind]
    return any(
        answered_share(case, other) > _ODD_SHARE
        for other, asked in others
        if asked is not None and case.container.connect_alike(asked.handler, probe.handler)
    )


def nothing_passed(case: Case, kind: ProbeType) -> bool:
    """Whether that probe failed often enough to be judged, and no attempt passed, as far as anything could show it."""
    probe = case.container.probe(kind)
    if probe is None or case.succeeded(kind):
        return False
    if case.failed(kind) < max(_LEAST_FAILURES, probe.failure_threshold):
        return False
    return not any(_showed_success(case, life, kind) for life in case.history.lives)


def longest_run_seconds(case: Case) -> float:
    """How long the longest of the lives has run."""
    ends = ((life.ended_at or case.history.last_seen_at, life.started_at) for life in case.history.lives)
    return max((ended - started for ended, started in ends), default=0.0)


def _showed_success(case: Case, life: Life, kind: ProbeType) -> bool:
    """Whether the probe must have succeeded once, though nobody counted it: counters may be missing or begin later."""
    if kind is ProbeType.LIVENESS:
        return outlived_liveness(case, life)
    if kind is ProbeType.READINESS:
        return life.was_ready or life.ready_at is not None
    return life.startup_succeeded_at is not None


def _is_mostly_up(case: Case, kind: ProbeType) -> bool:
    """Whether another probe succeeded so often that the lives cannot have spent their time starting.

    For a single look at a cluster, whose counters tell how often and not when.
    """
    needed = _SUCCESSES_OF_A_LIFE * max(1, len(case.history.lives))
    return any(case.succeeded(other) >= needed for other in ProbeType if other is not kind)


def _another_holds(case: Case, kind: ProbeType, probe: Probe) -> bool:
    """Whether readiness, which began no later, hardly failed in the time in which liveness failed throughout.

    While nobody listens both fail alike, and where only events are known no success is ever seen.
    """
    readiness = case.container.readiness
    if kind is not ProbeType.LIVENESS or readiness is None:
        return False
    failing_seconds = case.failed(kind) * probe.cadence_seconds
    return (
        readiness.initial_delay_seconds <= probe.initial_delay_seconds
        and failing_seconds >= _LEAST_ATTEMPTS * readiness.cadence_seconds
        and case.failed(ProbeType.READINESS) * readiness.cadence_seconds <= _HELD_SHARE * failing_seconds
    )


def _ticks_failed_while_up(life: Life, kind: ProbeType, probe: Probe) -> float:
    """For how many of its ticks the probe still failed when another one had shown that the application was up."""
    others = [
        tally.first_succeeded_at
        for other, tally in life.tallies.items()
        if other is not kind and tally.first_succeeded_at is not None
    ]
    if kind is not ProbeType.READINESS and life.ready_at is not None:
        others.append(life.ready_at)
    last = life.tally(kind).last_failed_at
    ticks = (last - min(others)) / probe.cadence_seconds if others and last is not None else 0.0
    return ticks if ticks >= _LEAST_TICKS else 0.0


def find_never(case: Case) -> Finding | None:
    """Report probes that have never succeeded."""
    kinds = [kind for kind in ProbeType if never_succeeded(case, kind)]
    if not kinds:
        return None
    failures = sum(case.failed(kind) for kind in kinds)
    probes = ", ".join(f"{kind.value.lower()} ({_handler(case, kind)})" for kind in kinds)
    alone = len(kinds) == _probe_count(case)
    starting = alone and (bool(case.probe_kills) or any(fault_of(case, kind) is Fault.NOBODY_LISTENS for kind in kinds))
    return Finding(
        name=FindingName.PROBE_NEVER_SUCCEEDS,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=from_repeats(failures, strength=_STRENGTH),
        samples=failures,
        evidence=(
            f"0 successes and {several(failures, 'failure')} of {probes}",
            *(in_words(case, kind) for kind in kinds),
            _others_in_words(case, kinds),
        ),
        explanation=(
            "The probe asks something that never answers as it should: a wrong port, path, scheme, credentials or "
            "command. No threshold helps; its handler must be mended."
            + (" Or the application is still starting, after all this time: see what it logs." if starting else "")
        ),
    )


def _others_in_words(case: Case, kinds: Sequence[ProbeType]) -> str:
    others = [kind for kind in ProbeType if kind not in kinds and case.container.probe(kind) is not None]
    if any(case.succeeded(kind) for kind in others):
        return "other probes of the container succeed"
    return "no success of another probe was counted" if others else "no other probe succeeds"


def misdirected_kinds(case: Case) -> tuple[ProbeType, ...]:
    """The probes whose attempts could not be made for what they ask: a program or a port name that does not exist."""
    runtimes = runtimes_kinds(case)
    return tuple(kind for kind in errored_kinds(case) if kind not in runtimes and not ran_out(case, kind))


def find_errors(case: Case) -> Finding | None:
    """Report probes whose attempts the kubelet throws away because they could not be made (worker.go doProbe)."""
    kinds = misdirected_kinds(case)
    if not kinds:
        return None
    errored = sum(case.history.errored[kind] for kind in kinds)
    counted = sum(case.succeeded(kind) + case.failed(kind) for kind in kinds)
    return Finding(
        name=FindingName.PROBE_ERRORS,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=from_repeats(errored, strength=_STRENGTH),
        samples=errored,
        evidence=(
            f"{several(errored, 'attempt')} could not be made, {counted} counted",
            *(f"{kind.value.lower()}: {case.history.errors.get(kind, '')}" for kind in kinds),
        ),
        explanation=(
            "The kubelet cannot carry the probe out (a missing program, a port name that does not exist, a response "
            "that stalls), and such attempts count for nothing: the probe protects nothing."
        ),
    )


def _handler(case: Case, kind: ProbeType) -> str:
    probe = case.container.probe(kind)
    return str(probe.handler) if probe else ""


def _probe_count(case: Case) -> int:
    return sum(case.container.probe(kind) is not None for kind in ProbeType)
