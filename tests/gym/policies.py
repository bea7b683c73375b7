"""The settings policies that are compared: what people do without looking, and what one would do who knew."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from gym.fleet import CHEAP
from gym.manifest import http
from gym.truth import GymCase
from probetuner.model.probe import HttpGet, Probe
from probetuner.tuning.recommendation import Probes

Fixed = Callable[[GymCase], Probes]


def _path(*probes: Probe | None) -> str:
    for probe in probes:
        if probe is not None and isinstance(probe.handler, HttpGet):
            return probe.handler.path
    return CHEAP


def _paths(case: GymCase) -> tuple[str, str]:
    """What liveness and readiness ask, each what the other does where it is missing."""
    liveness, readiness = case.probes.liveness, case.probes.readiness
    return _path(liveness, readiness), _path(readiness, liveness)


def kubernetes_defaults(case: GymCase) -> Probes:
    """The probes that are there, without a number of their own."""
    present = case.probes
    return Probes(
        liveness=present.liveness and http(_path(present.liveness)),
        readiness=present.readiness and http(_path(present.readiness)),
        startup=present.startup and http(_path(present.startup)),
    )


def jkube_constants(case: GymCase) -> Probes:
    """Readiness after 10 s, liveness after 180 s, three failures: what JKube's enrichers write into manifests."""
    liveness, readiness = _paths(case)
    return Probes(
        liveness=http(liveness, initial_delay_seconds=180), readiness=http(readiness, initial_delay_seconds=10)
    )


def laxer_liveness(case: GymCase) -> Probes:
    """Liveness asks what readiness asks, with ten failures instead of three."""
    _, path = _paths(case)
    readiness = case.probes.readiness or http(path)
    return Probes(liveness=replace(readiness, failure_threshold=10), readiness=readiness)


def no_liveness(case: GymCase) -> Probes:
    """Readiness alone, as it is."""
    return Probes(readiness=case.probes.readiness)


def leave_as_is(case: GymCase) -> Probes:
    """No change."""
    return case.probes


FIXED: dict[str, Fixed] = {
    "leave as is": leave_as_is,
    "Kubernetes' defaults": kubernetes_defaults,
    "JKube's constants": jkube_constants,
    "liveness = readiness, 10 failures": laxer_liveness,
    "no liveness": no_liveness,
}


Price = Callable[[Probes, float], float]
"""What probes cost, or anything from the given limit on as soon as it is clear that they cost as much."""


def best(case: GymCase, starts: Iterable[Probes], price: Price) -> Probes:
    """The best settings that a search over a grid finds, probe after probe, beginning with the best of *starts*.

    It asks only what the workload's own probes ask, as everybody else has to.
    """
    found, least = _cheapest(starts, Probes(), math.inf, price)
    while True:
        before = least
        for options in (_livenesses, _readinesses, _startups):
            found, least = _cheapest(options(case, found), found, least, price)
        if least >= before:
            return found


def _cheapest(options: Iterable[Probes], found: Probes, least: float, price: Price) -> tuple[Probes, float]:
    for one in options:
        cost = price(one, least)
        if cost < least:
            found, least = one, cost
    return found, least


def _livenesses(case: GymCase, present: Probes) -> Iterator[Probes]:
    yield replace(present, liveness=None)
    for path in dict.fromkeys(_paths(case)):
        for timeout, failures in ((1, 3), (2, 3), (5, 2), (5, 4), (5, 8), (10, 12)):
            liveness = http(path, timeout_seconds=timeout, failure_threshold=failures)
            yield replace(present, liveness=liveness)


def _readinesses(case: GymCase, present: Probes) -> Iterator[Probes]:
    yield replace(present, readiness=None)
    _, path = _paths(case)
    for period, timeout, failures in ((2, 1, 2), (2, 1, 4), (5, 1, 3), (5, 5, 3), (10, 10, 9)):
        readiness = http(path, period_seconds=period, timeout_seconds=timeout, failure_threshold=failures)
        yield replace(present, readiness=readiness)


def _startups(case: GymCase, present: Probes) -> Iterator[Probes]:
    yield replace(present, startup=None)
    path = _path(case.probes.startup, case.probes.liveness, case.probes.readiness)
    for failures in (60, 300):
        yield replace(present, startup=http(path, period_seconds=2, failure_threshold=failures))
