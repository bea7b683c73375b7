"""When the attempts of a probe were made and what each got, from counters, histogram and events.

The kubelet counts every attempt, but per scrape and without a time; its events have a time and a cause, but many are
dropped. So the counters say how many there were and the events which of them failed when; the rest is spread evenly.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from probetuner.facts.fact import (
    LATENCY_BOUNDS_SECONDS,
    Fact,
    FailureCause,
    ProbeCounted,
    ProbeFailed,
    ProbeLatencySampled,
    ReadinessChanged,
)
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.replay.answer import Answer

_GRAIN_SECONDS = 1.0

SEEN_LATER_SECONDS = 0.2
"""What passes from the end of a readiness attempt to the status that shows its effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An attempt and when it began, epoch seconds."""

    at: float
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interval:
    """What is known of the attempts between two scrapes; `latencies` is slowest first."""

    counted: ProbeCounted
    failures: tuple[Placed, ...]
    ready_at: tuple[float, ...]
    latencies: tuple[Answer, ...]


def middle(at: float) -> float:
    """The best guess of a time that Kubernetes cut to whole seconds."""
    return at + _GRAIN_SECONDS / 2 if at == math.floor(at) else at


def attempts(facts: Sequence[Fact], kind: ProbeType, probe: Probe) -> list[Placed]:
    """All attempts of that probe in one pod, in the order of their time; facts in the order of theirs."""
    failures = seen_failures(facts, kind, probe)
    placed: list[Placed] = []
    counted_until = -math.inf
    for interval in _intervals(facts, kind, probe, failures):
        placed += _place(interval, probe, before=placed[-1] if placed else None)
        counted_until = interval.counted.at
    placed += [one for one in failures if _ended_at(one, probe) >= counted_until]
    return sorted(placed, key=lambda one: one.at)


def seen_failures(facts: Sequence[Fact], kind: ProbeType, probe: Probe) -> list[Placed]:
    """The failures that events told of; one that made the container unready is known to a fraction of a second."""
    unready = [fact.at for fact in _changes(facts, kind) if not fact.ready]
    found = []
    for fact in facts:
        if isinstance(fact, ProbeFailed) and fact.probe is kind:
            shown = (at - SEEN_LATER_SECONDS for at in unready if 0 <= at - fact.at < 1.5 * _GRAIN_SECONDS)
            answer = _failed(fact.cause, probe)
            found.append(Placed(at=next(shown, middle(fact.at)) - answer.at_least_seconds, answer=answer))
    return found


def _changes(facts: Sequence[Fact], kind: ProbeType) -> Iterator[ReadinessChanged]:
    for fact in facts:
        if isinstance(fact, ReadinessChanged) and fact.by_probe and kind is ProbeType.READINESS:
            yield fact


def _intervals(facts: Sequence[Fact], kind: ProbeType, probe: Probe, failures: Sequence[Placed]) -> Iterator[_Interval]:
    ready_at = [fact.at - SEEN_LATER_SECONDS for fact in _changes(facts, kind) if fact.ready]
    latencies = {fact.at: fact.counts for fact in facts if isinstance(fact, ProbeLatencySampled) and fact.probe is kind}
    for fact in facts:
        if isinstance(fact, ProbeCounted) and fact.probe is kind:
            mine = [one for one in failures if fact.since <= _ended_at(one, probe) < fact.at][: fact.failed]
            shown = [at for at in ready_at if fact.since <= at < fact.at]
            yield _Interval(
                counted=fact,
                failures=tuple(mine),
                ready_at=tuple(shown[: fact.succeeded]),
                latencies=tuple(_latencies(latencies.get(fact.at, ()), probe)),
            )


def _failed(cause: FailureCause, probe: Probe) -> Answer:
    """What a failure says of the answer: after a timeout only that it would have come later, if at all."""
    if cause.is_silence:
        return Answer(at_least_seconds=probe.timeout_seconds, at_most_seconds=math.inf, cause=cause)
    return Answer(cause=cause)


def _ended_at(one: Placed, probe: Probe) -> float:
    return one.at + min(one.answer.at_least_seconds, probe.timeout_seconds)


def _latencies(counts: Sequence[int], probe: Probe) -> Iterator[Answer]:
    """The successes of a scrape, slowest first; none took longer than the timeout."""
    bounds = (0.0, *LATENCY_BOUNDS_SECONDS, math.inf)
    for index in reversed(range(len(counts))):
        least, most = bounds[index], min(bounds[index + 1], probe.timeout_seconds)
        for _ in range(counts[index]):
            yield Answer(at_least_seconds=min(least, most), at_most_seconds=most)


def _place(interval: _Interval, probe: Probe, *, before: Placed | None) -> Iterator[Placed]:
    """Give each attempt of an interval a time: those that are told of have theirs, the others get what is left.

    Failures that no event tells of follow the failure before the interval, or else stand at its end.
    """
    yield from interval.failures
    some = Answer(at_most_seconds=probe.timeout_seconds)
    yield from (Placed(at=at, answer=(interval.latencies or (some,))[-1]) for at in interval.ready_at)
    hidden = interval.counted.failed - len(interval.failures)
    slots = _free_slots(interval)
    failed_before = before is not None and before.answer.cause is not None
    slots = slots if failed_before else slots[::-1]
    failing, passing = slots[:hidden], slots[hidden:]
    known = (*interval.failures, *((before,) if before else ()))
    cause = next((one.answer.cause for one in known if one.answer.cause is not None), FailureCause.OTHER)
    yield from (Placed(at=at, answer=_failed(cause, probe)) for at in failing)
    for index, at in enumerate(passing):
        yield Placed(at=at, answer=interval.latencies[index] if index < len(interval.latencies) else some)


def _free_slots(interval: _Interval) -> list[float]:
    """Evenly spread times for the attempts of the interval, without those nearest to the known ones."""
    counted = interval.counted
    number = counted.succeeded + counted.failed
    width = (counted.at - counted.since) / number
    slots = [counted.since + (index + 0.5) * width for index in range(number)]
    for at in (*(one.at for one in interval.failures), *interval.ready_at):
        slots.remove(min(slots, key=lambda slot: abs(slot - at)))
    return slots
