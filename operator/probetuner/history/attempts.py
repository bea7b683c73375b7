"""What a probe's attempts add to the life that they were made in."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from probetuner.facts.fact import ProbeCounted, ProbeFailed
from probetuner.history import bounds, filing
from probetuner.history.life import Life, SeenFailures, Tally
from probetuner.history.record import ContainerHistory
from probetuner.model.probe import ProbeType


def failed(entry: ContainerHistory, fact: ProbeFailed) -> ContainerHistory:
    """Count failed attempts that an event told of."""
    seen = SeenFailures(at=fact.at, count=fact.count, since=fact.since)

    def add(tally: Tally) -> Tally:
        return replace(
            tally,
            failed_by_events=tally.failed_by_events + fact.count,
            causes={**tally.causes, fact.cause: tally.causes.get(fact.cause, 0) + fact.count},
            client_errors=tally.client_errors + (fact.count if fact.client_error else 0),
            first_failed_at=min(fact.at, tally.first_failed_at or fact.at),
            last_failed_at=max(fact.at, tally.last_failed_at or fact.at),
            # Of a combined event even the container is not sure: it proves no streak.
            uncounted=tally.uncounted if fact.combined else _with(tally, seen),
        )

    return filing.change(entry, fact, _step(fact.probe, add))


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
    there they belong to the life that ended.
    """
    during = filing.lives_during(entry, fact.pod.uid, fact.since, fact.at)
    if not during:
        return filing.change_early(entry, fact, _step(fact.probe, lambda tally: _scraped(tally, fact)))
    for shared, share in zip(during, _shares(fact, during), strict=True):
        life = filing.find(entry, fact, restarts=shared.restarts)
        if life is not None and (share.succeeded or share.failed):
            entry = filing.swap(entry, life, _step(fact.probe, partial(_scraped, fact=share))(life))
    return entry


def _shares(fact: ProbeCounted, during: Sequence[Life]) -> tuple[ProbeCounted, ...]:
    """What of a scrape belongs to each of the lives that it spans: the failures to the first, successes to the last.

    Where the first passed until then, or was let in just then, they are its own, as far as anybody can tell. What kills
    is held back from the kill until the next container runs (worker.go doProbe): since then all is the last one's.
    """
    if len(during) == 1:
        return (fact,)
    killed_at = during[0].kill_announced_at
    held_back = killed_at is not None and killed_at + filing.GRAIN_SECONDS <= fact.since
    if held_back and fact.probe is not ProbeType.READINESS:
        nothing = replace(fact, succeeded=0, failed=0)
        return (*(nothing,) * (len(during) - 1), fact)
    before, let_in_at = during[0].tally(fact.probe), during[0].ready_at
    was_let_in = fact.probe is ProbeType.READINESS and let_in_at is not None and let_in_at >= fact.since
    passed = was_let_in or (before.succeeded > 0 and not before.streak)
    first = replace(fact, succeeded=fact.succeeded if passed else 0)
    last = replace(fact, failed=0, succeeded=0 if passed else fact.succeeded)
    return (first, *(replace(fact, succeeded=0, failed=0),) * (len(during) - 2), last)


def _scraped(tally: Tally, fact: ProbeCounted) -> Tally:
    passed = fact.succeeded > 0
    return replace(
        tally,
        succeeded=tally.succeeded + fact.succeeded,
        failed_by_counters=tally.failed_by_counters + fact.failed,
        counted_until=fact.at,
        counted_streak=fact.failed + (0 if passed else tally.counted_streak),
        uncounted=tuple(seen for seen in tally.uncounted if seen.at > fact.at),
        first_succeeded_at=(tally.first_succeeded_at or fact.at) if passed else tally.first_succeeded_at,
        last_succeeded_at=fact.at if passed else tally.last_succeeded_at,
        success_since=fact.since if passed else tally.success_since,
    )


def _step(probe: ProbeType, step: Callable[[Tally], Tally]) -> Callable[[Life], Life]:
    return lambda life: replace(life, tallies={**life.tallies, probe: step(life.tally(probe))})
