"""Families for shaping that draw from broad ranges what the other ones keep narrow: what lies between those.

A rule that was shaped on narrow families may be right for nothing else. How slow a start, how long a pause and how
nervous a probe may be is left open here, so that a rule meets what nobody thought of.
"""

import math
import random

from gym.fleet import CHEAP, DEPENDENT, WORK
from gym.shaping import Family, some
from gym.truth import Spread, Troubles, Truth
from probetuner.tuning.recommendation import Probes


def _now_and_then(rng: random.Random, likely: float, mean_seconds: float) -> float:
    return mean_seconds if rng.random() < likely else math.inf


def _pauses(rng: random.Random, likely: float) -> Troubles:
    lasts = Spread(median=rng.uniform(1.5, 14), sigma=rng.uniform(0.2, 1.2))
    return Troubles(per_hour=rng.uniform(2, 25) if rng.random() < likely else 0.0, seconds=lasts)


def broad_lockups_unattended(rng: random.Random) -> tuple[Truth, Probes]:
    """A process that gets stuck, with nothing to restart it; starts of any length, pauses of any kind."""
    truth = Truth(
        replicas=rng.choice((2, 3, 4, 5)),
        start=Spread(median=rng.uniform(1, 40), sigma=rng.uniform(0.1, 0.6)),
        load=rng.uniform(0.05, 0.5),
        glitches=_pauses(rng, 0.8),
        lockup_seconds=rng.uniform(300, 2500),
    )
    return truth, Probes(readiness=some(rng, rng.choice((CHEAP, WORK)), failure_threshold=rng.choice((1, 2, 3, 5))))


def broad_starts(rng: random.Random) -> tuple[Truth, Probes]:
    """A startup probe that gives from half to one and a half times what starts take, and troubles besides."""
    median, period = rng.uniform(10, 120), rng.choice((5, 10))
    truth = Truth(
        replicas=rng.choice((2, 3, 4)),
        start=Spread(median=median, sigma=rng.uniform(0.1, 0.5)),
        silent_start=rng.random() < 0.3,
        load=rng.uniform(0.05, 0.4),
        lockup_seconds=_now_and_then(rng, 0.6, rng.uniform(400, 2500)),
        crash_seconds=_now_and_then(rng, 0.5, rng.uniform(300, 1500)),
        glitches=_pauses(rng, 0.3),
    )
    failures = max(1, round(median * rng.uniform(0.5, 1.5) / period))
    startup = some(rng, rng.choice((CHEAP, WORK)), period_seconds=period, failure_threshold=failures)
    return truth, Probes(liveness=some(rng, CHEAP), readiness=some(rng, rng.choice((CHEAP, WORK))), startup=startup)


def hasty_startup_probe(rng: random.Random) -> tuple[Truth, Probes]:
    """The same in a process that gets stuck and has no other trouble; liveness may ask what the users ask."""
    median, period = rng.uniform(20, 110), rng.choice((5, 10))
    truth = Truth(
        replicas=rng.choice((2, 3, 4)),
        start=Spread(median=median, sigma=rng.uniform(0.2, 0.5)),
        load=rng.uniform(0.1, 0.4),
        lockup_seconds=rng.uniform(400, 1800),
    )
    failures = max(1, round(median * rng.uniform(0.6, 1.3) / period))
    startup = some(rng, rng.choice((CHEAP, WORK)), period_seconds=period, failure_threshold=failures)
    liveness, readiness = some(rng, rng.choice((CHEAP, WORK))), some(rng, rng.choice((CHEAP, WORK)))
    return truth, Probes(liveness=liveness, readiness=readiness, startup=startup)


