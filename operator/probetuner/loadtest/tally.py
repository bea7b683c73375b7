"""Counting what becomes of requests."""

import math
from collections import Counter, deque
from collections.abc import Sequence

from probetuner.loadtest.figures import Figures, Latency

_RECENT_SECONDS = 5.0
_ENOUGH = 20


class Tally:
    """What became of the requests of one step. Every latency is kept: a load is small enough, and they are exact."""

    def __init__(self, *, step: int, concurrency: int, began_at: float) -> None:
        self._step, self._concurrency, self._began_at = step, concurrency, began_at
        self._latencies: list[float] = []
        self._failed: Counter[str] = Counter()

    @property
    def ended(self) -> int:
        """How many requests have ended, well or not."""
        return len(self._latencies) + self._failed.total()

    def answer(self, seconds: float) -> None:
        """Count a request that was answered well after so many seconds."""
        self._latencies.append(seconds)

    def fail(self, cause: str) -> None:
        """Count a request that failed."""
        self._failed[cause] += 1

    def figures(self, *, at: float, unfinished: int = 0, cpu_seconds: float = 0.0) -> Figures:
        """What is counted so far."""
        return Figures(
            step=self._step,
            concurrency=self._concurrency,
            began_at=self._began_at,
            at=at,
            answered=len(self._latencies),
            failed=dict(self._failed),
            unfinished=unfinished,
            latency=latency_of(self._latencies),
            cpu_seconds=cpu_seconds,
        )


class ErrorShare:
    """The share of failed requests among those that ended in the last five seconds."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, bool]] = deque()
        self._failed = 0

    def count(self, *, at: float, failed: bool) -> None:
        """Count a request that ended; times (seconds of any clock) do not fall."""
        self._recent.append((at, failed))
        self._failed += failed
        while self._recent and self._recent[0][0] < at - _RECENT_SECONDS:
            self._failed -= self._recent.popleft()[1]

    def exceeds(self, share: float) -> bool:
        """Whether more than that share failed; never by fewer than twenty requests, which would be chance."""
        return len(self._recent) >= _ENOUGH and self._failed > share * len(self._recent)


def latency_of(latencies: Sequence[float]) -> Latency | None:
    """The percentiles of latencies in seconds; None when there is none."""
    if not latencies:
        return None
    ordered = sorted(latencies)
    return Latency(p50=_rank(ordered, 0.5), p90=_rank(ordered, 0.9), p99=_rank(ordered, 0.99), most=ordered[-1])


def _rank(ordered: Sequence[float], share: float) -> float:
    """The nearest rank: the smallest value that at least that share of all does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
