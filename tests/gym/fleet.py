"""The replicas of a workload behind their Service: who is asked, who works, and what is lost.

Requests are a fluid: each replica has a backlog of work that grows with its share of the load and drains at its speed.
An attempt of a probe on the users' path waits behind that backlog.
"""

import math
import random
from dataclasses import dataclass

from gym.truth import Stopping, Truth
from gym.weather import Fate, Weather, draw
from probetuner.facts.fact import FailureCause
from probetuner.model.probe import HttpGet, ProbeType
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.answer import REFUSED, SILENCE, Answer
from probetuner.tuning.replay.container import ContainerRun

WORK, CHEAP, DEPENDENT = "/work", "/livez", "/db"
"""The kinds of endpoints: one that queues with the users, one that asks nothing else, one that calls a database."""

_CHEAP_SECONDS = 0.003
_ANSWER_500 = Answer(at_least_seconds=0.02, at_most_seconds=0.02, cause=FailureCause.HTTP_STATUS)


@dataclass(slots=True, kw_only=True)
class Loss:
    """Work that was asked for and not done, in replica-seconds at full speed."""

    refused_seconds: float = 0.0
    unavoidable_seconds: float = 0.0


class Replica:
    """One replica as the `Application` that its probes see."""

    def __init__(self, *, fleet: "Fleet", index: int, paths: dict[ProbeType, str]) -> None:
        self._fleet = fleet
        self._index = index
        self._paths = paths
        self._rng = fleet.weather.rng(f"answers-{index}")
        self.backlog_seconds = 0.0
        self.fate = fleet.weather.fate(index, 0)
        self.fates: list[Fate] = []
        self.up_at = self.stuck_at = math.inf
        self.run: ContainerRun | None = None

    def serves(self, at: float) -> bool:
        """Whether it can do users' work: up, not stuck, not in a glitch."""
        return (
            self.run is not None
            and self.run.running
            and self.up_at <= at < self.stuck_at
            and self._fleet.weather.glitches[self._index].end_of(at) is None
            and not self._has_closed(at)
        )

    def answer(self, probe: ProbeType, *, life: int, at: float) -> Answer:  # noqa: ARG002 - the present life is asked
        """What an attempt gets now, to which the load has flowed."""
        if at < self.up_at:
            return SILENCE if self._fleet.truth.silent_start else REFUSED
        if at >= self.stuck_at:
            return SILENCE
        glitch_ends = self._fleet.weather.glitches[self._index].end_of(at)
        waits = 0.0 if glitch_ends is None else glitch_ends - at
        if not waits and self._has_closed(at):
            return REFUSED
        path = self._paths[probe]
        if path == DEPENDENT and self._fleet.weather.outages.end_of(at + waits) is not None:
            return SILENCE if self._fleet.truth.hanging else _ANSWER_500
        return _after(waits + self._latency_seconds(path, at))

    def exits_at(self, *, life: int, started_at: float) -> float:
        """Begin a life."""
        self._fleet.flow(started_at)
        self._fleet.end_calm()
        self.backlog_seconds = 0.0
        self.fate = self._fleet.weather.fate(self._index, life)
        self.fates.append(self.fate)
        self.up_at = started_at + self.fate.start_seconds
        self.stuck_at = self.up_at + self.fate.lockup_seconds
        return self.up_at + self.fate.crash_seconds

    def stop_seconds(self, *, life: int, at: float) -> float:  # noqa: ARG002 - the present life is asked
        """How long it takes from SIGTERM on (`Stopping`); whoever is in a glitch hears when that has passed."""
        truth = self._fleet.truth
        if truth.stopping is Stopping.NOT_HANDLED:
            return math.inf
        glitch_ends = self._fleet.weather.glitches[self._index].end_of(at)
        hears_at = at if glitch_ends is None else glitch_ends
        if truth.stopping is Stopping.HUNG_TOO:
            return hears_at - at + truth.stop_seconds
        if not self.up_at <= hears_at < self.stuck_at:
            return math.inf
        drains = self._drain_seconds(hears_at) if truth.stopping is Stopping.DRAINS else 0.0
        return hears_at - at + drains + truth.stop_seconds

    def _drain_seconds(self, at: float) -> float:
        """What is queued, and what still comes before the rush is over if it keeps listening."""
        queued = self.backlog_seconds / self._fleet.speed(at)
        rush_ends = self._fleet.weather.bursts.end_of(at)
        if rush_ends is None or not self._fleet.truth.keeps_listening:
            return queued
        return rush_ends - at + queued

    def _has_closed(self, at: float) -> bool:
        """Whether it has closed its listener to drain, so that nothing that comes is served any more."""
        truth, run = self._fleet.truth, self.run
        if truth.stopping is not Stopping.DRAINS or truth.keeps_listening or run is None or run.stopping_since is None:
            return False
        return run.stopping_since <= at < self.stuck_at

    def _latency_seconds(self, path: str, at: float) -> float:
        fleet, rng = self._fleet, self._rng
        speed = fleet.speed(at)
        if path != WORK:
            return _CHEAP_SECONDS * math.exp(rng.gauss(0.0, 0.5)) / speed**2
        service = draw(fleet.truth.service, rng) / speed
        waits = self.backlog_seconds * rng.uniform(0.7, 1.3) / (fleet.truth.servers * speed)
        return waits + service + _random_wait(fleet, service, at, rng)


