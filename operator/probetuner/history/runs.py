"""Runs of failed attempts: when each began, how long it lasted and how it ended."""

from collections.abc import Callable
from dataclasses import replace

from probetuner.facts.fact import (
    ContainerExited,
    KillAnnounced,
    Observed,
    ProbeCounted,
    ProbeFailed,
    ReadinessChanged,
    ReadinessShown,
)
from probetuner.history import bounds, filing
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory, FailureRun, RunEnding
from probetuner.model.probe import ProbeType

_CUT_SHORT = (RunEnding.KILLED, RunEnding.EXITED)


def failed(entry: ContainerHistory, fact: ProbeFailed) -> ContainerHistory:
    """Lengthen the run of that time by failures that an event told of, or begin one."""
    run = _run_at(entry, fact)
    known = run or _begin(entry, fact, filing.life_at(entry, fact.pod.uid, fact.at), at=fact.at)
    longer = replace(
        known,
        started_at=min(fact.at, known.started_at),
        last_at=max(fact.at, known.last_at),
        failures_by_events=known.failures_by_events + fact.count,
        causes={**known.causes, fact.cause: known.causes.get(fact.cause, 0) + fact.count},
    )
    return _put(entry, run, longer)


def _run_at(entry: ContainerHistory, fact: ProbeFailed) -> FailureRun | None:
    """The run that a failure belongs to; one that is older than an open run does if no success lies between."""

    def covers(run: FailureRun) -> bool:
        if run.ended_at is not None:
            return run.started_at - filing.GRAIN_SECONDS <= fact.at <= run.ended_at
        return run.started_at - filing.GRAIN_SECONDS <= fact.at or not _success_after(entry, fact)

    return next((run for run in reversed(_runs_of(entry, fact, fact.probe)) if covers(run)), None)


def _begin(entry: ContainerHistory, fact: ProbeFailed | ProbeCounted, life: Life | None, *, at: float) -> FailureRun:
    """A run that begins now, already ended when what ended it was told before it."""
    run = FailureRun(pod_uid=fact.pod.uid, probe=fact.probe, started_at=at, last_at=at)
    succeeded_at = _success_after(entry, fact)
    if succeeded_at is not None:
        return replace(run, ending=RunEnding.BY_ITSELF, ended_at=succeeded_at)
    if life is None or life.ended_at is None or life.ended_at < at:
        return run
    ending = RunEnding.KILLED if life.killed_by is not None else RunEnding.EXITED
    return replace(run, ending=ending, ended_at=life.ended_at)


def _success_after(entry: ContainerHistory, fact: ProbeFailed | ProbeCounted) -> float | None:
    """When the same life's probe was seen to succeed surely later than the fact.

    Who is ready when it is first seen has recovered from what failed before, in the same second too.
    """
    life = filing.life_at(entry, fact.pod.uid, fact.at)
    if life is None:
        return None
    if fact.probe is ProbeType.READINESS and life.shown_ready_at is not None and life.shown_ready_at >= fact.at:
        return life.shown_ready_at
    tally = life.tally(fact.probe)
    return tally.last_succeeded_at if tally.success_since is not None and tally.success_since > fact.at else None


def counted(entry: ContainerHistory, fact: ProbeCounted) -> ContainerHistory:
    """Lengthen the open run by counted failures, or end it by a counted success.

    The order within one scrape is unknown. A run that began before it is ended by any success; one that began within
    it goes on, for a probe that starts to fail has its last success in the same scrape more often than not. Where a
    run was cut short in that time, the failures are those that led to it and the successes the next container's;
    where one ended since the container was let in again, they are those before that.
    """
    cut = _cut_short_within(entry, fact)
    if cut is not None:
        return _put(entry, cut, _grown(cut, fact)) if fact.failed else entry
    run = next((run for run in _runs_of(entry, fact, fact.probe) if run.ending is RunEnding.OPEN), None)
    if fact.succeeded and run is not None and run.started_at < fact.since:
        return _put(entry, run, replace(_grown(run, fact), ending=RunEnding.BY_ITSELF, ended_at=fact.at))
    ended = _let_in_within(entry, fact)
    if fact.failed and run is None and ended is not None:
        return _put(entry, ended, _grown(ended, fact))
    if fact.failed:
        first = next(iter(filing.lives_during(entry, fact.pod.uid, fact.since, fact.at)), None)
        at = max(fact.since, first.started_at) if first is not None and first.restarts else fact.since
        return _put(entry, run, _grown(run or _begin(entry, fact, first, at=at), fact))
    return entry


