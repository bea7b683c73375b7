"""What has happened, as against what merely went on: the part of a history that is worth saving at once."""

from collections.abc import Hashable

from probetuner.history.record import ContainerHistory, WorkloadHistory
from probetuner.history.trial import at_least


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
