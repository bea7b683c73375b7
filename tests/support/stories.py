"""Histories that lead to a recommendation, told as facts."""

from collections.abc import Iterable, Iterator

from probetuner.facts.fact import Fact, FailureCause, PodRef
from support.facts import READINESS, answered, counted, exited, failed, killed, pod, ready, slow, started, unready

REPLICAS = (pod("web-a"), pod("web-b"))


def killed_under_load(pods: Iterable[PodRef] = REPLICAS, *, kills: int = 3, since: float = 0) -> Iterator[Fact]:
    """Containers that answer well, then late, and then time out and are killed again and again under load.

    Late answers around the kills are what proves a queue: without them it might be a lock-up that comes again.
    """
    for of in pods:
        yield started(since, of=of)
        yield from (counted(since + 10 * n, since + 10 * n + 10, ok=1, of=of) for n in range(6))
        yield answered(since + 40, buckets={2: 4}, of=of)
        yield answered(since + 60, buckets={7: 2}, of=of)
        at = since + 65.0
        for restarts in range(kills):
            yield from (failed(at + late, of=of) for late in (0, 10, 20))
            yield answered(at + 5, buckets={7: 1}, of=of)
            yield counted(at - 5, at + 25, bad=3, of=of)
            yield killed(at + 20, of=of)
            yield exited(at + 50, restarts=restarts, of=of)
            yield started(at + 51, restarts=restarts + 1, of=of)
            at += 60


def killed_once(of: PodRef = REPLICAS[0]) -> Iterator[Fact]:
    """One kill under load, after which the fresh container times out as well: too little to be sure."""
    yield from killed_under_load((of,), kills=1)
    yield from (failed(at, of=of) for at in (130, 140))


def slow_starters(pods: Iterable[PodRef] = REPLICAS, *, kills: int = 3, since: float = 0) -> Iterator[Fact]:
    """Containers that do not listen yet when the liveness probe kills them, each time."""
    for of in pods:
        for restarts in range(kills):
            at = since + 40.0 * restarts
            yield started(at, restarts=restarts, of=of)
            yield from (failed(at + late, cause=FailureCause.REFUSED, of=of) for late in (5, 15, 25))
            yield counted(at, at + 30, bad=3, of=of)
            yield killed(at + 25, of=of)
            yield exited(at + 26, restarts=restarts, of=of)


def quiet(pods: Iterable[PodRef] = REPLICAS, *, since: float = 0, scrapes: int = 30) -> Iterator[Fact]:
    """Containers whose liveness probe always succeeds."""
    for of in pods:
        yield started(since, of=of)
        for n in range(scrapes):
            yield counted(since + 10 * n, since + 10 * n + 10, ok=1, of=of)


def crash_loop(pods: Iterable[PodRef] = REPLICAS, *, crashes: int = 5, since: float = 0) -> Iterator[Fact]:
    """Containers that exit with code 1 by themselves."""
    for of in pods:
        for restarts in range(crashes):
            yield started(since + 30 * restarts, restarts=restarts, of=of)
            yield exited(since + 30 * restarts + 20, restarts=restarts, code=1, of=of)


def oom_loop(pods: Iterable[PodRef] = REPLICAS, *, kills: int = 5, since: float = 0) -> Iterator[Fact]:
    """Containers that the kernel ends at their memory limit."""
    for of in pods:
        for restarts in range(kills):
            yield started(since + 30 * restarts, restarts=restarts, of=of)
            yield exited(since + 30 * restarts + 20, restarts=restarts, reason="OOMKilled", of=of)


def flapping(pods: Iterable[PodRef] = REPLICAS, *, flaps: int = 6, since: float = 0) -> Iterator[Fact]:
    """Containers whose readiness probe takes them out for a moment again and again, one after the other."""
    for number, of in enumerate(pods):
        yield started(since, of=of)
        yield ready(since + 5, of=of)
        for n in range(flaps):
            at = since + 100 * n + 50 * number + 60
            yield failed(at, probe=READINESS, of=of, count=3)
            yield unready(at, of=of)
            yield counted(at - 5, at + 5, bad=3, probe=READINESS, of=of)
            yield ready(at + 20, of=of)
            yield counted(at + 15, at + 25, ok=1, probe=READINESS, of=of)


def rolled_out(pods: Iterable[PodRef], *, since: float) -> Iterator[Fact]:
    """New pods that come up and are let into their Service."""
    for of in pods:
        yield started(since, of=of)
        yield ready(since + 5, of=of)


def bearing_load(pods: Iterable[PodRef], *, since: float, scrapes: int = 6) -> Iterator[Fact]:
    """What new pods show under the same load: answers far slower than the old timeout, and nothing worse."""
    for of in pods:
        for n in range(scrapes):
            yield counted(since + 10 * n, since + 10 * n + 10, ok=1, probe=READINESS, of=of)
            yield slow(since + 10 * n + 10, 1, probe=READINESS, of=of)


def all_out_at_once(pods: Iterable[PodRef], *, since: float) -> Iterator[Fact]:
    """The readiness probe of every new pod takes it out of the Service at the same time."""
    for of in pods:
        yield unready(since, of=of)
