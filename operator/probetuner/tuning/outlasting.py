"""Pauses that outlast the grace period: a process that uses all of it up need not be stuck for good.

Silences are of two kinds, some pass and the others never do, and watching ends with SIGKILL. That is a cure model of
survival analysis, with lognormal durations as in its first one (Boag, JRSS B 11, 1949). What is likely is averaged
over a grid of its numbers, so few pauses leave it open and many settle it.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.load import paused_kills
from probetuner.diagnosis.lockup import sure_lockups
from probetuner.diagnosis.pauses import lone_pauses
from probetuner.diagnosis.waking import woke_after_seconds
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.queues import lasts_seconds

_MEDIANS_SECONDS = tuple(1.5 * 1.3**step for step in range(17))
_SPREADS = ((0.2, 0.1), (0.3, 0.15), (0.5, 0.2), (0.7, 0.2), (0.9, 0.2), (1.2, 0.15))
"""Standard deviations of the logarithm, and how likely each is taken to be before anything was seen."""
_SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 1.0)
"""How many of the silences that liveness ends would have passed."""
_LEAST, _LATE_SECONDS = 1e-12, 2.0
_STANDARD = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Silences:
    """How long silences lasted, in seconds since they began.

    `own` ended by themselves, between the two `limits` in which they could be seen to; of those that were killed after
    `borne_seconds`, `woken` came to themselves, and `deaf` many had not `until_seconds`. All are known to half of
    `grain_seconds`.
    """

    own: tuple[float, ...]
    limits: tuple[float, float]
    woken: tuple[float, ...]
    borne_seconds: float
    deaf: int
    until_seconds: float
    grain_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlasting:
    """How likely a process that used the grace period up only paused, and for how many `seconds` such a pause lasts."""

    chance: float = 0.0
    seconds: float = 0.0


@once
def outlasting(case: Case) -> Outlasting:
    """What the other silences of this container tell of those that used up the grace period.

    Nothing where that was longer then than it is now.
    """
    deaf, waits = sure_lockups(case), [woke_after_seconds(case, life) for life in paused_kills(case)]
    own = tuple(lasts_seconds(case, run) for run in lone_pauses(case))
    if not deaf or not (own or waits) or max(waits, default=0.0) > case.liveness_grace_seconds + _LATE_SECONDS:
        return Outlasting()
    liveness = case.container.liveness or Probe(handler=None)
    reached = liveness.borne_seconds + liveness.period_seconds / 2
    cadence = max((_cadence(case, run.probe) for run in lone_pauses(case)), default=liveness.cadence_seconds)
    return estimate(
        Silences(
            own=own,
            limits=(cadence, max(*own, liveness.borne_seconds, 0.0) + cadence),
            woken=tuple(reached + wait for wait in waits),
            borne_seconds=liveness.borne_seconds,
            deaf=len(deaf),
            until_seconds=reached + case.liveness_grace_seconds,
            grain_seconds=max(cadence, liveness.cadence_seconds),
        )
    )


def _cadence(case: Case, kind: ProbeType) -> int:
    return (case.container.probe(kind) or Probe(handler=None)).cadence_seconds


def estimate(seen: Silences) -> Outlasting:
    """Average over all that may be true of the durations and of the share that passes."""
    supposed = list(_supposed(seen))
    most = max((one.log_likelihood for one in supposed), default=0.0)
    weighed = [(math.exp(one.log_likelihood - most), one) for one in supposed]
    chance = sum(weight * one.chance for weight, one in weighed)
    seconds = sum(weight * one.chance * one.seconds for weight, one in weighed)
    total = sum(weight for weight, _ in weighed)
    return Outlasting(chance=chance / total, seconds=seconds / chance) if total and chance else Outlasting()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Supposed:
    """One supposition: how likely it makes what was seen, and what it makes of a process that used up the grace."""

    log_likelihood: float
    chance: float
    seconds: float


def _supposed(seen: Silences) -> Iterator[_Supposed]:
    for median, (spread, likely) in product(_MEDIANS_SECONDS, _SPREADS):
        lasts = _Durations(median=median, spread=spread)
        reached, outlasted = lasts.beyond(seen.borne_seconds), lasts.beyond(seen.until_seconds)
        if reached < _LEAST and seen.woken:
            continue
        longer = max(seen.until_seconds, lasts.exceeded_by(max(outlasted, _LEAST) / 2))
        durations = math.log(likely) + _of_own(seen, lasts) + _of_woken(seen, lasts)
        remains = outlasted / max(reached, _LEAST)
        for share in _SHARES:
            silent = 1.0 - share + share * remains
            of_kills = len(seen.woken) * math.log(share) + seen.deaf * math.log(max(silent, _LEAST))
            yield _Supposed(
                log_likelihood=durations + of_kills, chance=share * remains / max(silent, _LEAST), seconds=longer
            )


def _of_own(seen: Silences, lasts: "_Durations") -> float:
    least, most = seen.limits
    possible = max(_LEAST, lasts.between(least, most))
    return sum(
        times * math.log(max(_LEAST, lasts.between(max(least, at_least), min(most, at_most)) / possible))
        for (at_least, at_most), times in _in_grains(seen, (min(max(own, least), most) for own in seen.own))
    )


def _of_woken(seen: Silences, lasts: "_Durations") -> float:
    possible = max(_LEAST, lasts.beyond(seen.borne_seconds))
    return sum(
        times * math.log(max(_LEAST, lasts.between(max(seen.borne_seconds, at_least), at_most) / possible))
        for (at_least, at_most), times in _in_grains(seen, seen.woken)
    )


def _in_grains(seen: Silences, durations: Iterable[float]) -> Iterator[tuple[tuple[float, float], int]]:
    """Between what each of them lies, and how many do: equal ones are counted once."""
    for duration, times in Counter(map(round, durations)).items():
        yield (duration - seen.grain_seconds / 2, duration + seen.grain_seconds / 2), times


@dataclass(frozen=True, slots=True, kw_only=True)
class _Durations:
    """Lognormal durations, by their median in seconds and the standard deviation of the logarithm."""

    median: float
    spread: float

    def beyond(self, seconds: float) -> float:
        """The share that lasts longer."""
        return 1.0 if seconds <= 0 else math.erfc(math.log(seconds / self.median) / self.spread / math.sqrt(2)) / 2

    def between(self, least: float, most: float) -> float:
        """The share that lasts so long."""
        return max(0.0, self.beyond(least) - self.beyond(most))

    def exceeded_by(self, share: float) -> float:
        """How long that share of them lasts at least."""
        return self.median * math.exp(-self.spread * _STANDARD.inv_cdf(share))
