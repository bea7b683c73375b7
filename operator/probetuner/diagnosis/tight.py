"""Answers that usually take most of the time that a probe waits, load or not: part of probe-timeout-too-short.

A command that starts a virtual machine of its own takes a second each time. With a timeout of that length now and then
an answer is late by chance, and a few of them in a row restart a container that has nothing wrong.
"""

from collections.abc import Sequence

from probetuner.diagnosis.broken import never_succeeded
from probetuner.diagnosis.case import Case, once, slower_than
from probetuner.diagnosis.starting import liveness_kills
from probetuner.diagnosis.throttling import THROTTLED_SHARE, throttled_share
from probetuner.diagnosis.waking import was_silent
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, Minute, RunEnding
from probetuner.model.probe import ProbeType

_NEAR_SHARE = 0.5
"""An answer that takes this share of the timeout is near it: twice as long, and it is late."""
_MOST, _NEARLY_ALL = 0.5, 0.9
_ENOUGH_CALM, _ENOUGH, _LEAST_LATE = 10, 20, 3


@once
def tight_probes(case: Case) -> tuple[ProbeType, ...]:
    """The probes whose answers are usually near the timeout, and now and then late, which passes by itself."""
    return tuple(kind for kind in (ProbeType.LIVENESS, ProbeType.READINESS) if _is_tight(case, kind))


def _is_tight(case: Case, kind: ProbeType) -> bool:
    probe, minutes = case.container.probe(kind), case.history.minutes
    if probe is None or never_succeeded(case, kind) or throttled_share(minutes) >= THROTTLED_SHARE:
        return False
    limit = _NEAR_SHARE * probe.timeout_seconds
    calm = [minute for minute in minutes if not sum(minute.failed.values())]
    usually = _is_usual(calm, kind, limit, most=_MOST, enough=_ENOUGH_CALM)
    return (usually or _is_usual(minutes, kind, limit, most=_NEARLY_ALL, enough=_ENOUGH)) and _pass_by_chance(
        case, kind
    )


def _is_usual(minutes: Sequence[Minute], kind: ProbeType, limit: float, *, most: float, enough: int) -> bool:
    """Whether so many of enough answers took that long; in calm no load explains it, and load lets some be quick."""
    answers = sum(sum(minute.latency.get(kind, ())) for minute in minutes)
    near = sum(slower_than(minute, kind, limit) for minute in minutes)
    return answers >= enough and near >= most * answers


def _pass_by_chance(case: Case, kind: ProbeType) -> bool:
    """Whether timeouts mostly come one by one and pass, as chance has them: a process that hangs misses them all."""
    ended = [run for run in case.runs(kind) if run.ending is not RunEnding.OPEN and _is_silent(case, run)]
    passed = [run for run in ended if run.ending is RunEnding.BY_ITSELF]
    singles = sum(run.failures == 1 for run in passed)
    late = sum(run.failures for run in ended)
    return late >= _LEAST_LATE and 2 * len(passed) > len(ended) and 2 * singles > len(passed)


def _is_silent(case: Case, run: FailureRun) -> bool:
    """Whether the run was timeouts; if its events were dropped (client-go events_cache.go), as all that are known."""
    causes = run.causes or case.causes(run.probe)
    return bool(causes) and all(cause.is_silence for cause in causes)


@once
def killed_for_lateness(case: Case) -> tuple[Life, ...]:
    """The lives that liveness ended although its answers were only late by chance."""
    if ProbeType.LIVENESS not in tight_probes(case):
        return ()
    return tuple(life for life in liveness_kills(case) if was_silent(case, life))


def usual_answers(case: Case, kind: ProbeType) -> str:
    """How long answers to that probe usually take, as evidence."""
    probe = case.container.probe(kind)
    timeout = probe.timeout_seconds if probe else 1
    answers = sum(sum(minute.latency.get(kind, ())) for minute in case.history.minutes)
    near = sum(slower_than(minute, kind, _NEAR_SHARE * timeout) for minute in case.history.minutes)
    return f"{near} of {answers} answers to {kind.value.lower()} took over {_NEAR_SHARE * timeout:g} of {timeout} s"
