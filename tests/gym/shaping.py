"""The families of cases that the tuner was shaped on. None of them is in the report."""

import random
from collections.abc import Callable
from dataclasses import replace

from gym.fleet import CHEAP, DEPENDENT, WORK
from gym.manifest import http
from gym.truth import GymCase, Spread, Stopping, Troubles, Truth
from probetuner.model.probe import Probe
from probetuner.tuning.recommendation import Probes

Family = Callable[[random.Random], tuple[Truth, Probes]]


def some(rng: random.Random, path: str, **numbers: int) -> Probe:
    """A probe as people write them: mostly defaults, now and then a number of their own."""
    return http(
        path,
        **{
            "period_seconds": rng.choice((5, 10, 10, 10)),
            "timeout_seconds": rng.choice((1, 1, 1, 2, 3)),
            "failure_threshold": rng.choice((3, 3, 3, 5)),
            **numbers,
        },
    )


def queue_of_waiting_clients(rng: random.Random) -> tuple[Truth, Probes]:
    """Clients that wait for their answers make a queue longer than the timeout; liveness stands in it."""
    truth = Truth(
        replicas=rng.choice((2, 3, 4)),
        load=rng.uniform(0.1, 0.4),
        bursts=Troubles(per_hour=8, seconds=Spread(median=150, sigma=0.4), height=rng.uniform(1.5, 6)),
        closed=True,
    )
    readiness = some(rng, WORK) if rng.random() < 0.5 else None
    return truth, Probes(liveness=some(rng, WORK), readiness=readiness)


def slow_start(rng: random.Random) -> tuple[Truth, Probes]:
    """A start that takes longer than liveness gives it."""
    truth = Truth(replicas=rng.choice((1, 2, 3)), start=Spread(median=rng.uniform(40, 150), sigma=0.1))
    return truth, Probes(liveness=some(rng, CHEAP), readiness=some(rng, WORK) if rng.random() < 0.6 else None)


def lockup(rng: random.Random) -> tuple[Truth, Probes]:
    """A process that gets stuck every quarter of an hour or so; liveness is right."""
    truth = Truth(replicas=rng.choice((2, 3)), lockup_seconds=rng.uniform(400, 1200), load=rng.uniform(0.05, 0.3))
    return truth, Probes(liveness=some(rng, CHEAP), readiness=some(rng, WORK))


def lockup_unattended(rng: random.Random) -> tuple[Truth, Probes]:
    """The same with nothing to restart it."""
    truth = Truth(replicas=rng.choice((2, 3)), lockup_seconds=rng.uniform(400, 1200), load=rng.uniform(0.05, 0.3))
    return truth, Probes(readiness=some(rng, CHEAP))


def slow_tail(rng: random.Random) -> tuple[Truth, Probes]:
    """Answers that often take longer than a strict readiness probe bears."""
    truth = Truth(replicas=3, load=0.1, service=Spread(median=rng.uniform(0.2, 0.5), sigma=rng.uniform(0.6, 1.0)))
    readiness = some(rng, WORK, period_seconds=rng.choice((2, 5)), timeout_seconds=1, failure_threshold=1)
    return truth, Probes(liveness=some(rng, CHEAP, failure_threshold=5), readiness=readiness)


def dependency(rng: random.Random) -> tuple[Truth, Probes]:
    """Liveness answers for a database that is away now and then."""
    truth = Truth(
        replicas=3,
        start=Spread(median=rng.uniform(2, 30), sigma=0.2),
        outages=Troubles(per_hour=6, seconds=Spread(median=90, sigma=0.4)),
    )
    return truth, Probes(liveness=some(rng, DEPENDENT, initial_delay_seconds=60), readiness=some(rng, WORK))


def crash(rng: random.Random) -> tuple[Truth, Probes]:
    """A process that ends by itself; its probes are fine."""
    truth = Truth(replicas=2, crash_seconds=rng.uniform(100, 600), oom=rng.choice((0.0, 1.0)))
    return truth, Probes(liveness=some(rng, CHEAP), readiness=some(rng, WORK))