def _after(seconds: float) -> Answer:
    return Answer(at_least_seconds=seconds, at_most_seconds=seconds)


def _random_wait(fleet: "Fleet", service: float, at: float, rng: random.Random) -> float:
    """What one waits below saturation, as in an M/M/c queue with all its servers taken (approximately)."""
    busy = min(0.95, fleet.demand(at) / fleet.speed(at))
    if rng.random() >= busy**fleet.truth.servers:
        return 0.0
    return rng.expovariate(1.0) * service / (fleet.truth.servers * (1.0 - busy))


class Fleet:
    """All replicas, and the load that their Service spreads over those that are ready."""

    def __init__(self, truth: Truth, weather: Weather, probes: Probes) -> None:
        self.truth = truth
        self.weather = weather
        self.loss = Loss()
        paths = {kind: _path(probes, kind) for kind in ProbeType}
        self.replicas = [Replica(fleet=self, index=index, paths=paths) for index in range(truth.replicas)]
        self._now, self._calm_until = 0.0, -math.inf
        self._ideal_backlog = 0.0
        self._in_use = False

    def speed(self, at: float) -> float:
        """The share of full speed that the CPU limit leaves."""
        return self.truth.throttled if self.weather.bursts.end_of(at) is not None else 1.0

    def demand(self, at: float) -> float:
        """Load as a share of the full capacity of all wanted replicas."""
        if self.weather.bursts.end_of(at) is None:
            return self.truth.load
        return 1.0 if self.truth.closed else self.truth.bursts.height

    def flow(self, now: float) -> None:
        """Let the load flow until now, in steps that are neither long nor so short that they only cost time."""
        if self._now < self._calm_until and self._all_let_in():
            self._now = max(self._now, min(now, self._calm_until))
        while now - self._now >= _LEAST_STEP_SECONDS:
            until = min(now, self._now + _STEP_SECONDS)
            self._flow(self._now, until - self._now)
            self._now = until
            self._calm_until = self._end_of_calm()

    def end_calm(self) -> None:
        """Look anew at what can be lost: a replica has begun a life."""
        self._calm_until = -math.inf

    def _all_let_in(self) -> bool:
        for replica in self.replicas:
            if replica.run is None or not (replica.run.ready and replica.run.running):
                return False
        return True

    def _end_of_calm(self) -> float:
        """Until when nothing can be lost as long as every replica is let in: no queue, and no trouble due before."""
        queues = self._ideal_backlog + sum(replica.backlog_seconds for replica in self.replicas)
        if queues or self.truth.load > 1.0 or not self._in_use or not all(r.serves(self._now) for r in self.replicas):
            return -math.inf
        weather = self.weather
        troubles = (weather.bursts, weather.outages, *weather.glitches)
        return min(*(spells.next_after(self._now) for spells in troubles), *(r.stuck_at for r in self.replicas))

    def _flow(self, at: float, seconds: float) -> None:
        """Move the work of a short time.

        While what the workload calls is away, no setting could serve anybody; and a Service that has never had a
        backend has no users yet, but not for long.
        """
        if self.weather.outages.end_of(at) is not None:
            return
        ready = [replica for replica in self.replicas if replica.run is not None and replica.run.ready]
        self._in_use = self._in_use or bool(ready) or at >= _IN_USE_BY_SECONDS
        if not self._in_use:
            return
        asked = self.demand(at) * self.truth.replicas * seconds
        done = self.speed(at) * seconds
        closed = self.truth.closed and self.weather.bursts.end_of(at) is not None
        most = self.truth.patience_seconds * self.speed(at)
        if closed:
            asked = min(asked, done * self.truth.replicas)
        self._ideal_backlog, lost = _filled(self._ideal_backlog, asked / self.truth.replicas, done, most)
        self.loss.unavoidable_seconds += lost * self.truth.replicas
        if not ready:
            self.loss.refused_seconds += asked
        for replica in self.replicas:
            share = asked / len(ready) if ready and replica in ready else 0.0
            if not replica.serves(at):
                self.loss.refused_seconds += share
            elif closed and share:
                self._queue_up(replica, len(ready), seconds)
            else:
                replica.backlog_seconds, lost = _filled(replica.backlog_seconds, share, done, most)
                self.loss.refused_seconds += lost

    def _queue_up(self, replica: Replica, ready: int, seconds: float) -> None:
        """Clients that wait for their answers before they ask again stand in the queues of the ready replicas."""
        goal = self.truth.bursts.height * self.truth.replicas / ready
        replica.backlog_seconds += (goal - replica.backlog_seconds) * (1.0 - math.exp(-seconds / _CATCHING_UP_SECONDS))


_IN_USE_BY_SECONDS = 300.0
_STEP_SECONDS, _LEAST_STEP_SECONDS = 2.0, 0.5
_CATCHING_UP_SECONDS = 3.0


def _filled(backlog: float, asked: float, done: float, most: float) -> tuple[float, float]:
    """The backlog after some more work was asked and some done, and what was given up."""
    backlog = max(0.0, backlog + asked - done)
    return min(backlog, most), max(0.0, backlog - most)


def _path(probes: Probes, kind: ProbeType) -> str:
    probe = probes.get(kind)
    return probe.handler.path if probe is not None and isinstance(probe.handler, HttpGet) else ""
