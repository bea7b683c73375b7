"""What a probe's attempts add to the life that they were made in."""

from collections.abc import Callable
from dataclasses import replace

from probetuner.facts.fact import Observed, ProbeCounted, ProbeFailed
from probetuner.history import bounds, filing
from probetuner.history.life import SeenFailures, Tally
from probetuner.history.record import ContainerHistory
from probetuner.model.probe import ProbeType


def failed(entry: ContainerHistory, fact: ProbeFailed) -> ContainerHistory:
    """Count failed attempts that an event told of."""

    def add(tally: Tally) -> Tally:
        return replace(
            tally,
            failed_by_events=tally.failed_by_events + fact.count,
            causes={**tally.causes, fact.cause: tally.causes.get(fact.cause, 0) + fact.count},
            first_failed_at=min(fact.at, tally.first_failed_at or fact.at),
            last_failed_at=max(fact.at, tally.last_failed_at or fact.at),
            uncounted=_with(tally, SeenFailures(at=fact.at, count=fact.count)),
        )

    return _change(entry, fact, fact.at, fact.probe, add)


def _with(tally: Tally, seen: SeenFailures) -> tuple[SeenFailures, ...]:
    if tally.counted_until is not None and seen.at <= tally.counted_until:
        return tally.uncounted
    newest_last = sorted((*tally.uncounted, seen), key=lambda known: known.at)
    if len(newest_last) > bounds.UNCOUNTED:
        first, second, *others = newest_last
        newest_last = [SeenFailures(at=second.at, count=first.count + second.count), *others]
    return tuple(newest_last)


def is_known(entry: ContainerHistory, fact: ProbeCounted) -> bool:
    """Whether that scrape, or a newer one, has been counted: scrapes of one pod come in their order."""
    lives = (life for life in (*entry.lives, *entry.early) if life.pod_uid == fact.pod.uid)
    return any((life.tally(fact.probe).counted_until or 0.0) >= fact.at for life in lives)


def counted(entry: ContainerHistory, fact: ProbeCounted) -> ContainerHistory:
    """Count attempts that the kubelet's counters told of.

    Within one scrape the order is unknown. Failures are taken to be later than successes, except over a restart:
    there they belong to the life that was ending when the scrape interval began.
    """
    uid = fact.pod.uid
    if filing.life_at(entry, uid, fact.since) is filing.life_at(entry, uid, fact.at):
        return _change(entry, fact, fact.at, fact.probe, lambda tally: _scraped(tally, fact))
    if fact.failed:
        failures = replace(fact, succeeded=0)
        entry = _change(entry, fact, fact.since, fact.probe, lambda tally: _scraped(tally, failures))
    if fact.succeeded:
        successes = replace(fact, failed=0)
        entry = _change(entry, fact, fact.at, fact.probe, lambda tally: _scraped(tally, successes))
    return entry


def _scraped(tally: Tally, fact: ProbeCounted) -> Tally:
    counted = replace(
        tally,
        succeeded=tally.succeeded + fact.succeeded,
        failed_by_counters=tally.failed_by_counters + fact.failed,
        counted_until=fact.at,
        counted_streak=fact.failed + (0 if fact.succeeded else tally.counted_streak),
        uncounted=tuple(seen for seen in tally.uncounted if seen.at > fact.at),
    )
    if not fact.succeeded:
        return counted
    return replace(
        counted,
        first_succeeded_at=tally.first_succeeded_at or fact.at,
        last_succeeded_at=fact.at,
        success_since=fact.since,
    )


def _change(
    entry: ContainerHistory, fact: Observed, at: float, probe: ProbeType, step: Callable[[Tally], Tally]
) -> ContainerHistory:
    return filing.change(
        entry,
        fact,
        at,
        lambda life: replace(life, tallies={**life.tallies, probe: step(life.tally(probe))}),
    )
