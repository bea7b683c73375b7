"""Silences that ended by themselves: what liveness asked was left open for a while, and then answered."""

from collections.abc import Mapping, Sequence

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.confidence import is_more_than_chance
from probetuner.diagnosis.silence import silent_kills
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import Probe, ProbeType

_NEAR_SECONDS, _TIMES_USUAL, _LEAST_PER_KILL = 180.0, 3.0, 0.34
_SEVERAL, _IN_A_ROW, _DENSE = 2, 2, 0.7
_FOLLOWING_SHARE = 0.34
"""The kills that chance makes of shorter runs, of those that there were: fewer say nothing about the others."""


@once
def near_misses(case: Case) -> int:
    """How many runs of timeouts of liveness were an attempt short of a kill and ended by themselves, if that tells.

    Late answers that come independently make longer runs the more seldom, by the same factor for each attempt more:
    the kills that follow from shorter runs have to be a good part of those that there were. What is stuck misses every
    attempt, so beside its kills there are hardly any runs that are nearly as long.
    """
    liveness = case.container.liveness or Probe(handler=None)
    ended = [_in_a_row(case, run) for run in case.runs(ProbeType.LIVENESS) if _passed(case, run)]
    short, shorter = (sum(failures >= least for failures in ended) for least in _shorter_than(liveness))
    if liveness.failure_threshold == _IN_A_ROW:
        shorter += case.succeeded(ProbeType.LIVENESS)
    share = short / (shorter + 1)
    follow = short * share / (1.0 - share)
    return short if short >= _SEVERAL and follow >= _FOLLOWING_SHARE * len(silent_kills(case)) else 0


def _shorter_than(liveness: Probe) -> tuple[int, int]:
    """How many failures a run has that is one attempt short of a kill, and two; no run is shorter than one."""
    return max(1, liveness.failure_threshold - 1), max(1, liveness.failure_threshold - 2)


def _in_a_row(case: Case, run: FailureRun) -> int:
    """How many attempts of liveness failed in a row; where that is not sure, one did.

    As many as its threshold end in a kill (prober/worker.go doProbe): where the run passed, a success came between.
    """
    liveness = case.container.liveness or Probe(handler=None)
    is_sure = _is_in_a_row(case, run) and run.failures < liveness.failure_threshold
    return run.failures if is_sure else 1


def _passed(case: Case, run: FailureRun) -> bool:
    """Whether a run of timeouts ended by itself; if its events were dropped, it failed as that probe is known to."""
    causes = run.causes or case.causes(run.probe)
    return run.ending is RunEnding.BY_ITSELF and bool(causes) and all(cause.is_silence for cause in causes)


def unusual_recoveries(case: Case, life: Life) -> int:
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