def idle_start(rng: random.Random) -> tuple[Truth, Probes]:
    """Up at once, but asked late."""
    truth = Truth(replicas=3, start=Spread(median=rng.uniform(0.5, 4), sigma=0.2), crash_seconds=900)
    readiness = some(rng, WORK, initial_delay_seconds=rng.choice((60, 120)))
    return truth, Probes(liveness=some(rng, CHEAP), readiness=readiness)


def glitches_and_lockups(rng: random.Random) -> tuple[Truth, Probes]:
    """Both silence that passes and silence that does not."""
    truth = Truth(
        replicas=3,
        start=Spread(median=rng.uniform(2, 15), sigma=0.2),
        glitches=Troubles(per_hour=rng.uniform(4, 8), seconds=Spread(median=rng.uniform(8, 20), sigma=0.4)),
        shared_glitches=Troubles(per_hour=2, seconds=Spread(median=10, sigma=0.4)),
        lockup_seconds=rng.uniform(900, 2000),
    )
    liveness = some(rng, CHEAP, initial_delay_seconds=60, failure_threshold=rng.choice((1, 2, 3, 6)))
    return truth, Probes(liveness=liveness, readiness=some(rng, WORK))


def glitches_and_lockups_unattended(rng: random.Random) -> tuple[Truth, Probes]:
    """The same with readiness alone."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        glitches=Troubles(per_hour=rng.uniform(2, 6), seconds=Spread(median=rng.uniform(8, 20), sigma=0.4)),
        lockup_seconds=rng.uniform(700, 1800),
    )
    return truth, Probes(readiness=some(rng, CHEAP))


def stalls_of_storage(rng: random.Random) -> tuple[Truth, Probes]:
    """Replicas that now and then wait long for a disk and go on; both probes ask what the users ask."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        start=Spread(median=rng.uniform(1, 10), sigma=0.4),
        load=rng.uniform(0.1, 0.4),
        glitches=Troubles(per_hour=rng.uniform(4, 12), seconds=Spread(median=rng.uniform(12, 35), sigma=0.4)),
    )
    return truth, Probes(liveness=some(rng, WORK, initial_delay_seconds=30), readiness=some(rng, WORK))


def pauses_of_a_collector(rng: random.Random) -> tuple[Truth, Probes]:
    """Pauses that a liveness probe of one or two attempts takes for the end; nothing ever gets stuck."""
    truth = Truth(
        replicas=rng.choice((2, 4, 6)),
        load=rng.uniform(0.1, 0.3),
        glitches=Troubles(per_hour=rng.uniform(5, 10), seconds=Spread(median=rng.uniform(6, 18), sigma=0.8)),
    )
    liveness = some(rng, CHEAP, period_seconds=rng.choice((5, 10, 15)), failure_threshold=rng.choice((1, 2)))
    return truth, Probes(liveness=liveness, readiness=some(rng, CHEAP))


def lockups_of_a_busy_server(rng: random.Random) -> tuple[Truth, Probes]:
    """Lock-ups behind an endpoint whose latency has a tail."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        service=Spread(median=0.08, sigma=0.6),
        load=rng.uniform(0.3, 0.6),
        lockup_seconds=rng.uniform(500, 1500),
    )
    liveness = some(rng, WORK, timeout_seconds=rng.choice((2, 3, 5)), failure_threshold=rng.choice((3, 6, 12)))
    return truth, Probes(liveness=liveness, readiness=some(rng, WORK, timeout_seconds=2))


def uneven_silent_starts(rng: random.Random) -> tuple[Truth, Probes]:
    """Starts that hang for a while, some of them longer than liveness bears; memory runs out now and then."""
    truth = Truth(
        replicas=rng.choice((2, 3, 4)),
        start=Spread(median=rng.uniform(20, 50), sigma=rng.uniform(0.3, 0.6)),
        silent_start=True,
        crash_seconds=rng.uniform(400, 1200),
        oom=rng.choice((0.3, 1.0)),
    )
    liveness = some(rng, CHEAP, initial_delay_seconds=rng.choice((0, 5, 20)))
    return truth, Probes(liveness=liveness, readiness=some(rng, rng.choice((CHEAP, WORK))))


def throttled_under_waiting_clients(rng: random.Random) -> tuple[Truth, Probes]:
    """A CPU limit that leaves little speed while clients wait for their answers; liveness stands in their queue."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        servers=rng.choice((1, 2)),
        service=Spread(median=rng.uniform(0.05, 0.2), sigma=0.3),
        load=rng.uniform(0.1, 0.3),
        bursts=Troubles(per_hour=6, seconds=Spread(median=150, sigma=0.3), height=rng.uniform(0.5, 2.0)),
        closed=True,
        throttled=rng.uniform(0.15, 0.5),
    )
    return truth, Probes(liveness=some(rng, WORK), readiness=some(rng, WORK))


