"""One probe worker of the kubelet (prober/worker.go): its ticker, its streak and its hold."""

import math
from dataclasses import dataclass, replace

from probetuner.facts.fact import FailureCause
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.replay.answer import Result, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """An attempt that is under way."""

    began_at: float
    ends_at: float
    life: int
    result: Result


class Worker:
    """The state that a worker keeps over the lives of its container.

    The ticker begins with the worker, before the container, and its phase stays when the container is started anew. It
    holds one missed tick at most, so an attempt that outlasts the period is followed by the next one at once.
    """

    def __init__(self, kind: ProbeType, probe: Probe, *, began_at: float) -> None:
        self.kind = kind
        self.probe = probe
        self.on_hold = False
        self.flight: Flight | None = None
        self._tick_at = began_at + probe.period_seconds
        self._triggered = False
        self._last: Verdict | None = None
        self._streak = 0

    @property
    def next_at(self) -> float:
        """When something happens next: an attempt ends, or the next is due."""
        if self.flight is not None:
            return self.flight.ends_at
        return -math.inf if self._triggered else self._tick_at

    def trigger(self) -> None:
        """Ask for an attempt at once, as a status update does for a readiness probe that is not successful."""
        self._triggered = True

    def cut_short(self, at: float) -> None:
        """End the attempt under way: the process that it asked is gone, and its connection with it."""
        if self.flight is not None and self.flight.ends_at > at:
            result = Result(verdict=Verdict.FAILED, seconds=at - self.flight.began_at, cause=FailureCause.RESET)
            self.flight = replace(self.flight, ends_at=at, result=result)

    @property
    def repeats_itself(self) -> bool:
        """Whether another result like the last would change nothing: its threshold was reached before."""
        return self._streak >= self._needed(self._last)

    def sleep_until(self, at: float) -> None:
        """Let the ticks before that time pass; none of the phase is lost."""
        if at > self._tick_at:
            self._tick_at += math.ceil((at - self._tick_at) / self.probe.period_seconds) * self.probe.period_seconds

    def wake(self, now: float) -> None:
        """Take the next tick after that time, whatever the worker slept for."""
        ahead = math.floor((self._tick_at - now) / self.probe.period_seconds)
        self._tick_at -= max(0, ahead) * self.probe.period_seconds

    def take_tick(self, now: float) -> None:
        """Consume the trigger, which restarts the ticker (since 1.32), or the tick that is due."""
        period = self.probe.period_seconds
        if self._triggered:
            self._triggered = False
            self._tick_at = now + period
            return
        missed = math.floor((now - self._tick_at) / period)
        self._tick_at += (max(0, missed) + 1) * period

    def count(self, verdict: Verdict) -> bool:
        """Add a result to the streak, and say whether it has reached its threshold.

        The streak is not reset by a new container: what one life left, the next inherits.
        """
        self._streak = self._streak + 1 if verdict is self._last else 1
        self._last = verdict
        if self._streak < self._needed(verdict):
            return False
        if self.kind is ProbeType.STARTUP or (self.kind is ProbeType.LIVENESS and verdict is Verdict.FAILED):
            self.on_hold = True
            self._streak = 0
        return True

    def _needed(self, verdict: Verdict | None) -> int:
        return self.probe.success_threshold if verdict is Verdict.OK else self.probe.failure_threshold
