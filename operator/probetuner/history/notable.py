"""What has happened, as against what merely went on: the part of a history that is worth saving at once."""

from bisect import bisect_right
from collections.abc import Hashable

from probetuner.facts.fact import (
    LATENCY_BOUNDS_SECONDS,
    CpuThrottled,
    Fact,
    ProbeCounted,
    ProbeLatencySampled,
    ProcessesCounted,
)
from probetuner.history.record import ContainerHistory, WorkloadHistory
from probetuner.history.trial import at_least
from probetuner.model.probe import Probe
from probetuner.model.workload import Workload

_LATE = 0.5
"""An answer that takes more of its timeout than this is news: what liveness asks may follow the load."""


def happenings(history: WorkloadHistory) -> Hashable:
    """A value that changes when something happened: a start, an answer, an end, a failure, a spell, an error.

    It stays as it is while attempts succeed, so a workload to which nothing happens has nothing to be saved. What goes
    on failing, and endpoints under trial, make it change at their first attempts and ever more seldom later.
    """
    return tuple(_of_container(entry) for entry in history.containers)


def goings_on(history: WorkloadHistory) -> Hashable:
    """A value that changes when what went wrong before went wrong once more."""
    return tuple(
        (tuple(run.failures for run in entry.runs), tuple(sorted(entry.errored.items())))
        for entry in history.containers
    )


def merely_goes_on(fact: Fact, workload: Workload) -> bool:
    """Whether a fact tells of nothing that happened: attempts passed, in good time, and the process did its work."""
    match fact:
        case ProbeCounted():
            return not fact.failed
        case ProbeLatencySampled():
            container = next((one for one in workload.containers if one.name == fact.container), None)
            probe = (container.probe(fact.probe) if container is not None else None) or _DEFAULT
            in_time = bisect_right(LATENCY_BOUNDS_SECONDS, _LATE * probe.timeout_seconds)
            return not any(fact.counts[in_time:])
        case CpuThrottled() | ProcessesCounted():
            return True
        case _:
            return False


_DEFAULT = Probe(handler=None)
"""Stands for the probe of a template that is known no more."""


def _of_container(entry: ContainerHistory) -> Hashable:
    return (
        entry.name,
        entry.template_hash,
        tuple(
            (life.pod_uid, life.restarts, life.answered_at is not None, life.killed_by, life.ended_at, life.ending)
            for life in entry.lives
        ),
        tuple((run.pod_uid, run.probe, run.started_at, at_least(run.failures), run.ending) for run in entry.runs),
        tuple((spell.pod_uid, spell.started_at, spell.ended_at) for spell in entry.unready),
        tuple(sorted((probe, at_least(errors)) for probe, errors in entry.errored.items())),
        len(entry.disturbances),
        tuple(
            (endpoint, at_least(trial.calm.attempts), at_least(trial.troubled.attempts), at_least(trial.all.failed))
            for endpoint, trial in entry.trials.items()
        ),
    )