def throttled_batch(rng: random.Random) -> tuple[Truth, Probes]:
    """A CPU limit that leaves too little for what comes in waves, from users who give up soon."""
    truth = Truth(
        replicas=rng.choice((2, 3, 4)),
        servers=2,
        service=Spread(median=rng.uniform(0.1, 0.3), sigma=0.3),
        load=rng.uniform(0.1, 0.25),
        bursts=Troubles(per_hour=5, seconds=Spread(median=160, sigma=0.4), height=rng.uniform(0.5, 0.8)),
        patience_seconds=rng.uniform(5, 12),
        throttled=rng.uniform(0.25, 0.5),
    )
    return truth, Probes(liveness=some(rng, WORK), readiness=some(rng, WORK))


def lockups_of_a_crowded_server(rng: random.Random) -> tuple[Truth, Probes]:
    """A single-threaded server that users leave when they have waited too long, and that gets stuck besides."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        service=Spread(median=rng.uniform(0.1, 0.3), sigma=0.3),
        load=rng.uniform(0.2, 0.4),
        bursts=Troubles(per_hour=5, seconds=Spread(median=100, sigma=0.5), height=rng.uniform(1.1, 1.5)),
        patience_seconds=rng.uniform(4, 12),
        lockup_seconds=rng.uniform(500, 1300),
    )
    liveness = some(rng, WORK, failure_threshold=rng.choice((3, 5)))
    return truth, Probes(liveness=liveness, readiness=some(rng, WORK))


def lockups_of_a_large_server(rng: random.Random) -> tuple[Truth, Probes]:
    """Many workers that long waves of requests just about fill, in a process that gets stuck now and then."""
    truth = Truth(
        replicas=rng.choice((2, 3, 5)),
        servers=rng.choice((4, 8, 16)),
        service=Spread(median=rng.uniform(0.1, 0.5), sigma=0.4),
        load=rng.uniform(0.3, 0.6),
        bursts=Troubles(per_hour=3, seconds=Spread(median=140, sigma=0.5), height=rng.uniform(0.95, 1.25)),
        patience_seconds=rng.uniform(6, 20),
        lockup_seconds=rng.uniform(800, 2000),
    )
    liveness = some(rng, WORK, failure_threshold=rng.choice((3, 4, 5)))
    return truth, Probes(liveness=liveness, readiness=some(rng, WORK))


def lockups_of_a_small_pool(rng: random.Random) -> tuple[Truth, Probes]:
    """A few workers that short waves of requests overrun, in a process that gets stuck; readiness is nervous."""
    truth = Truth(
        replicas=rng.choice((2, 3, 6)),
        servers=rng.choice((2, 3)),
        service=Spread(median=rng.uniform(0.1, 0.3), sigma=0.6),
        load=rng.uniform(0.25, 0.45),
        bursts=Troubles(per_hour=6, seconds=Spread(median=60, sigma=0.4), height=rng.uniform(1.0, 1.4)),
        patience_seconds=rng.uniform(8, 12),
        lockup_seconds=rng.uniform(600, 1500),
    )
    liveness = some(rng, WORK, failure_threshold=rng.choice((3, 5, 6)))
    return truth, Probes(liveness=liveness, readiness=some(rng, WORK, failure_threshold=rng.choice((1, 2))))


def stalls_and_lockups_unattended(rng: random.Random) -> tuple[Truth, Probes]:
    """Waits of very different length for a disk, and sometimes for ever; nothing restarts it."""
    truth = Truth(
        replicas=rng.choice((2, 3, 4)),
        start=Spread(median=rng.uniform(2, 12), sigma=0.4),
        load=rng.uniform(0.1, 0.4),
        glitches=Troubles(per_hour=rng.uniform(6, 15), seconds=Spread(median=rng.uniform(3, 9), sigma=0.9)),
        lockup_seconds=rng.uniform(500, 1400),
    )
    return truth, Probes(readiness=some(rng, WORK))


def rush_of_many(rng: random.Random) -> tuple[Truth, Probes]:
    """Long rushes of users who hardly wait at all, at several replicas whose liveness asks what they ask."""
    truth = Truth(
        replicas=rng.choice((2, 4)),
        servers=rng.choice((1, 4)),
        service=Spread(median=rng.uniform(0.05, 0.3), sigma=0.4),
        load=rng.uniform(0.3, 0.5),
        bursts=Troubles(per_hour=6, seconds=Spread(median=150, sigma=0.4), height=rng.uniform(1.1, 1.8)),
        patience_seconds=rng.uniform(2, 8),
    )
    return truth, Probes(liveness=some(rng, WORK), readiness=some(rng, WORK) if rng.random() < 0.6 else None)


def queues_and_lockups(rng: random.Random) -> tuple[Truth, Probes]:
    """Clients that wait make queues now and then, and the process gets stuck besides; liveness stands in the queue."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        servers=rng.choice((1, 2)),
        service=Spread(median=rng.uniform(0.05, 0.15), sigma=0.4),
        load=rng.uniform(0.1, 0.4),
        bursts=Troubles(per_hour=4, seconds=Spread(median=100, sigma=0.4), height=rng.uniform(1.2, 3)),
        closed=True,
        lockup_seconds=rng.uniform(600, 1800),
    )
    liveness = some(rng, WORK, failure_threshold=rng.choice((3, 5)))
    return truth, Probes(liveness=liveness, readiness=some(rng, WORK, timeout_seconds=rng.choice((1, 3))))


