"""What happens in one phase of a case, drawn once: every settings policy lives through the same."""

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from gym.truth import Shape, Spread, Troubles, Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What one life of one replica is in for, in seconds since its start; infinity for never."""

    start_seconds: float
    lockup_seconds: float
    crash_seconds: float
    oom: bool


class Spells:
    """Times from when to when something holds, in order and apart."""

    def __init__(self, spells: Sequence[tuple[float, float]]) -> None:
        """Overlapping spells are joined."""
        joined: list[tuple[float, float]] = []
        for begin, end in sorted(spells):
            if joined and begin <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((begin, end))
        self.all = tuple(joined)
        self._begins = [begin for begin, _ in joined]

    def end_of(self, at: float) -> float | None:
        """When the spell that holds at that time ends; None when none holds."""
        place = bisect_right(self._begins, at)
        if place and at < self.all[place - 1][1]:
            return self.all[place - 1][1]
        return None

    def next_after(self, at: float) -> float:
        """When the spell that holds at that time began, or else the next one begins; infinity when none is left."""
        place = bisect_right(self._begins, at)
        if place and at < self.all[place - 1][1]:
            return self._begins[place - 1]
        return self._begins[place] if place < len(self._begins) else math.inf

    def overlap(self, begin: float, end: float) -> float:
        """How many seconds between these times some spell holds."""
        return sum(max(0.0, min(end, stop) - max(begin, start)) for start, stop in self.all)


class Weather:
    """One phase: `seed` decides everything."""

    def __init__(self, truth: Truth, *, seed: str, seconds: float) -> None:
        self._truth = truth
        self._seed = seed
        self.seconds = seconds
        self.bursts = self._spells("bursts", truth.bursts)
        self.outages = self._spells("outages", truth.outages)
        self.node_away = self._spells("node", truth.node_away)
        shared = self._spells("shared", truth.shared_glitches).all
        self.glitches = [
            Spells([*self._spells(f"glitches-{index}", truth.glitches).all, *shared]) for index in range(truth.replicas)
        ]

    def fate(self, replica: int, life: int) -> Fate:
        """What this life is in for; the same for whoever asks."""
        rng = self.rng(f"fate-{replica}-{life}")
        truth = self._truth
        return Fate(
            start_seconds=draw(truth.start, rng),
            lockup_seconds=_wait(truth.lockup_seconds, rng),
            crash_seconds=_wait(truth.crash_seconds, rng),
            oom=rng.random() < truth.oom,
        )

    def rng(self, name: str) -> random.Random:
        """A stream of random numbers of its own."""
        return random.Random(f"{self._seed}-{name}")

    def _spells(self, name: str, troubles: Troubles) -> Spells:
        rng = self.rng(name)
        found, at = [], 0.0
        while troubles.per_hour > 0:
            at += rng.expovariate(troubles.per_hour / 3600.0)
            if at >= self.seconds:
                break
            length = draw(troubles.seconds, rng)
            found.append((at, at + length))
            at += length
        return Spells(found)


def draw(spread: Spread, rng: random.Random) -> float:
    """One value."""
    if not spread.sigma:
        return spread.median
    value = spread.median * math.exp(spread.sigma * rng.gauss(0.0, 1.0))
    if spread.shape is Shape.HEAVY_TAILED and rng.random() < _LONG_SHARE:
        return value * min(_LONGEST, _LONG * rng.paretovariate(_PARETO_INDEX))
    if spread.shape is Shape.BIMODAL:
        return value * (_SHORT_MODE if rng.random() < _SHORT_MODE_SHARE else _LONG_MODE)
    return value


_LONG_SHARE, _LONG, _LONGEST, _PARETO_INDEX = 0.1, 2.0, 10.0, 1.5
_SHORT_MODE_SHARE, _SHORT_MODE, _LONG_MODE = 0.7, 0.6, 3.0
"""`Shape` has the reasons."""


def _wait(mean_seconds: float, rng: random.Random) -> float:
    """Half of it is certain, so that a life always gives some evidence; the rest is exponential."""
    drawn = rng.expovariate(1.0)
    return math.inf if math.isinf(mean_seconds) else mean_seconds * (0.5 + 0.5 * drawn)