def broad_pauses(rng: random.Random) -> tuple[Truth, Probes]:
    """Pauses that last from seconds to minutes and always pass, in starts of any length; liveness may be nervous."""
    truth = Truth(
        replicas=rng.choice((1, 2, 3, 4)),
        start=Spread(median=rng.uniform(1, 30), sigma=rng.uniform(0.1, 0.6)),
        load=rng.uniform(0.05, 0.4),
        glitches=Troubles(
            per_hour=rng.uniform(3, 20), seconds=Spread(median=rng.uniform(4, 35), sigma=rng.uniform(0.2, 1.0))
        ),
    )
    delay, failures = rng.choice((0, 30, 60)), rng.choice((1, 2, 3, 4))
    liveness = some(rng, rng.choice((CHEAP, WORK)), initial_delay_seconds=delay, failure_threshold=failures)
    return truth, Probes(liveness=liveness, readiness=some(rng, rng.choice((CHEAP, WORK))))


def broad_rushes(rng: random.Random) -> tuple[Truth, Probes]:
    """Rushes that hardly overrun or swamp servers of any size, most of which get stuck now and then as well."""
    truth = Truth(
        replicas=rng.choice((2, 3, 4, 5)),
        servers=rng.choice((1, 2, 4, 8)),
        service=Spread(median=rng.uniform(0.03, 0.3), sigma=rng.uniform(0.2, 0.7)),
        load=rng.uniform(0.15, 0.5),
        bursts=Troubles(
            per_hour=rng.uniform(3, 9),
            seconds=Spread(median=rng.uniform(50, 150), sigma=0.5),
            height=rng.uniform(0.95, 1.6),
        ),
        patience_seconds=rng.uniform(3, 15),
        lockup_seconds=_now_and_then(rng, 0.6, rng.uniform(500, 2500)),
    )
    readiness = some(rng, WORK, failure_threshold=rng.choice((1, 2, 3)))
    return truth, Probes(liveness=some(rng, WORK, failure_threshold=rng.choice((3, 4, 6))), readiness=readiness)


def broad_throttling(rng: random.Random) -> tuple[Truth, Probes]:
    """A CPU limit that leaves a fifth to more than half of the speed, under users of any patience."""
    truth = Truth(
        replicas=rng.choice((2, 3, 4)),
        servers=rng.choice((1, 2)),
        service=Spread(median=rng.uniform(0.05, 0.25), sigma=rng.uniform(0.2, 0.6)),
        load=rng.uniform(0.1, 0.3),
        bursts=Troubles(
            per_hour=rng.uniform(4, 10),
            seconds=Spread(median=rng.uniform(80, 160), sigma=0.4),
            height=rng.uniform(0.4, 1.0),
        ),
        patience_seconds=rng.uniform(4, 15),
        throttled=rng.uniform(0.2, 0.6),
    )
    return truth, Probes(liveness=some(rng, WORK), readiness=some(rng, WORK) if rng.random() < 0.8 else None)


def broad_outages(rng: random.Random) -> tuple[Truth, Probes]:
    """What liveness calls is away now and then, and answers for that or hangs; most get stuck by themselves as well."""
    truth = Truth(
        replicas=rng.choice((1, 2, 3, 4)),
        start=Spread(median=rng.uniform(1, 40), sigma=rng.uniform(0.1, 0.5)),
        load=rng.uniform(0.05, 0.4),
        outages=Troubles(
            per_hour=rng.uniform(2, 10), seconds=Spread(median=rng.uniform(30, 150), sigma=rng.uniform(0.2, 0.8))
        ),
        hanging=rng.random() < 0.7,
        lockup_seconds=_now_and_then(rng, 0.5, rng.uniform(600, 3000)),
    )
    liveness = some(rng, DEPENDENT, initial_delay_seconds=rng.choice((0, 20, 60)))
    return truth, Probes(liveness=liveness, readiness=some(rng, rng.choice((CHEAP, WORK))))


FAMILIES: tuple[Family, ...] = (
    broad_lockups_unattended,
    broad_starts,
    hasty_startup_probe,
    broad_pauses,
    broad_rushes,
    broad_throttling,
    broad_outages,
)
