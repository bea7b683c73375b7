"""What the counters said, minute by minute, over all replicas of a container."""

from collections.abc import Callable
from dataclasses import replace

from probetuner.facts.fact import CpuThrottled, Observed, ProbeCounted, ProbeLatencySampled
from probetuner.history import bounds
from probetuner.history.record import ContainerHistory, Minute
from probetuner.history.trial import NO_LATENCY

_MINUTE_SECONDS = 60.0


def count(entry: ContainerHistory, fact: ProbeCounted) -> ContainerHistory:
    """Add attempts that succeeded and failed."""
    return _change(
        entry,
        fact,
        lambda minute: replace(
            minute,
            succeeded={**minute.succeeded, fact.probe: minute.succeeded.get(fact.probe, 0) + fact.succeeded},
            failed={**minute.failed, fact.probe: minute.failed.get(fact.probe, 0) + fact.failed},
        ),
    )


def latency(entry: ContainerHistory, fact: ProbeLatencySampled) -> ContainerHistory:
    """Add the latencies of successful attempts."""
    return _change(
        entry,
        fact,
        lambda minute: replace(
            minute,
            latency={
                **minute.latency,
                fact.probe: tuple(
                    old + new for old, new in zip(minute.latency.get(fact.probe, NO_LATENCY), fact.counts, strict=True)
                ),
            },
        ),
    )


def throttling(entry: ContainerHistory, fact: CpuThrottled) -> ContainerHistory:
    """Add CFS periods."""
    return _change(
        entry,
        fact,
        lambda minute: replace(
            minute,
            cpu_periods=minute.cpu_periods + fact.periods,
            cpu_throttled=minute.cpu_throttled + fact.throttled,
        ),
    )


def _change(entry: ContainerHistory, fact: Observed, change: Callable[[Minute], Minute]) -> ContainerHistory:
    began = fact.at - fact.at % _MINUTE_SECONDS
    newest_at = entry.minutes[-1].started_at if entry.minutes else began - _MINUTE_SECONDS
    if began > newest_at:
        return replace(entry, minutes=(*entry.minutes, change(Minute(started_at=began)))[-bounds.MINUTES :])
    if began == newest_at:
        return replace(entry, minutes=(*entry.minutes[:-1], change(entry.minutes[-1])))
    known = {minute.started_at: minute for minute in entry.minutes}
    known[began] = change(known.get(began, Minute(started_at=began)))
    newest = sorted(known.values(), key=lambda minute: minute.started_at)[-bounds.MINUTES :]
    return replace(entry, minutes=tuple(newest))
