"""The restart ledger: which life of a container a fact belongs to, and what it adds to it."""

from collections.abc import Callable
from dataclasses import replace

from probetuner.facts.fact import (
    ContainerExited,
    ContainerStarted,
    KillAnnounced,
    Observed,
    PodEnding,
    ProbeCounted,
    ProbeFailed,
    ReadinessChanged,
    StartupSucceeded,
)
from probetuner.history import bounds
from probetuner.history.life import Life, Tally
from probetuner.history.record import ContainerHistory
from probetuner.model.probe import ProbeType

_EVENT_GRAIN_SECONDS = 1.0
"""Kubernetes' times in events and statuses are whole seconds, cut off."""


def start(entry: ContainerHistory, fact: ContainerStarted) -> ContainerHistory:
    """Begin a life, unless it is known already."""
    if _find(entry, fact, restarts=fact.restarts) is not None:
        return entry
    return _add(entry, _new_life(fact, restarts=fact.restarts, started_at=fact.at))


def end(entry: ContainerHistory, fact: ContainerExited) -> ContainerHistory:
    """End the life; one that was never seen to start is put into the ledger with what is known of it."""
    life = _find(entry, fact, restarts=fact.restarts)
    if life is None:
        started_at = fact.at if fact.started_at is None else fact.started_at
        entry = _add(entry, _new_life(fact, restarts=fact.restarts, started_at=started_at))
        life = _find(entry, fact, restarts=fact.restarts)
    if life is None or life.ended_at is not None:
        return entry
    ended = replace(life, ended_at=fact.at, exit_code=fact.exit_code, exit_reason=fact.reason)
    return _swap(entry, life, ended)


def ready(entry: ContainerHistory, fact: ReadinessChanged) -> ContainerHistory:
    """Note the first time that the readiness probe let the container into its Services."""
    if not (fact.ready and fact.by_probe):
        return entry
    return _change(entry, fact, lambda life: replace(life, ready_at=life.ready_at or fact.at))


def startup_succeeded(entry: ContainerHistory, fact: StartupSucceeded) -> ContainerHistory:
    """Note when the startup probe was done."""
    return _change(entry, fact, lambda life: replace(life, startup_succeeded_at=life.startup_succeeded_at or fact.at))


def pod_ending(entry: ContainerHistory, fact: PodEnding) -> ContainerHistory:
    """Note that the pod is going away: how its container ends from here is not the probes' doing."""
    return _change(entry, fact, lambda life: replace(life, ending=life.ending or fact.reason))


def killed(entry: ContainerHistory, fact: KillAnnounced) -> ContainerHistory:
    """Note that the kubelet kills this life for a probe."""
    return _change(
        entry, fact, lambda life: replace(life, killed_by=life.killed_by or fact.probe, kill_announced_at=fact.at)
    )


def failed(entry: ContainerHistory, fact: ProbeFailed) -> ContainerHistory:
    """Count failed attempts that an event told of."""

    def add(tally: Tally) -> Tally:
        return replace(
            tally,
            failed_by_events=tally.failed_by_events + fact.count,
            trailing_by_events=tally.trailing_by_events + fact.count,
            causes={**tally.causes, fact.cause: tally.causes.get(fact.cause, 0) + fact.count},
            first_failed_at=min(fact.at, tally.first_failed_at or fact.at),
            last_failed_at=max(fact.at, tally.last_failed_at or fact.at),
        )

    return _change_tally(entry, fact, fact.probe, add)


def counted(entry: ContainerHistory, fact: ProbeCounted) -> ContainerHistory:
    """Count attempts that the kubelet's counters told of.

    Within one scrape the order is unknown. Failures are taken to be later than successes, except over a restart:
    there they belong to the life that was ending when the scrape interval began.
    """

    def add_successes(tally: Tally) -> Tally:
        return replace(
            tally,
            succeeded=tally.succeeded + fact.succeeded,
            trailing_by_counters=0,
            trailing_by_events=_after(tally, fact.since),
            first_succeeded_at=tally.first_succeeded_at or fact.at,
            last_succeeded_at=fact.at,
        )

    def add_failures(tally: Tally) -> Tally:
        return replace(
            tally,
            failed_by_counters=tally.failed_by_counters + fact.failed,
            trailing_by_counters=tally.trailing_by_counters + fact.failed,
        )

    if fact.succeeded:
        entry = _change_tally(entry, fact, fact.probe, add_successes)
    if fact.failed:
        entry = _change_tally(entry, replace(fact, at=fact.since), fact.probe, add_failures)
    return entry


def _after(tally: Tally, since: float) -> int:
    """How many of the failures in events may be later than a success that was seen after `since`."""
    if tally.last_failed_at is None or tally.last_failed_at < since:
        return 0
    return min(tally.trailing_by_events, 1)


def _change_tally(
    entry: ContainerHistory, fact: Observed, probe: ProbeType, change: Callable[[Tally], Tally]
) -> ContainerHistory:
    return _change(entry, fact, lambda life: replace(life, tallies={**life.tallies, probe: change(life.tally(probe))}))


def _change(entry: ContainerHistory, fact: Observed, change: Callable[[Life], Life]) -> ContainerHistory:
    life = life_at(entry, fact)
    return entry if life is None else _swap(entry, life, change(life))


def life_at(entry: ContainerHistory, fact: Observed) -> Life | None:
    """The life that ran in the fact's pod at the fact's time: the last one begun by then, else the first known."""
    lives = [life for life in entry.lives if life.pod_uid == fact.pod.uid]
    begun = [life for life in lives if life.started_at <= fact.at + _EVENT_GRAIN_SECONDS]
    if begun:
        return max(begun, key=lambda life: life.restarts)
    return min(lives, key=lambda life: life.restarts, default=None)


def _find(entry: ContainerHistory, fact: Observed, *, restarts: int) -> Life | None:
    return next((life for life in entry.lives if life.pod_uid == fact.pod.uid and life.restarts == restarts), None)


def _new_life(fact: Observed, *, restarts: int, started_at: float) -> Life:
    return Life(
        pod_uid=fact.pod.uid,
        pod=fact.pod.name,
        template_hash=fact.pod.template_hash,
        node=fact.pod.node,
        restarts=restarts,
        started_at=started_at,
    )


def _add(entry: ContainerHistory, life: Life) -> ContainerHistory:
    lives = (*entry.lives, life)
    surplus = max(0, len(lives) - bounds.LIVES)
    return replace(entry, lives=lives[surplus:], forgotten=entry.forgotten + surplus)


def _swap(entry: ContainerHistory, old: Life, new: Life) -> ContainerHistory:
    if new == old:
        return entry
    return replace(entry, lives=tuple(new if life is old else life for life in entry.lives))
