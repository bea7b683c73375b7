"""The families of cases that are reported. The tuner was not shaped on them."""

import random

from gym.fleet import CHEAP, DEPENDENT, WORK
from gym.shaping import Family, some
from gym.truth import Spread, Troubles, Truth
from probetuner.model.probe import Probe
from probetuner.tuning.recommendation import Probes


def rush_of_impatient_users(rng: random.Random) -> tuple[Truth, Probes]:
    """More requests than can be served, from users who give up; liveness stands in their queue."""
    truth = Truth(
        replicas=rng.choice((2, 3, 5)),
        servers=rng.choice((1, 2, 8)),
        service=Spread(median=rng.uniform(0.03, 0.4), sigma=0.5),
        load=rng.uniform(0.2, 0.6),
        bursts=Troubles(per_hour=10, seconds=Spread(median=90, sigma=0.6), height=rng.uniform(1.0, 1.6)),
        patience_seconds=rng.uniform(3, 15),
    )
    return truth, Probes(liveness=some(rng, WORK), readiness=some(rng, WORK) if rng.random() < 0.7 else None)


def varying_starts(rng: random.Random) -> tuple[Truth, Probes]:
    """Starts of very different length, of which liveness cuts some short; crashes make for many of them."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        start=Spread(median=rng.uniform(15, 60), sigma=rng.uniform(0.4, 0.7)),
        silent_start=rng.random() < 0.5,
        crash_seconds=rng.uniform(300, 900),
    )
    liveness = some(rng, CHEAP, initial_delay_seconds=rng.choice((0, 10, 30)))
    return truth, Probes(liveness=liveness, readiness=some(rng, WORK))


def startup_probe_too_short(rng: random.Random) -> tuple[Truth, Probes]:
    """A startup probe that gives too little time now and then."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        start=Spread(median=rng.uniform(30, 90), sigma=0.35),
        lockup_seconds=rng.uniform(500, 1500),
    )
    startup = some(rng, CHEAP, period_seconds=5, failure_threshold=rng.choice((6, 10, 15)))
    return truth, Probes(liveness=some(rng, CHEAP), readiness=some(rng, WORK), startup=startup)


def glitches(rng: random.Random) -> tuple[Truth, Probes]:
    """Silence that passes by itself, often longer than liveness bears."""
    truth = Truth(
        replicas=rng.choice((2, 3, 4)),
        start=Spread(median=rng.uniform(2, 25), sigma=0.2),
        glitches=Troubles(per_hour=rng.uniform(6, 15), seconds=Spread(median=rng.uniform(8, 30), sigma=0.5)),
    )
    liveness = some(rng, CHEAP, initial_delay_seconds=60, failure_threshold=rng.choice((1, 2, 3)))
    return truth, Probes(liveness=liveness, readiness=some(rng, CHEAP))


def lockups_amid_rushes(rng: random.Random) -> tuple[Truth, Probes]:
    """Lock-ups of a server that is also overrun now and then; liveness stands in its queue."""
    truth = Truth(
        replicas=rng.choice((2, 3, 4)),
        servers=rng.choice((2, 4)),
        service=Spread(median=rng.uniform(0.05, 0.2), sigma=0.5),
        load=rng.uniform(0.2, 0.5),
        bursts=Troubles(per_hour=4, seconds=Spread(median=90, sigma=0.4), height=rng.uniform(1.0, 1.3)),
        lockup_seconds=rng.uniform(700, 1800),
    )
    liveness = some(rng, WORK, failure_threshold=rng.choice((3, 4, 6)))
    return truth, Probes(liveness=liveness, readiness=some(rng, WORK, failure_threshold=2))


def pauses_and_lockups(rng: random.Random) -> tuple[Truth, Probes]:
    """Many short pauses and a few long ones, as of a garbage collector, in a process that also gets stuck."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        start=Spread(median=rng.uniform(3, 20), sigma=0.3),
        glitches=Troubles(per_hour=rng.uniform(8, 20), seconds=Spread(median=rng.uniform(2, 6), sigma=1.0)),
        lockup_seconds=rng.uniform(600, 1600),
    )
    liveness = some(rng, CHEAP, initial_delay_seconds=60, failure_threshold=rng.choice((2, 3, 4)))
    return truth, Probes(liveness=liveness, readiness=some(rng, WORK, failure_threshold=2))


def pauses_and_lockups_unattended(rng: random.Random) -> tuple[Truth, Probes]:
    """The same with readiness alone, on the users' path."""
    truth, probes = pauses_and_lockups(rng)
    return truth, Probes(readiness=probes.readiness)


