"""What other probes would have made of a container's past: bounds, not a guess.

The kubelet leaves the phase of its ticks and its lateness in back-off to chance, and a recording does not tell what an
attempt that nobody made would have got. Each pod is replayed over several phases, with what is unknown counted as
success and then as failure; what comes out least and most often are the bounds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from probetuner.model.container import Container
from probetuner.model.probe import ProbeType
from probetuner.tuning.budget import Budget
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.answer import Verdict
from probetuner.tuning.replay.container import Circumstances
from probetuner.tuning.replay.outcome import Outcome
from probetuner.tuning.replay.recorded import LifeSignal, PodSignal, Recorded
from probetuner.tuning.replay.running import run

_PHASES = 8
_LATENESS_STEP = 5  # coprime to the number of phases, so that the two vary independently


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The least and the most of a figure."""

    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a container would have gone through, all pods together; seconds are pod-seconds.

    `unknown_share`, from 0 to 1, is the share of attempts of which nobody knows what they would have got.
    """

    kills: Span
    restarts: Span
    flaps: Span
    unready_seconds: Span
    unknown_share: float


def forecast(
    signals: Iterable[PodSignal], container: Container, probes: Probes, *, grace_seconds: float, budget: Budget
) -> Forecast:
    """Replay these probes over the signals of the container's pods (at least one). Raises TooMuchToReplayError."""
    pods = [_with_added(signal, container, probes) for signal in signals]
    outcomes = [
        [_replay(pod, probes, grace_seconds, phase=phase, unknown_as=verdict, budget=budget) for pod in pods]
        for phase in range(_PHASES)
        for verdict in (Verdict.OK, Verdict.FAILED)
    ]
    attempts = [attempt for pods in outcomes for outcome in pods for attempt in outcome.attempts]
    unknown = sum(attempt.times for attempt in attempts if attempt.verdict is Verdict.UNKNOWN)
    made = sum(attempt.times for attempt in attempts)
    return Forecast(
        kills=_span(sum(len(outcome.kills) for outcome in pods) for pods in outcomes),
        restarts=_span(sum(len(outcome.lives) - 1 for outcome in pods) for pods in outcomes),
        flaps=_span(sum(outcome.flaps for outcome in pods) for pods in outcomes),
        unready_seconds=_span(sum(outcome.unready_seconds for outcome in pods) for pods in outcomes),
        unknown_share=unknown / made if made else 0.0,
    )


def _span(figures: Iterable[float]) -> Span:
    found = list(figures)
    return Span(least=min(found), most=max(found))


def _replay(
    signal: PodSignal, probes: Probes, grace_seconds: float, *, phase: int, unknown_as: Verdict, budget: Budget
) -> Outcome:
    longest = max((probe.period_seconds for kind in ProbeType if (probe := probes.get(kind)) is not None), default=1)
    lead, recorded = signal.lead_seconds, Recorded(signal)
    return run(
        probes=probes,
        application=recorded,
        lasting=recorded,
        circumstances=Circumstances(
            grace_seconds=grace_seconds,
            lead_seconds=longest * (phase + 0.5) / _PHASES if lead is None else lead,
            sync_jitter=(phase * _LATENESS_STEP % _PHASES + 0.5) / _PHASES,
            unknown_as=unknown_as,
        ),
        began_at=signal.began_at,
        until=signal.until,
        budget=budget,
    )


def _with_added(signal: PodSignal, container: Container, probes: Probes) -> PodSignal:
    """The signal with what a probe that was added would have got, where another one had asked the same."""
    sources = dict(_sources(container, probes))
    if not sources:
        return signal
    return replace(signal, lives=tuple(_life_with(life, sources) for life in signal.lives))


def _life_with(life: LifeSignal, sources: Mapping[ProbeType, Sequence[ProbeType]]) -> LifeSignal:
    added = {
        kind: life.cells[source]
        for kind, asked in sources.items()
        for source in reversed(asked)
        if source in life.cells
    }
    return replace(life, cells={**life.cells, **added})


def _sources(container: Container, probes: Probes) -> Iterator[tuple[ProbeType, Sequence[ProbeType]]]:
    for kind in ProbeType:
        probe = probes.get(kind)
        if probe is not None and container.probe(kind) is None:
            same = (
                other for other in ProbeType if (asked := container.probe(other)) and asked.handler == probe.handler
            )
            yield kind, tuple(same)
