"""The restart ledger: each life of a container, how it came up and how it ended."""

from dataclasses import replace

from probetuner.facts.fact import (
    ContainerExited,
    ContainerStarted,
    KillAnnounced,
    PodEnding,
    ReadinessChanged,
    ReadinessShown,
    StartupSucceeded,
    StopAnnounced,
)
from probetuner.history import filing
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory


def start(entry: ContainerHistory, fact: ContainerStarted) -> ContainerHistory:
    """Begin a life, unless it is known already."""
    if not fact.restarts and fact.at > (entry.newest_pod_at or 0.0):
        entry = replace(entry, newest_pod_at=fact.at)
    if filing.find(entry, fact, restarts=fact.restarts) is not None:
        return entry
    return filing.add(entry, filing.new(fact, restarts=fact.restarts, started_at=fact.at))


def end(entry: ContainerHistory, fact: ContainerExited) -> ContainerHistory:
    """End the life; one that was never seen to start is put into the ledger with what is known of it."""
    life = filing.find(entry, fact, restarts=fact.restarts)
    if life is None:
        started_at = fact.at if fact.started_at is None else fact.started_at
        entry = filing.add(entry, filing.new(fact, restarts=fact.restarts, started_at=started_at))
        life = filing.find(entry, fact, restarts=fact.restarts)
    if life is None or (life.ended_at is not None and life.exit_reason != filing.UNSEEN):
        return entry
    ended = replace(life, ended_at=fact.at, exit_code=fact.exit_code, exit_reason=fact.reason)
    return filing.swap(entry, life, _without_later_ending(ended))


def _without_later_ending(life: Life) -> Life:
    """A pod that goes away after the life has ended did not end it."""
    if life.ended_at is None or life.ending_at is None or life.ending_at <= life.ended_at + filing.GRAIN_SECONDS:
        return life
    return replace(life, ending=None)


def ready(entry: ContainerHistory, fact: ReadinessChanged) -> ContainerHistory:
    """Note the first time that the readiness probe let the container into its Services."""
    if fact.passed:
        return filing.change(entry, fact, lambda life: replace(life, was_ready=True))
    if not (fact.ready and fact.by_probe):
        return entry
    return filing.change(entry, fact, lambda life: replace(life, ready_at=life.ready_at or fact.at))


def shown(entry: ContainerHistory, fact: ReadinessShown) -> ContainerHistory:
    """Note whether the container was ready when it was first seen, and whether its pod had ever been."""
    shown_ready_at = fact.at if fact.ready else None
    return filing.change(
        entry, fact, lambda life: replace(life, pod_was_ready=fact.was_ready, shown_ready_at=shown_ready_at)
    )


def startup_succeeded(entry: ContainerHistory, fact: StartupSucceeded) -> ContainerHistory:
    """Note when the startup probe was done."""
    return filing.change(
        entry, fact, lambda life: replace(life, startup_succeeded_at=life.startup_succeeded_at or fact.at)
    )


def pod_ending(entry: ContainerHistory, fact: PodEnding) -> ContainerHistory:
    """Note that the pod is going away: how its container ends from here is not the probes' doing."""

    def mark(life: Life) -> Life:
        if life.ending_at is not None and life.ending_at <= fact.at:
            return life
        return _without_later_ending(replace(life, ending=fact.reason, ending_at=fact.at))

    return filing.change(entry, fact, mark)


def killed(entry: ContainerHistory, fact: KillAnnounced) -> ContainerHistory:
    """Note that the kubelet kills this life for a probe."""

    def mark(life: Life) -> Life:
        return life if life.killed_by else replace(life, killed_by=fact.probe, kill_announced_at=fact.at)

    return filing.change(entry, fact, mark)


def stopped(entry: ContainerHistory, fact: StopAnnounced) -> ContainerHistory:
    """Note that the kubelet stops this life, and not for a probe."""
    return filing.change(entry, fact, lambda life: replace(life, stops=life.stops + fact.count))
