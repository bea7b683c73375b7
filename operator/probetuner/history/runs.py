"""Runs of failed attempts: when each began, how long it lasted and how it ended."""

from dataclasses import replace

from probetuner.facts.fact import ContainerExited, KillAnnounced, Observed, ProbeCounted, ProbeFailed, ReadinessChanged
from probetuner.history import bounds
from probetuner.history.record import ContainerHistory, FailureRun, RunEnding
from probetuner.model.probe import ProbeType


def failed(entry: ContainerHistory, fact: ProbeFailed) -> ContainerHistory:
    """Open a run, or lengthen the open one, by failures that an event told of."""
    run = _open(entry, fact, fact.probe)
    longer = replace(
        run or _new(fact, fact.probe),
        last_at=max(fact.at, run.last_at if run else fact.at),
        failures_by_events=(run.failures_by_events if run else 0) + fact.count,
        causes={**(run.causes if run else {}), fact.cause: (run.causes.get(fact.cause, 0) if run else 0) + fact.count},
    )
    return _put(entry, run, longer)


def counted(entry: ContainerHistory, fact: ProbeCounted) -> ContainerHistory:
    """Lengthen the open run by counted failures, or end it by a counted success.

    The order within one scrape is unknown. A run that began before it is ended by any success; one that began within
    it goes on, for a probe that starts to fail has its last success in the same scrape more often than not.
    """
    run = _open(entry, fact, fact.probe)
    if fact.succeeded and run is not None and run.started_at < fact.since:
        return _put(entry, run, _grown(run, fact, ending=RunEnding.BY_ITSELF, ended_at=fact.at))
    if fact.failed:
        return _put(entry, run, _grown(run or _new(fact, fact.probe), fact))
    return entry


def _grown(
    run: FailureRun, fact: ProbeCounted, *, ending: RunEnding = RunEnding.OPEN, ended_at: float | None = None
) -> FailureRun:
    return replace(
        run,
        failures_by_counters=run.failures_by_counters + fact.failed,
        last_at=max(run.last_at, fact.since) if fact.failed else run.last_at,
        ending=ending,
        ended_at=ended_at,
    )


def readied(entry: ContainerHistory, fact: ReadinessChanged) -> ContainerHistory:
    """End the readiness run: the probe let the container in again."""
    if not (fact.ready and fact.by_probe):
        return entry
    run = _open(entry, fact, ProbeType.READINESS)
    return entry if run is None else _put(entry, run, replace(run, ending=RunEnding.BY_ITSELF, ended_at=fact.at))


def killed(entry: ContainerHistory, fact: KillAnnounced) -> ContainerHistory:
    """End the runs of the pod: the kubelet cut them short."""
    return _end_all(entry, fact, RunEnding.KILLED)


def exited(entry: ContainerHistory, fact: ContainerExited) -> ContainerHistory:
    """End what is still open: the process that failed is gone."""
    return _end_all(entry, fact, RunEnding.EXITED)


def _end_all(entry: ContainerHistory, fact: Observed, ending: RunEnding) -> ContainerHistory:
    for run in entry.runs:
        if run.ending is RunEnding.OPEN and run.pod_uid == fact.pod.uid and run.started_at <= fact.at:
            entry = _put(entry, run, replace(run, ending=ending, ended_at=fact.at))
    return entry


def _open(entry: ContainerHistory, fact: Observed, probe: ProbeType) -> FailureRun | None:
    return next(
        (
            run
            for run in entry.runs
            if run.ending is RunEnding.OPEN and run.pod_uid == fact.pod.uid and run.probe is probe
        ),
        None,
    )


def _new(fact: ProbeFailed | ProbeCounted, probe: ProbeType) -> FailureRun:
    began = fact.since if isinstance(fact, ProbeCounted) else fact.at
    return FailureRun(pod_uid=fact.pod.uid, probe=probe, started_at=began, last_at=began)


def _put(entry: ContainerHistory, old: FailureRun | None, new: FailureRun) -> ContainerHistory:
    if old is None:
        return replace(entry, runs=(*entry.runs, new)[-bounds.RUNS :])
    return replace(entry, runs=tuple(new if run is old else run for run in entry.runs))
