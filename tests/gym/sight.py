"""What an observer has: which of the facts of a phase, and from when on, come to whom."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from enum import StrEnum

from gym.manifest import deployment
from gym.objects import EVENT_TTL_SECONDS, objects_at, pages_at
from gym.observer import SCRAPE_SECONDS, facts_of
from gym.phase import Phase
from probetuner.facts.fact import Fact, ProbeCounted
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.sources.dump import gather_objects
from probetuner.sources.gathering import Gathering
from probetuner.sources.manifests import Given, Origin

EPOCH = 1_700_000_000.0
"""When the first phase begins, in epoch seconds."""


class Sight(StrEnum):
    """Who watches, and with what. A single look, and a dump, see what the API server has at that moment.

    Whoever begins in the middle has seen half of the time, and finds a list of what is there. The dump is taken an hour
    after the trouble, in which nothing more happened: its events have expired.
    """

    COUNTERS = "all counters each 10 s"
    SCRAPES_30 = "scrapes each 30 s"
    SCRAPES_60 = "scrapes each 60 s"
    EVENTS = "events only"
    LATE = "from the middle on"
    LOOK = "one look"
    DUMP = "a dump an hour later"

    @property
    def watches(self) -> bool:
        """Whether it goes on watching, as the operator does that applies changes."""
        return self not in (Sight.LOOK, Sight.DUMP)


_SCRAPE_SECONDS = {Sight.SCRAPES_30: 30.0, Sight.SCRAPES_60: 60.0, Sight.EVENTS: None, Sight.DUMP: None}
_ORIGIN = Origin(place="the gym")


def facts_seen(
    phase: Phase, sight: Sight, *, epoch: float = EPOCH, template: str = "t1", generation: int = 0
) -> list[Fact]:
    """What comes to an observer who watches all the time of the phase."""
    every = _SCRAPE_SECONDS.get(sight, SCRAPE_SECONDS)
    return facts_of(phase, epoch=epoch, template=template, generation=generation, scrape_seconds=every)


def histories(
    phase: Phase, sight: Sight, seconds: Sequence[float], *, template: str = "t1"
) -> Iterator[WorkloadHistory]:
    """What is remembered after each of these times since the begin of the phase, in their order."""
    facts = facts_seen(phase, sight, template=template)
    if sight is Sight.LATE:
        yield from (_late(phase, facts, until=EPOCH + one) for one in seconds)
    elif sight.watches:
        yield from _watched(facts, seconds)
    else:
        yield from (_looked(phase, sight, facts, until=EPOCH + one) for one in seconds)


def _watched(facts: Sequence[Fact], seconds: Sequence[float]) -> Iterator[WorkloadHistory]:
    history, coming = WorkloadHistory(), deque(facts)
    for one in seconds:
        while coming and coming[0].at <= EPOCH + one:
            history = observe(history, coming.popleft())
        yield history


def _late(phase: Phase, facts: Sequence[Fact], *, until: float) -> WorkloadHistory:
    """Begin in the middle of what has been seen until then, with a list as the operator does."""
    if math.isinf(until):
        raise ValueError("whoever begins in the middle needs an end")
    since = EPOCH + (until - EPOCH) / 2
    gathering = Gathering(watched_since=since)
    template = deployment(phase.case, phase.probes)
    gathering.define(template, _ORIGIN)
    for one in objects_at(template, facts, until=since, at=since):
        gathering.remember(gathering.watch(one, "ADDED", at=since))
    gathering.remember(fact for fact in facts if since < fact.at <= until and not _reaches_back(fact, since))
    return _only(gathering)


def _reaches_back(fact: Fact, since: float) -> bool:
    """The first scrape is only what the next is compared with."""
    return isinstance(fact, ProbeCounted) and fact.since < since


def _looked(phase: Phase, sight: Sight, facts: Sequence[Fact], *, until: float) -> WorkloadHistory:
    template = deployment(phase.case, phase.probes)
    at = until + EVENT_TTL_SECONDS if sight is Sight.DUMP else until
    found = [template, *objects_at(template, facts, until=until, at=at)]
    pages = () if sight is Sight.DUMP else pages_at(facts, at=at)
    return _only(gather_objects([Given(object=one, origin=_ORIGIN) for one in found], _fail, scrapes=pages))


def _only(gathering: Gathering) -> WorkloadHistory:
    (subject,) = gathering.subjects()
    return subject.history


def _fail(problem: str) -> None:
    raise AssertionError(problem)