def _cut_short_within(entry: ContainerHistory, fact: ProbeCounted) -> FailureRun | None:
    return next(
        (
            run
            for run in reversed(_runs_of(entry, fact, fact.probe))
            if run.ending in _CUT_SHORT
            and run.ended_at is not None
            # The end is a whole second, cut off.
            and fact.since < run.ended_at + filing.GRAIN_SECONDS
            and run.started_at <= fact.at
        ),
        None,
    )


def _let_in_within(entry: ContainerHistory, fact: ProbeCounted) -> FailureRun | None:
    return next(
        (
            run
            for run in reversed(_runs_of(entry, fact, fact.probe))
            if run.ending is RunEnding.BY_ITSELF and run.ended_at is not None and fact.since < run.ended_at <= fact.at
        ),
        None,
    )


def _grown(run: FailureRun, fact: ProbeCounted) -> FailureRun:
    return replace(
        run,
        failures_by_counters=run.failures_by_counters + fact.failed,
        last_at=max(run.last_at, fact.since) if fact.failed else run.last_at,
    )


def readied(entry: ContainerHistory, fact: ReadinessChanged) -> ContainerHistory:
    """End the readiness run: the probe let the container in again."""
    return _recovered(entry, fact) if fact.ready and fact.by_probe else entry


def shown(entry: ContainerHistory, fact: ReadinessShown) -> ContainerHistory:
    """End the readiness run of a container that is ready when it is first seen: it has recovered, unseen."""
    return _recovered(entry, fact) if fact.ready else entry


def _recovered(entry: ContainerHistory, fact: Observed) -> ContainerHistory:
    return _end(
        entry,
        fact,
        RunEnding.BY_ITSELF,
        lambda run: run.ending is RunEnding.OPEN and run.probe is ProbeType.READINESS,
    )


def killed(entry: ContainerHistory, fact: KillAnnounced) -> ContainerHistory:
    """End the runs of the pod: the kubelet cut them short."""
    return _end(
        entry,
        fact,
        RunEnding.KILLED,
        lambda run: run.ending in (RunEnding.OPEN, RunEnding.EXITED) or _success_may_be_later(run, fact),
    )


def exited(entry: ContainerHistory, fact: ContainerExited) -> ContainerHistory:
    """End what is still open: the process that failed is gone."""
    return _end(
        entry,
        fact,
        RunEnding.EXITED,
        lambda run: run.ending is RunEnding.OPEN or _success_may_be_later(run, fact),
    )


def _success_may_be_later(run: FailureRun, fact: Observed) -> bool:
    """Whether the success that was taken for the end of the run may be the next container's."""
    return run.ending is RunEnding.BY_ITSELF and run.last_at <= fact.at + filing.GRAIN_SECONDS


def _end(
    entry: ContainerHistory, fact: Observed, ending: RunEnding, concerns: Callable[[FailureRun], bool]
) -> ContainerHistory:
    for run in _runs_of(entry, fact):
        begun = run.started_at <= fact.at + filing.GRAIN_SECONDS
        going_on = run.ended_at is None or run.ended_at >= fact.at
        if begun and going_on and concerns(run):
            entry = _put(entry, run, replace(run, ending=ending, ended_at=fact.at))
    return entry


def _runs_of(entry: ContainerHistory, fact: Observed, probe: ProbeType | None = None) -> list[FailureRun]:
    """The runs of the fact's pod, oldest first."""
    return [run for run in entry.runs if run.pod_uid == fact.pod.uid and probe in (None, run.probe)]


def _put(entry: ContainerHistory, old: FailureRun | None, new: FailureRun) -> ContainerHistory:
    """Replace a run or add one, oldest first; of too many the oldest that has ended is forgotten.

    Single failures go first, as long as they are many: what lasted is rarer, and says more.
    """
    runs = sorted((*(run for run in entry.runs if run is not old), new), key=lambda run: run.started_at)
    while len(runs) > bounds.RUNS:
        over = [run for run in runs if run.ending is not RunEnding.OPEN] or runs
        singles = [run for run in over if run.failures <= 1]
        runs.remove((singles if len(singles) > bounds.SINGLE_RUNS else over)[0])
    return replace(entry, runs=tuple(runs))
