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


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """Attempts that get what `flight` got, and change nothing but the streak: `times` of them, left out of a replay.

    The first begins at `first_at`, each further one `cadence_seconds` later. All end before the process does.
    """

    flight: Flight
    first_at: float
    cadence_seconds: float
    times: int

    @property
    def over_at(self) -> float:
        """When the attempt after them begins."""
        return self.first_at + self.times * self.cadence_seconds

    def begun(self, now: float) -> int:
        """How many have begun at that time."""
        return self._passed(now - self.first_at)

    def ended(self, now: float) -> int:
        """How many have ended at that time."""
        return self._passed(now - self.flight.result.seconds - self.first_at)

    def _passed(self, seconds: float) -> int:
        return min(self.times, max(0, 1 + math.floor(seconds / self.cadence_seconds)))

    def attempt(self, index: int) -> Flight:
        """One of them, counted from 0."""
        began_at = self.first_at + index * self.cadence_seconds
        return replace(self.flight, began_at=began_at, ends_at=began_at + self.flight.result.seconds)


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
        self._rests = False
        self._repetition: Repetition | None = None
        self._last: Verdict | None = None
        self._streak = 0

    @property
    def next_at(self) -> float:
        """When something happens next: an attempt ends, or the next is due."""
        if self.flight is not None:
            return self.flight.ends_at
        if self._triggered:
            return -math.inf
        if self._repetition is not None:
            return self._repetition.over_at
        return math.inf if self._rests else self._tick_at

    def trigger(self) -> None:
        """Ask for an attempt at once, as a status update does for a readiness probe that is not successful."""
        self._triggered = True

    def cut_short(self, at: float) -> None:
        """End the attempt under way: the process that it asked is gone, and its connection with it."""
        if self.flight is not None and self.flight.ends_at > at:
            result = Result(verdict=Verdict.FAILED, seconds=at - self.flight.began_at, cause=FailureCause.RESET)
            self.flight = replace(self.flight, ends_at=at, result=result)

    def rest_until(self, at: float) -> None:
        """Let the ticks before that time pass, which make no attempt; infinity is until it is woken."""
        if at == math.inf:
            self._rests = True
        elif at > self._tick_at:
            self._tick_at += math.ceil((at - self._tick_at) / self.probe.period_seconds) * self.probe.period_seconds

    def repeat(self, landed: Flight, *, same_until: float) -> None:
        """Leave out the attempts that begin before that time, for they get the same; not one that reaches a threshold.

        They follow each other by the period, or at once where they take as long. One that ran late catches up with its
        ticks first.
        """
        period, seconds = self.probe.period_seconds, landed.result.seconds
        if self._triggered or (seconds < period and self._tick_at < landed.ends_at):
            return
        first_at, cadence = max(self._tick_at, landed.ends_at), max(period, seconds)
        times = max(0, math.ceil((same_until - first_at) / cadence))
        short = self._needed(self._last) - self._streak
        times = times if short <= 0 else min(times, short - 1)
        if times:
            self._repetition = Repetition(flight=landed, first_at=first_at, cadence_seconds=cadence, times=times)

    def settle(self, now: float) -> tuple[Flight, int] | None:
        """Be as if none had been left out until then: the latest of those that have ended, and how many have."""
        repetition, self._repetition = self._repetition, None
        if repetition is None:
            return None
        begun, ended = repetition.begun(now), repetition.ended(now)
        self._streak += ended
        if begun:
            self.take_tick(repetition.attempt(begun - 1).began_at)
        if begun > ended:
            self.flight = repetition.attempt(begun - 1)
        return (repetition.attempt(ended - 1), ended) if ended else None

    def wake(self, now: float) -> None:
        """Take the next tick from that time on, if it rested."""
        if self._rests:
            self._rests = False
            self.rest_until(now)

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
