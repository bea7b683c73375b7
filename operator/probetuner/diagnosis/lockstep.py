"""Whether tasks that are no processes grow in step with the runs of an exec probe.

A zombie is a task (pids.current counts it) and no process (cgroup.procs leaves it out); so is a thread. What tells
them apart is that a leaking probe adds the same whole number with each run, or with each timeout, for as long as it
runs, in every replica. A pool of threads grows with the load, in bursts, and stops. The runtime's own threads show for
a moment while it starts a probe, so single samples may be too high.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.leak import leak_of
from probetuner.history.record import TaskSample
from probetuner.model.probe import Probe, ProbeType

_LEAST_SAMPLES, _LEAST_SECONDS, _LEAST_GROWTH = 6, 60.0, 5
_MOST_PER_RUN = 4
_LEAST_RUNS, _LEAST_TIMEOUTS = 10.0, 5.0
_PROCESS_SHARE = 0.25
_STEADY_SHARE = 0.8
_LATENESS = 0.5
"""By how many tasks a count may be off its step beside the one run that may or may not have ended by then."""
_SLOPE_TOLERANCE = 0.15
_RUNS_FOR_SLACK = 4.0
_LAG_SECONDS = 8.0
"""How far cAdvisor's look at the tasks may be from the scrape of the probes' counters, on either side of the mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The growth in one pod: so many orphans for each of these runs of these probes.

    `by_timeout` says that only runs that failed count.
    """

    pod_uid: str
    growth: int
    seconds: float
    runs: int
    per_run: int
    probes: tuple[ProbeType, ...]
    by_timeout: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pace:
    """What the growth may follow: for each of these samples, how often the probes had run by then.

    `slack` is by how many runs that may be off.
    """

    probes: tuple[ProbeType, ...]
    samples: Sequence[TaskSample]
    runs: Sequence[float]
    slack: float = 0.0
    by_timeout: bool = False


def judged_series(case: Case) -> dict[str, tuple[TaskSample, ...]]:
    """The samples by pod, where there are enough to see growth by."""
    found = {uid: tuple(s for s in series if s.processes > 0) for uid, series in case.history.tasks.items()}
    return {
        uid: series
        for uid, series in found.items()
        if len(series) >= _LEAST_SAMPLES and series[-1].at - series[0].at >= _LEAST_SECONDS
    }


def growing_pods(case: Case) -> tuple[Step, ...]:
    """The pods in which zombies pile up; none unless it is so in most of them, for all run the same probe."""
    probes = {kind: probe for kind in ProbeType if (probe := case.container.probe(kind)) and leak_of(probe)}
    if not probes:
        return ()
    judged = judged_series(case)
    steps = [step for uid, series in judged.items() if (step := _step(uid, series, probes)) is not None]
    return tuple(steps) if 2 * len(steps) > len(judged) else ()


def _step(pod_uid: str, series: Sequence[TaskSample], probes: dict[ProbeType, Probe]) -> Step | None:
    for pace in _paces(series, probes):
        per_run = _in_step(pace)
        if per_run is None:
            continue
        first, last = pace.samples[0], pace.samples[-1]
        growth = round(per_run * (pace.runs[-1] - pace.runs[0]))
        if growth < _LEAST_GROWTH or last.processes - first.processes > _PROCESS_SHARE * growth:
            continue
        return Step(
            pod_uid=pod_uid,
            growth=growth,
            seconds=last.at - first.at,
            runs=round(pace.runs[-1] - pace.runs[0]),
            per_run=per_run,
            probes=pace.probes,
            by_timeout=pace.by_timeout,
        )
    return None


def _paces(series: Sequence[TaskSample], probes: dict[ProbeType, Probe]) -> Iterator[_Pace]:
    """Runs that failed, all runs by the clock, and all as they were counted.

    The kubelet keeps to the clock unless the node is busy, or a child holds the probe's output (containerd#9568).
    """
    for size in range(1, len(probes) + 1):
        for kinds in combinations(probes, size):
            cadences = [probes[kind].cadence_seconds for kind in kinds]
            slack = sum(_LAG_SECONDS / cadence for cadence in cadences)
            known = [sample for sample in series if all(kind in sample.attempts for kind in kinds)]
            if len(known) >= _LEAST_SAMPLES:
                failed = [float(sum(sample.failed.get(kind, 0) for kind in kinds)) for sample in known]
                yield _Pace(probes=kinds, samples=known, runs=failed, slack=slack, by_timeout=True)
            clock = [sum((sample.at - series[0].at) / cadence for cadence in cadences) for sample in series]
            yield _Pace(probes=kinds, samples=series, runs=clock)
            if len(known) >= _LEAST_SAMPLES:
                counted = [float(sum(sample.attempts[kind] for kind in kinds)) for sample in known]
                yield _Pace(probes=kinds, samples=known, runs=counted, slack=slack)


def _in_step(pace: _Pace) -> int | None:
    """The whole number of tasks that each run adds; None when they do not go together.

    The slope is the median over pairs of samples (Theil and Sen), which single samples that are off do not move.
    """
    runs, extra = pace.runs, [sample.threads - sample.processes for sample in pace.samples]
    span = runs[-1] - runs[0]
    pairs = [(a, b) for a, b in combinations(range(len(runs)), 2) if 4 * (runs[b] - runs[a]) >= span]
    if span < (_LEAST_TIMEOUTS if pace.by_timeout else _LEAST_RUNS + _RUNS_FOR_SLACK * pace.slack) or not pairs:
        return None
    slope = median((extra[b] - extra[a]) / (runs[b] - runs[a]) for a, b in pairs)
    whole = round(slope)
    if not 1 <= whole <= _MOST_PER_RUN or abs(slope - whole) > _SLOPE_TOLERANCE * whole:
        return None
    offsets = [value - whole * run for value, run in zip(extra, runs, strict=True)]
    near = _most_together(offsets, within=whole * (1.0 + pace.slack) + _LATENESS)
    return whole if near >= _STEADY_SHARE * len(offsets) else None


def _most_together(values: Sequence[float], *, within: float) -> int:
    """How many of the values lie in one interval of that width."""
    ordered = sorted(values)
    return max(sum(low <= value <= low + within for value in ordered) for low in ordered)
