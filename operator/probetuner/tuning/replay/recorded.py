"""The signal of a pod: what its probes were seen to get, replayed as an application.

A signal says of each moment of each life what an attempt would have got, as far as attempts near it tell: three-valued,
because nobody asked at other times, because a recorded timeout hides how late the answer would have come, and because
a life that was killed cannot tell how it would have gone on.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from probetuner.model.probe import ProbeType
from probetuner.tuning.replay.answer import UNKNOWN, Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An attempt that was seen: when it began, in seconds of its life, and what it got."""

    age_seconds: float
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSignal:
    """What is known of one life. Times are seconds since its start.

    `exits_seconds` is when it ended by itself, None where a probe ended it or it was still running; `stop_seconds` how
    long it took to end when it was killed. `until_seconds` is the end of what was seen of it. `cells` maps a probe to
    the ages from which on each answer holds, in order.
    """

    until_seconds: float
    exits_seconds: float | None = None
    stop_seconds: float = math.inf
    cells: Mapping[ProbeType, tuple[tuple[float, Answer], ...]] = field(default_factory=dict)

    @property
    def knows_anything(self) -> bool:
        """Whether it is known of any age what any attempt would have got."""
        return any(answer != UNKNOWN for found in self.cells.values() for _, answer in found)

    def answer(self, probe: ProbeType, age_seconds: float) -> Answer:
        """What an attempt at that age would have got."""
        if age_seconds > self.until_seconds:
            return UNKNOWN
        cells, place = self._place(probe, age_seconds)
        return cells[place - 1][1] if place else UNKNOWN

    def same_until(self, probe: ProbeType, age_seconds: float) -> float:
        """Until which age attempts get what one at that age gets; beyond what was seen of the life nothing changes."""
        if age_seconds > self.until_seconds:
            return math.inf
        cells, place = self._place(probe, age_seconds)
        return min(self.until_seconds, cells[place][0] if place < len(cells) else math.inf)

    def _place(self, probe: ProbeType, age_seconds: float) -> tuple[tuple[tuple[float, Answer], ...], int]:
        """The cells of that probe, and how many of them have begun at that age."""
        cells = self.cells.get(probe, ())
        return cells, bisect_right(cells, age_seconds, key=lambda cell: cell[0])


def cells(seen: Sequence[Seen], *, reach_seconds: float) -> tuple[tuple[float, Answer], ...]:
    """From attempts in the order of their time to what holds from when on.

    Each holds halfway to its neighbours, but not longer than *reach_seconds*: beyond, nothing is known. One thing is
    known without asking: a life whose first attempt was refused or unheard had not been up before either.
    """
    found: list[tuple[float, Answer]] = []
    for index, one in enumerate(seen):
        left = one.age_seconds - reach_seconds
        if index:
            before = seen[index - 1].age_seconds
            left = max(left, (before + one.age_seconds) / 2)
            if left > before + reach_seconds:
                found.append((before + reach_seconds, UNKNOWN))
        elif one.answer.cause is not None:
            left = 0.0
        found.append((max(0.0, left), one.answer))
    if seen:
        found.append((seen[-1].age_seconds + reach_seconds, UNKNOWN))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSignal:
    """A pod's lives in order. `began_at` and `until` are epoch seconds: its first start, and the end of what was seen.

    `lead_seconds` is how long before the first start the probes' tickers began, None where no tick gave it away.
    """

    began_at: float
    until: float
    lead_seconds: float | None
    lives: tuple[LifeSignal, ...]


class Recorded:
    """A pod's signal as an `Application`: life by life as it was seen, unknown where nothing was."""

    def __init__(self, signal: PodSignal) -> None:
        self._signal = signal
        self._started: dict[int, float] = {}

    def answer(self, probe: ProbeType, *, life: int, at: float) -> Answer:
        """What an attempt at the same age of the same life was seen to get."""
        if life >= len(self._signal.lives):
            return UNKNOWN
        return self._signal.lives[life].answer(probe, at - self._started[life])

    def same_until(self, probe: ProbeType, *, life: int, at: float) -> float:
        """Until when the same holds; at most to the end of what was seen."""
        if life >= len(self._signal.lives):
            return self._signal.until
        started_at = self._started[life]
        return min(self._signal.until, started_at + self._signal.lives[life].same_until(probe, at - started_at))

    def exits_at(self, *, life: int, started_at: float) -> float:
        """When the same life ended by itself."""
        self._started[life] = started_at
        seconds = self._signal.lives[life].exits_seconds if life < len(self._signal.lives) else None
        return math.inf if seconds is None else started_at + seconds

    def stop_seconds(self, *, life: int, at: float) -> float:  # noqa: ARG002 - recorded per life, whenever it is asked
        """How long the same life took to end when it was killed."""
        return self._signal.lives[life].stop_seconds if life < len(self._signal.lives) else math.inf
