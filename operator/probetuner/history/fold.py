"""Folding facts into a history: one fact in, the next history out.

Facts may come late and out of order (events lag behind statuses, scrapes lag behind both), so a fact is filed by
its own time: under the life of its container that was running then.
"""

from dataclasses import replace

from probetuner.facts.fact import (
    ContainerExited,
    ContainerStarted,
    CpuThrottled,
    EndpointTried,
    Fact,
    KillAnnounced,
    NodeDisturbed,
    Observed,
    PodEnding,
    ProbeCounted,
    ProbeErrored,
    ProbeFailed,
    ProbeLatencySampled,
    ProcessesCounted,
    ReadinessChanged,
    ReadinessShown,
    StartupSucceeded,
    StopAnnounced,
)
from probetuner.history import attempts, bounds, ledger, minutes, runs, sayings, spells, tasks, trials
from probetuner.history.record import READY_FLAG_FELL, ContainerHistory, Disturbance, WorkloadHistory


def observe(history: WorkloadHistory, fact: Fact) -> WorkloadHistory:
    """Add one fact. A fact that nothing is remembered of leaves the history as it is."""
    entry = _entry_for(history, fact)
    grown = _step(entry, fact)
    if grown is entry:
        return history
    grown = replace(
        grown,
        # What an object still tells of the time before anybody watched makes that no time that was watched.
        first_seen_at=max(history.watched_since, min(entry.first_seen_at, fact.at)),
        last_seen_at=max(entry.last_seen_at, fact.at),
    )
    counters_at = history.counters_at
    if isinstance(fact, ProbeCounted):
        counters_at = max(fact.at, counters_at or fact.at)
    return replace(history, containers=_put(history.containers, grown), counters_at=counters_at)


def _step(entry: ContainerHistory, fact: Fact) -> ContainerHistory:  # noqa: C901, PLR0911, PLR0912 - a case per fact
    match fact:
        case ContainerStarted():
            return tasks.begin(ledger.start(entry, fact), fact)
        case ContainerExited():
            return spells.close(runs.exited(ledger.end(entry, fact), fact), fact)
        case ReadinessChanged():
            return _readiness(entry, fact)
        case ReadinessShown():
            return spells.shown(runs.shown(ledger.shown(entry, fact), fact), fact)
        case StartupSucceeded():
            return ledger.startup_succeeded(entry, fact)
        case PodEnding():
            return spells.close(ledger.pod_ending(entry, fact), fact)
        case ProbeFailed():
            return sayings.failed(attempts.failed(runs.failed(entry, fact), fact), fact)
        case ProbeCounted():
            return _counted(entry, fact)
        case KillAnnounced():
            return runs.killed(ledger.killed(sayings.killed(entry, fact), fact), fact)
        case StopAnnounced():
            return ledger.stopped(entry, fact)
        case ProbeErrored():
            return _errored(entry, fact)
        case ProbeLatencySampled():
            return minutes.latency(entry, fact)
        case CpuThrottled():
            return minutes.throttling(entry, fact)
        case ProcessesCounted():
            return tasks.count(entry, fact)
        case EndpointTried():
            return trials.tried(entry, fact)
        case NodeDisturbed():
            return _note(entry, fact, fact.reason)
        case _:
            return entry


def _counted(entry: ContainerHistory, fact: ProbeCounted) -> ContainerHistory:
    if attempts.is_known(entry, fact):
        return entry
    return minutes.count(attempts.counted(runs.counted(entry, fact), fact), fact)


def _readiness(entry: ContainerHistory, fact: ReadinessChanged) -> ContainerHistory:
    entry = runs.readied(ledger.ready(spells.change(entry, fact), fact), fact)
    return entry if fact.ready or fact.by_probe else _note(entry, fact, READY_FLAG_FELL)


def _errored(entry: ContainerHistory, fact: ProbeErrored) -> ContainerHistory:
    return replace(
        entry,
        errored={**entry.errored, fact.probe: entry.errored.get(fact.probe, 0) + fact.count},
        errors={**entry.errors, fact.probe: fact.message[: bounds.ERROR_CHARACTERS]},
    )


def _note(entry: ContainerHistory, fact: Observed, reason: str) -> ContainerHistory:
    disturbance = Disturbance(at=fact.at, pod_uid=fact.pod.uid, node=fact.pod.node, reason=reason)
    if disturbance in entry.disturbances:
        return entry
    return replace(entry, disturbances=(*entry.disturbances, disturbance)[-bounds.DISTURBANCES :])


def _entry_for(history: WorkloadHistory, fact: Observed) -> ContainerHistory:
    for entry in history.containers:
        if entry.name == fact.container and entry.template_hash == fact.pod.template_hash:
            return entry
    at, template = max(fact.at, history.watched_since), fact.pod.template_hash
    return ContainerHistory(name=fact.container, template_hash=template, first_seen_at=at, last_seen_at=at)


def _put(entries: tuple[ContainerHistory, ...], grown: ContainerHistory) -> tuple[ContainerHistory, ...]:
    """Replace or add an entry; the template, then the container, that was not heard of for longest is forgotten."""
    key = (grown.name, grown.template_hash)
    if any((entry.name, entry.template_hash) == key for entry in entries):
        return tuple(grown if (entry.name, entry.template_hash) == key else entry for entry in entries)
    siblings = [entry for entry in (*entries, grown) if entry.name == grown.name]
    surplus = siblings if len(siblings) > bounds.TEMPLATES else [*entries, grown]
    if surplus is not siblings and len(surplus) <= bounds.CONTAINERS:
        return (*entries, grown)
    oldest = min(surplus, key=lambda entry: entry.last_seen_at)
    return tuple(entry for entry in (*entries, grown) if entry is not oldest)
