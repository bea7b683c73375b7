"""From what a history remembers to the signal of each pod: coarser than a recording's, but all that an operator keeps.

A life answers from its first success on, except in its runs of failures. What a killed life would have gone on to do,
and how late an answer would have come that was not waited for, stays unknown.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from probetuner.facts.fact import FailureCause
from probetuner.history.attribution import RestartCause, attribute
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory, FailureRun
from probetuner.model.container import Container
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.answer import REFUSED, UNKNOWN, Answer
from probetuner.tuning.replay.recorded import LifeSignal, PodSignal

_KILLS = (RestartCause.LIVENESS_KILL, RestartCause.STARTUP_KILL)
_Cells = tuple[tuple[float, Answer], ...]


def signals(history: ContainerHistory, container: Container, probes: Probes) -> dict[str, PodSignal]:
    """What attempts of *probes* would have got in each pod (by uid).

    A probe is told by what the container's own probe with the same handler got; where there is none, nothing is known.
    """
    lives: dict[str, list[Life]] = defaultdict(list)
    for life in sorted(history.lives, key=lambda life: life.restarts):
        lives[life.pod_uid].append(life)
    sources = {kind: source for kind in ProbeType if (source := _source(container, probes, kind)) is not None}
    return {uid: _pod(history, container, mine, sources) for uid, mine in lives.items()}


def _source(container: Container, probes: Probes, kind: ProbeType) -> ProbeType | None:
    probe = probes.get(kind)
    if probe is None:
        return None
    own = (kind, *(other for other in ProbeType if other is not kind))
    return next(
        (other for other in own if (asked := container.probe(other)) is not None and asked.handler == probe.handler),
        None,
    )


def _pod(
    history: ContainerHistory, container: Container, lives: Sequence[Life], sources: Mapping[ProbeType, ProbeType]
) -> PodSignal:
    until = history.last_seen_at
    return PodSignal(
        began_at=lives[0].started_at,
        until=until,
        lead_seconds=None,
        lives=tuple(_life(history, container, life, sources, until=until) for life in lives),
    )


def _life(
    history: ContainerHistory,
    container: Container,
    life: Life,
    sources: Mapping[ProbeType, ProbeType],
    *,
    until: float,
) -> LifeSignal:
    end = until if life.ended_at is None else life.ended_at
    killed = attribute(life, container) in _KILLS
    known = {source: _cells(history, container, life, source, end=end) for source in set(sources.values())}
    stop = life.stop_seconds if killed else None
    return LifeSignal(
        until_seconds=end - life.started_at,
        exits_seconds=None if killed or life.ended_at is None else end - life.started_at,
        stop_seconds=math.inf if stop is None else stop,
        cells={kind: known[source] for kind, source in sources.items()},
    )


def _cells(history: ContainerHistory, container: Container, life: Life, kind: ProbeType, *, end: float) -> _Cells:
    probe = container.probe(kind)
    assert probe is not None
    runs = [
        run
        for run in history.runs
        if run.pod_uid == life.pod_uid and run.probe is kind and life.started_at <= run.started_at <= end
    ]
    found = [(0.0, _before_up(life, kind, probe))]
    up_at = life.answered_at
    if up_at is not None:
        found.append((up_at - life.started_at, Answer(at_most_seconds=probe.timeout_seconds)))
    for run in sorted(runs, key=lambda run: run.started_at):
        found += _failing(run, probe, life, end=end)
    return tuple(sorted(found, key=lambda cell: cell[0]))


def _before_up(life: Life, kind: ProbeType, probe: Probe) -> Answer:
    """What was got before the first success: silence or a refusal as its failures were, unknown if nobody asked."""
    cause = life.tally(kind).main_cause
    if life.answered_at is None:
        return UNKNOWN if cause is None else _answer(cause, probe)
    first = life.tally(kind).first_failed_at
    return REFUSED if first is not None and first < life.answered_at else UNKNOWN


def _failing(run: FailureRun, probe: Probe, life: Life, *, end: float) -> Iterator[tuple[float, Answer]]:
    """A run from its first attempt until halfway to the success that ended it."""
    cause = max(run.causes, key=lambda cause: run.causes[cause], default=FailureCause.OTHER)
    answer = _answer(cause, probe)
    took = probe.timeout_seconds if cause.is_silence else 0.0
    yield max(0.0, run.started_at - took - life.started_at), answer
    over = run.last_at + probe.cadence_seconds / 2
    if run.ended_at is not None and run.ended_at < end and over < end:
        yield min(over, run.ended_at) - life.started_at, Answer(at_most_seconds=probe.timeout_seconds)


def _answer(cause: FailureCause, probe: Probe) -> Answer:
    if cause.is_silence:
        return Answer(at_least_seconds=probe.timeout_seconds, at_most_seconds=math.inf, cause=cause)
    return Answer(cause=cause)