def hanging_dependency(rng: random.Random) -> tuple[Truth, Probes]:
    """Liveness hangs with a database that is away."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        start=Spread(median=rng.uniform(2, 30), sigma=0.2),
        outages=Troubles(per_hour=8, seconds=Spread(median=80, sigma=0.4)),
        hanging=True,
    )
    return truth, Probes(liveness=some(rng, DEPENDENT, initial_delay_seconds=60), readiness=some(rng, WORK))


def throttled_cpu(rng: random.Random) -> tuple[Truth, Probes]:
    """A CPU limit that stops the process under load."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        service=Spread(median=0.1, sigma=0.4),
        load=rng.uniform(0.1, 0.3),
        bursts=Troubles(per_hour=8, seconds=Spread(median=120, sigma=0.4), height=rng.uniform(0.4, 0.9)),
        throttled=rng.uniform(0.2, 0.6),
    )
    return truth, Probes(liveness=some(rng, WORK), readiness=some(rng, WORK))


def crash_and_memory(rng: random.Random) -> tuple[Truth, Probes]:
    """Ends by itself and by the kernel, with starts that take a while."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        start=Spread(median=rng.uniform(5, 15), sigma=0.3),
        crash_seconds=rng.uniform(100, 500),
        oom=rng.uniform(0.2, 0.8),
    )
    return truth, Probes(liveness=some(rng, CHEAP, initial_delay_seconds=30), readiness=some(rng, WORK))


def node_trouble(rng: random.Random) -> tuple[Truth, Probes]:
    """Nodes whose kubelet is away now and then."""
    truth = Truth(replicas=3, node_away=Troubles(per_hour=6, seconds=Spread(median=60, sigma=0.3)))
    return truth, Probes(liveness=laxer(rng), readiness=some(rng, CHEAP))


def laxer(rng: random.Random) -> Probe:
    """A liveness probe that nothing is wrong with: it acts after any readiness probe that `some` gives."""
    return some(rng, CHEAP, initial_delay_seconds=10, period_seconds=10, failure_threshold=rng.choice((6, 8)))


def steady_work(rng: random.Random) -> tuple[Truth, Probes]:
    """Nothing wrong: a server that has something to do, asked at a cheap and at the users' own endpoint."""
    truth = Truth(
        replicas=rng.choice((2, 3, 5)),
        start=Spread(median=rng.uniform(0.3, 10), sigma=0.3),
        servers=rng.choice((2, 4, 8)),
        service=Spread(median=rng.uniform(0.01, 0.06), sigma=0.4),
        load=rng.uniform(0.1, 0.4),
    )
    readiness = some(rng, rng.choice((CHEAP, WORK)), timeout_seconds=rng.choice((2, 3)))
    return truth, Probes(liveness=laxer(rng), readiness=readiness)


def steady_with_startup_probe(rng: random.Random) -> tuple[Truth, Probes]:
    """Nothing wrong: slow starts that a startup probe gives enough time, and now and then a short hiccup."""
    truth = Truth(
        replicas=rng.choice((2, 3)),
        start=Spread(median=rng.uniform(20, 60), sigma=0.2),
        glitches=Troubles(per_hour=1, seconds=Spread(median=2, sigma=0.3)),
        load=rng.uniform(0.05, 0.3),
    )
    startup = some(rng, CHEAP, period_seconds=5, failure_threshold=rng.choice((40, 60)))
    return truth, Probes(liveness=laxer(rng), readiness=some(rng, CHEAP), startup=startup)


FAMILIES: tuple[Family, ...] = (
    rush_of_impatient_users,
    varying_starts,
    startup_probe_too_short,
    glitches,
    lockups_amid_rushes,
    pauses_and_lockups,
    pauses_and_lockups_unattended,
    hanging_dependency,
    throttled_cpu,
    crash_and_memory,
    node_trouble,
    steady_work,
    steady_with_startup_probe,
)
HEALTHY: tuple[Family, ...] = (steady_work, steady_with_startup_probe, node_trouble)
