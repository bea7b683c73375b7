"""From the facts about a container to the signal of each of its pods."""

import cmath
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from probetuner.facts.fact import Fact, PodEnding, ProbeFailed
from probetuner.history.attribution import RestartCause, attribute
from probetuner.history.fold import observe
from probetuner.history.life import Life
from probetuner.history.record import WorkloadHistory
from probetuner.model.container import Container
from probetuner.model.probe import ProbeType
from probetuner.tuning.replay.placing import SEEN_LATER_SECONDS, Placed, attempts, middle, seen_failures
from probetuner.tuning.replay.recorded import LifeSignal, PodSignal, Seen, cells

_KILLS = (RestartCause.LIVENESS_KILL, RestartCause.STARTUP_KILL)


def signals(facts: Iterable[Fact], container: Container) -> dict[str, PodSignal]:
    """The signal of each pod (by uid) that was seen from its first start on."""
    by_pod: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.container == container.name:
            by_pod[fact.pod.uid].append(fact)
    found = ((uid, _signal(sorted(mine, key=lambda fact: fact.at), container)) for uid, mine in by_pod.items())
    return {uid: signal for uid, signal in found if signal is not None}


def _signal(facts: Sequence[Fact], container: Container) -> PodSignal | None:
    lives = _lives(facts, container)
    if not lives or lives[0].restarts:
        return None
    endings = [fact.at for fact in facts if isinstance(fact, PodEnding)]
    until = min(endings, default=max(fact.at for fact in facts))
    placed = {kind: attempts(facts, kind, probe) for kind in ProbeType if (probe := container.probe(kind)) is not None}
    return PodSignal(
        began_at=_started_at(lives[0]),
        until=until,
        lead_seconds=_lead_seconds(facts, container, began_at=_started_at(lives[0])),
        lives=tuple(_life(life, container, placed, until=until) for life in lives if life.started_at < until),
    )


def _lives(facts: Sequence[Fact], container: Container) -> list[Life]:
    history = WorkloadHistory()
    for fact in facts:
        history = observe(history, fact)
    lives = (life for entry in history.of(container.name) for life in entry.lives)
    return sorted(lives, key=lambda life: life.restarts)


def _lead_seconds(facts: Sequence[Fact], container: Container, *, began_at: float) -> float | None:
    """How long before the first start the tickers began, from the times at which the steadiest was seen to tick.

    Readiness tells nothing: its ticker is started anew by each attempt that a status update asks for.
    """
    single = [fact for fact in facts if not isinstance(fact, ProbeFailed) or (fact.count == 1 and not fact.combined)]
    for kind in (ProbeType.LIVENESS, ProbeType.STARTUP):
        probe = container.probe(kind)
        ticks = [] if probe is None else seen_failures(single, kind, probe)
        if probe is not None and ticks:
            turn = 2 * math.pi / probe.period_seconds
            mean = sum(cmath.exp(1j * turn * (began_at - tick.at)) for tick in ticks)
            return cmath.phase(mean) / turn % probe.period_seconds
    return None


def _started_at(life: Life) -> float:
    """When the process started; a container that was seen ready had started before."""
    latest = math.inf if life.ready_at is None else life.ready_at - SEEN_LATER_SECONDS
    return max(life.started_at, min(middle(life.started_at), latest))


def _life(
    life: Life, container: Container, placed: Mapping[ProbeType, Sequence[Placed]], *, until: float
) -> LifeSignal:
    started_at = _started_at(life)
    ended_at = None if life.ended_at is None or life.ended_at > until else middle(life.ended_at)
    killed = attribute(life, container) in _KILLS
    stop_seconds = math.inf
    if killed and ended_at is not None and life.kill_announced_at is not None:
        stop_seconds = max(0.0, ended_at - middle(life.kill_announced_at))
    end = until if ended_at is None else ended_at
    return LifeSignal(
        until_seconds=end - started_at,
        exits_seconds=None if killed or ended_at is None else ended_at - started_at,
        stop_seconds=stop_seconds,
        cells={
            kind: cells(_seen(mine, started_at, end), reach_seconds=probe.cadence_seconds)
            for kind, mine in placed.items()
            if (probe := container.probe(kind)) is not None
        },
    )


_MARGIN_SECONDS = 0.5


def _seen(placed: Sequence[Placed], started_at: float, end: float) -> list[Seen]:
    return [
        Seen(age_seconds=max(0.0, one.at - started_at), answer=one.answer)
        for one in placed
        if started_at - _MARGIN_SECONDS <= one.at <= end
    ]