def calm(rng: random.Random) -> tuple[Truth, Probes]:
    """Nothing wrong."""
    truth = Truth(replicas=rng.choice((2, 3)), start=Spread(median=rng.uniform(0.3, 8), sigma=0.2), load=0.2)
    liveness = some(rng, CHEAP, initial_delay_seconds=10, failure_threshold=8, period_seconds=10)
    return truth, Probes(liveness=liveness, readiness=some(rng, CHEAP))


FAMILIES: tuple[Family, ...] = (
    queue_of_waiting_clients,
    slow_start,
    lockup,
    lockup_unattended,
    slow_tail,
    dependency,
    crash,
    idle_start,
    glitches_and_lockups,
    glitches_and_lockups_unattended,
    stalls_of_storage,
    pauses_of_a_collector,
    lockups_of_a_busy_server,
    uneven_silent_starts,
    throttled_under_waiting_clients,
    throttled_batch,
    lockups_of_a_crowded_server,
    lockups_of_a_large_server,
    lockups_of_a_small_pool,
    stalls_and_lockups_unattended,
    rush_of_many,
    queues_and_lockups,
    calm,
)
HEALTHY: tuple[Family, ...] = (calm,)


def draw(families: tuple[Family, ...], healthy: tuple[Family, ...], *, count: int, seed: str) -> list[GymCase]:
    """So many cases of each family; the seed decides them. What SIGTERM does differs from case to case."""
    cases = []
    for family in families:
        name = family.__name__.replace("_", "-")
        first = random.Random(f"{seed}-{name}-stopping").randrange(len(Stopping))
        for number in range(count):
            truth, probes = family(random.Random(f"{seed}-{name}-{number}"))
            rng = random.Random(f"{seed}-{name}-{number}-stopping")
            truth = replace(
                truth,
                stopping=tuple(Stopping)[(first + number) % len(Stopping)],
                keeps_listening=rng.random() < 0.5,
                exit_code=rng.choice((0, 143)),
            )
            cases.append(GymCase(family=name, number=number, truth=truth, probes=probes, healthy=family in healthy))
    return cases
