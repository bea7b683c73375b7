"""What a history says of the future: nothing that can be, so it is dropped.

A saved history may come from an operator whose clock was ahead, from a version that believed every clock, or from
whoever may write ProbeHistories. What it says of times to come would hide what happens until then.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from probetuner.facts.times import AHEAD_SECONDS
from probetuner.history.life import Life, Tally
from probetuner.history.record import ContainerHistory, FailureRun, Said, TaskSample, UnreadySpell, WorkloadHistory
from probetuner.history.trial import Trial

_Key = TypeVar("_Key")


def without_future(history: WorkloadHistory, *, now: float) -> WorkloadHistory:
    """The history as it can be known at `now` (epoch seconds).

    What began later is dropped. What began before and is said to have gone on until later went on until now.
    """
    latest = now + AHEAD_SECONDS
    containers = (_container(entry, latest) for entry in history.containers)
    return replace(
        history,
        containers=tuple(replace(entry, last_seen_at=min(entry.last_seen_at, now)) for entry in containers),
        counters_at=_until(history.counters_at, now),
        watched_since=min(history.watched_since, now),
    )


def newest(history: WorkloadHistory) -> float:
    """The time of the newest fact in the history, minus infinity when there is none."""
    return max((entry.last_seen_at for entry in history.containers), default=float("-inf"))


def _until(at: float | None, latest: float) -> float | None:
    return None if at is None else min(at, latest)


def _container(entry: ContainerHistory, latest: float) -> ContainerHistory:
    return replace(
        entry,
        first_seen_at=min(entry.first_seen_at, latest),
        newest_pod_at=_until(entry.newest_pod_at, latest),
        lives=tuple(_life(life, latest) for life in entry.lives if life.started_at <= latest),
        early=tuple(_life(life, latest) for life in entry.early if life.started_at <= latest),
        runs=tuple(_run(run, latest) for run in entry.runs if run.started_at <= latest),
        unready=tuple(_spell(spell, latest) for spell in entry.unready if spell.started_at <= latest),
        minutes=tuple(minute for minute in entry.minutes if minute.started_at <= latest),
        tasks=_samples(entry.tasks, latest),
        disturbances=tuple(one for one in entry.disturbances if one.at <= latest),
        trials={name: _trial(trial, latest) for name, trial in entry.trials.items()},
        said={probe: _said(by_cause, latest) for probe, by_cause in entry.said.items()},
        rates=tuple(
            replace(rate, last_at=min(rate.last_at, latest)) for rate in entry.rates if rate.began_at <= latest
        ),
    )


def _said(by_cause: Mapping[_Key, Said], latest: float) -> dict[_Key, Said]:
    return {
        cause: replace(said, last_at=min(said.last_at, latest))
        for cause, said in by_cause.items()
        if said.first_at <= latest
    }


def _life(life: Life, latest: float) -> Life:
    return replace(
        life,
        ready_at=_until(life.ready_at, latest),
        shown_ready_at=_until(life.shown_ready_at, latest),
        startup_succeeded_at=_until(life.startup_succeeded_at, latest),
        ended_at=_until(life.ended_at, latest),
        kill_announced_at=_until(life.kill_announced_at, latest),
        ending_at=_until(life.ending_at, latest),
        tallies={probe: _tally(tally, latest) for probe, tally in life.tallies.items()},
    )


def _tally(tally: Tally, latest: float) -> Tally:
    return replace(
        tally,
        first_succeeded_at=_until(tally.first_succeeded_at, latest),
        last_succeeded_at=_until(tally.last_succeeded_at, latest),
        success_since=_until(tally.success_since, latest),
        first_failed_at=_until(tally.first_failed_at, latest),
        last_failed_at=_until(tally.last_failed_at, latest),
        counted_until=_until(tally.counted_until, latest),
        uncounted=tuple(
            replace(seen, at=min(seen.at, latest), since=_until(seen.since, latest)) for seen in tally.uncounted
        ),
    )


def _run(run: FailureRun, latest: float) -> FailureRun:
    return replace(run, last_at=min(run.last_at, latest), ended_at=_until(run.ended_at, latest))


def _spell(spell: UnreadySpell, latest: float) -> UnreadySpell:
    return replace(spell, ended_at=_until(spell.ended_at, latest))


def _samples(tasks: Mapping[_Key, tuple[TaskSample, ...]], latest: float) -> dict[_Key, tuple[TaskSample, ...]]:
    kept = {uid: tuple(sample for sample in samples if sample.at <= latest) for uid, samples in tasks.items()}
    return {uid: samples for uid, samples in kept.items() if samples}


def _trial(trial: Trial, latest: float) -> Trial:
    troubles = (trouble for trouble in trial.troubles if trouble.began_at <= latest)
    return replace(
        trial,
        waiting=tuple(attempt for attempt in trial.waiting if attempt.at <= latest),
        troubles=tuple(replace(trouble, last_at=min(trouble.last_at, latest)) for trouble in troubles),
    )
