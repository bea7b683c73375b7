"""Attempts at endpoints as tests write them, beside the facts of the pods that they were made in."""

from collections.abc import Iterable, Iterator

from probetuner.facts.fact import EndpointTried, Fact, FailureCause, PodRef
from support.facts import CONTAINER, POD, T0
from support.stories import REPLICAS

CHEAP, BUSY, DEPENDENT, MISSING = "httpGet :80/healthz", "httpGet :80/1", "httpGet :80/health", "httpGet :80/ping"
SERVICE = "hasher"


def tried(
    at: float,
    endpoint: str = CHEAP,
    *,
    cause: FailureCause | None = None,
    seconds: float = 0.002,
    client_error: bool = False,
    elsewhere: bool = False,
    out: tuple[str, ...] = (),
    of: PodRef = POD,
) -> EndpointTried:
    return EndpointTried(
        at=T0 + at,
        pod=of,
        container=CONTAINER,
        endpoint=endpoint,
        seconds=seconds,
        cause=cause,
        client_error=client_error,
        elsewhere=elsewhere,
        services_out=out,
    )


def in_order(*stories: Iterable[Fact]) -> list[Fact]:
    """All stories as one, told in the order in which things happened."""
    return sorted((fact for story in stories for fact in story), key=lambda fact: fact.at)


def rounds(
    begin: float,
    end: float,
    endpoint: str = CHEAP,
    *,
    bad: tuple[float, float] = (0, 0),
    cause: FailureCause = FailureCause.TIMEOUT,
    out: tuple[float, float] = (0, 0),
    pods: tuple[PodRef, ...] = REPLICAS,
) -> Iterator[EndpointTried]:
    """Attempts each ten seconds; they fail within *bad*, and the Service is out within *out*."""
    for at in range(int(begin), int(end), 10):
        for of in pods:
            yield tried(
                at,
                endpoint,
                cause=cause if bad[0] <= at < bad[1] else None,
                out=(SERVICE,) if out[0] <= at < out[1] else (),
                of=of,
            )
