"""How processes and tasks of a container grew: a zombie is a task that is no process any more."""

from dataclasses import replace

from probetuner.facts.fact import ContainerStarted, ProcessesCounted
from probetuner.history import bounds
from probetuner.history.record import ContainerHistory, TaskSample


def count(entry: ContainerHistory, fact: ProcessesCounted) -> ContainerHistory:
    """Add a sample; when a series is full every other one goes, so that it still spans the whole time."""
    series = (*entry.tasks.get(fact.pod.uid, ()), _sample(entry, fact))
    if len(series) > bounds.TASK_SAMPLES:
        series = (*series[:-1:2], series[-1])
    others = {uid: samples for uid, samples in entry.tasks.items() if uid != fact.pod.uid}
    while len(others) >= bounds.TASK_SERIES:
        others.pop(min(others, key=lambda uid: others[uid][-1].at))
    return replace(entry, tasks={**others, fact.pod.uid: series})


def _sample(entry: ContainerHistory, fact: ProcessesCounted) -> TaskSample:
    lives = [life for life in entry.lives if life.pod_uid == fact.pod.uid]
    tallies = lives[-1].tallies if lives else {}
    return TaskSample(
        at=fact.at,
        processes=fact.processes,
        threads=fact.threads,
        attempts={kind: tally.succeeded + tally.failed for kind, tally in tallies.items()},
        failed={kind: tally.failed for kind, tally in tallies.items()},
    )


def begin(entry: ContainerHistory, fact: ContainerStarted) -> ContainerHistory:
    """Drop what was sampled of an earlier process of the pod: a new one begins with no zombies."""
    series = entry.tasks.get(fact.pod.uid, ())
    kept = tuple(sample for sample in series if sample.at >= fact.at)
    if len(kept) == len(series):
        return entry
    others = {uid: samples for uid, samples in entry.tasks.items() if uid != fact.pod.uid}
    return replace(entry, tasks=others | ({fact.pod.uid: kept} if kept else {}))
