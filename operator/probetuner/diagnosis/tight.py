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
_ENOUGH_CALM, _ENOUGH, _LEAST_LATE, _LONG_MINUTES = 10, 20, 3, 15
_MOST_TIMES_CHANCE = 2.0
"""Counters that are read each ten seconds put late answers with a good one between them into one run."""


@once
def tight_probes(case: Case) -> tuple[ProbeType, ...]:
    """The probes whose answers are usually near the timeout, and now and then late, which passes by itself."""
    return tuple(kind for kind in (ProbeType.LIVENESS, ProbeType.READINESS) if _is_tight(case, kind))


def _is_tight(case: Case, kind: ProbeType) -> bool:
    probe = case.container.probe(kind)
    if probe is None or never_succeeded(case, kind) or throttled_share(case.history.minutes) >= THROTTLED_SHARE:
        return False
    return _is_usually_near(case, kind, _NEAR_SHARE * probe.timeout_seconds) and _pass_by_chance(case, kind)


def _is_usually_near(case: Case, kind: ProbeType, limit: float) -> bool:
    """Whether answers take that long in minutes without a failure, which no load explains, or nearly all of them do.

    Where no minute of a long time is without one, there is no other time to compare with: load or not, it is usual.
    """
    minutes = [minute for minute in case.history.minutes if minute.latency.get(kind)]
    calm = [minute for minute in minutes if not sum(minute.failed.values())]
    if _is_usual(calm, kind, limit, most=_MOST, enough=_ENOUGH_CALM):
        return True
    never_calm = len(minutes) >= _LONG_MINUTES and sum(sum(minute.latency[kind]) for minute in calm) < _ENOUGH_CALM
    return _is_usual(minutes, kind, limit, most=_MOST if never_calm else _NEARLY_ALL, enough=_ENOUGH)


def _is_usual(minutes: Sequence[Minute], kind: ProbeType, limit: float, *, most: float, enough: int) -> bool:
    """Whether so many of enough answers took that long."""
    answers = sum(sum(minute.latency.get(kind, ())) for minute in minutes)
    near = sum(slower_than(minute, kind, limit) for minute in minutes)
    return answers >= enough and near >= most * answers


def _pass_by_chance(case: Case, kind: ProbeType) -> bool:
    """Whether timeouts pass and come as seldom in a row as chance has them: a process that hangs misses them all.

    Where each answer is late by itself with the same probability, runs of late ones are of geometric length. That of a
    pause is as long as the pause, however seldom it comes.
    """
    ended = [run for run in case.runs(kind) if run.ending is not RunEnding.OPEN and _is_silent(case, run)]
    passed = [run.failures for run in ended if run.ending is RunEnding.BY_ITSELF]
    late = sum(run.failures for run in ended)
    if late < _LEAST_LATE or 2 * len(passed) <= len(ended):
        return False
    by_chance = (late + case.succeeded(kind)) / (case.succeeded(kind) + 1)
    return sum(passed) <= _MOST_TIMES_CHANCE * by_chance * len(passed)


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
