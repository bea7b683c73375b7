"""Lines of the client, and failures of probes, made short."""

from probetuner.facts.fact import FailureCause
from probetuner.loadtest.figures import Figures, Latency
from probetuner.loadtest.impact import ProbeFailures, ProbeKey
from probetuner.model.probe import HttpGet, Probe, ProbeType

LIVENESS = ProbeKey(container="web", probe=ProbeType.LIVENESS)
READINESS = ProbeKey(container="web", probe=ProbeType.READINESS)
PROBES = {key: Probe(handler=HttpGet(port=80), timeout_seconds=1) for key in (LIVENESS, READINESS)}


def line(
    step: int = 0,
    *,
    began_at: float = 0.0,
    at: float,
    concurrency: int = 10,
    answered: int = 0,
    failed: int = 0,
    median: float | None = None,
) -> Figures:
    """A line about a step; failed requests were refused, and every latency is the median."""
    return Figures(
        step=step,
        concurrency=concurrency,
        began_at=began_at,
        at=at,
        answered=answered,
        failed={"refused": failed} if failed else {},
        latency=None if median is None else Latency(p50=median, p90=median, p99=median, most=median),
    )


def steady(*, seconds: int, answered: int = 0, failed: int = 0, concurrency: int = 10) -> list[Figures]:
    """The lines of one step in which so many requests were answered, and failed, in each second."""
    return [
        line(at=float(second), concurrency=concurrency, answered=answered * second, failed=failed * second)
        for second in range(seconds + 1)
    ]


def failing(at: float, *, key: ProbeKey = LIVENESS, count: int = 1) -> ProbeFailures:
    """A probe that timed out."""
    return ProbeFailures(at=at, pod="web-1", key=key, cause=FailureCause.TIMEOUT, count=count)
