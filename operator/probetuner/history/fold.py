"""Folding facts into a history: one fact in, the next history out.

Facts may come late and out of order (events lag behind statuses, scrapes lag behind both), so a fact is filed by
its own time: under the life of its container that was running then.
"""

from dataclasses import replace

from probetuner.facts.fact import (
    ContainerExited,
    ContainerStarted,
    CpuThrottled,
    Fact,
    KillAnnounced,
    Observed,
    PodEnding,
    ProbeCounted,
    ProbeErrored,
    ProbeFailed,
    ProbeLatencySampled,
    ReadinessChanged,
    StartupSucceeded,
)
from probetuner.history import bounds, ledger, minutes, runs, spells
from probetuner.history.record import ContainerHistory, WorkloadHistory


def observe(history: WorkloadHistory, fact: Fact) -> WorkloadHistory:
    """Add one fact. A fact that nothing is remembered of leaves the history as it is."""
    entry = _entry_for(history, fact)
    grown = _step(entry, fact)
    if grown is entry:
        return history
    grown = replace(
        grown,
        first_seen_at=min(entry.first_seen_at, fact.at),
        last_seen_at=max(entry.last_seen_at, fact.at),
    )
    counters_at = history.counters_at
    if isinstance(fact, ProbeCounted):
        counters_at = max(fact.at, counters_at or fact.at)
    return WorkloadHistory(containers=_put(history.containers, grown), counters_at=counters_at)


def _step(entry: ContainerHistory, fact: Fact) -> ContainerHistory:  # noqa: C901, PLR0911 - one line per kind of fact
    match fact:
        case ContainerStarted():
            return ledger.start(entry, fact)
        case ContainerExited():
            return runs.exited(ledger.end(entry, fact), fact)
        case ReadinessChanged():
            return runs.readied(ledger.ready(spells.change(entry, fact), fact), fact)
        case StartupSucceeded():
            return ledger.startup_succeeded(entry, fact)
        case PodEnding():
            return spells.close(ledger.pod_ending(entry, fact), fact)
        case ProbeFailed():
            return runs.failed(ledger.failed(entry, fact), fact)
        case ProbeCounted():
            return minutes.count(runs.counted(ledger.counted(entry, fact), fact), fact)
        case KillAnnounced():
            return runs.killed(ledger.killed(entry, fact), fact)
        case ProbeErrored():
            return replace(entry, errored={**entry.errored, fact.probe: entry.errored.get(fact.probe, 0) + fact.count})
        case ProbeLatencySampled():
            return minutes.latency(entry, fact)
        case CpuThrottled():
            return minutes.throttling(entry, fact)
        case _:
            return entry


def _entry_for(history: WorkloadHistory, fact: Observed) -> ContainerHistory:
    for entry in history.containers:
        if entry.name == fact.container and entry.template_hash == fact.pod.template_hash:
            return entry
    return ContainerHistory(
        name=fact.container, template_hash=fact.pod.template_hash, first_seen_at=fact.at, last_seen_at=fact.at
    )


def _put(entries: tuple[ContainerHistory, ...], grown: ContainerHistory) -> tuple[ContainerHistory, ...]:
    others = [e for e in entries if (e.name, e.template_hash) != (grown.name, grown.template_hash)]
    siblings = sorted((e for e in others if e.name == grown.name), key=lambda e: e.last_seen_at)
    for surplus in siblings[: max(0, len(siblings) + 1 - bounds.TEMPLATES)]:
        others.remove(surplus)
    return (*others, grown)
