"""The pods that a change is judged by: those made from the present template since it was decided."""

from collections.abc import Iterator
from dataclasses import replace

from probetuner.change.record import Change
from probetuner.diagnosis.case import Case
from probetuner.history.record import ContainerHistory, WorkloadHistory
from probetuner.model.workload import Workload

_GRAIN_SECONDS = 1.0
_MINUTE_SECONDS = 60.0


def fresh_cases(change: Change, workload: Workload, history: WorkloadHistory) -> tuple[Case, ...]:
    """The containers with what is remembered of their new pods; one of which no new pod was seen is left out.

    A change that is made a second time leads back to a template that is known from the first time, so it is the pods
    that have to be new, and the template only has to be another than the one that was changed.
    """
    return tuple(_cases(workload, history, since=change.decided_at - _GRAIN_SECONDS))


def _cases(workload: Workload, history: WorkloadHistory, *, since: float) -> Iterator[Case]:
    for container in workload.containers:
        entry = history.latest(container.name, replaced=workload.rollout.replaced)
        if entry is None or entry is _changed_one(history.of(container.name), since):
            continue
        fresh = _of_new_pods(entry, since)
        if fresh.lives:
            yield Case(workload=workload, container=container, history=fresh, earlier=history.of(container.name))


def _changed_one(entries: tuple[ContainerHistory, ...], since: float) -> ContainerHistory | None:
    """The template that was in force when the change was decided: the one whose containers started last by then."""
    starts = [(life.started_at, entry) for entry in entries for life in entry.lives if life.started_at < since]
    return max(starts, key=lambda start: start[0], default=(0.0, None))[1]


def _of_new_pods(entry: ContainerHistory, since: float) -> ContainerHistory:
    """What was counted over all pods is left out: the lives of the new ones tell it anew."""
    old = {life.pod_uid for life in entry.lives if life.started_at < since}
    return replace(
        entry,
        first_seen_at=max(entry.first_seen_at, since),
        lives=tuple(life for life in entry.lives if life.pod_uid not in old),
        runs=tuple(run for run in entry.runs if run.pod_uid not in old and run.started_at >= since),
        unready=tuple(spell for spell in entry.unready if spell.pod_uid not in old and spell.started_at >= since),
        tasks={uid: samples for uid, samples in entry.tasks.items() if uid not in old},
        minutes=tuple(minute for minute in entry.minutes if minute.started_at + _MINUTE_SECONDS > since),
        kills={},
        said={},
        rates=(),
    )
