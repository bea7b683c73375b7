"""What a load shows: where the service has its knee, and from which load on its probes lie."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from probetuner.loadtest.figures import Figures
from probetuner.loadtest.impact import Attempts, Impact, ProbeFailures, ProbeKey
from probetuner.model.probe import Probe

_EVENT_SECONDS = 1.0
"""The kubelet gives the times of its events in whole seconds, rounded down."""

_BEYOND = 1.5
"""How far above its knee a service must have been loaded for the knee to have been seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What ended between two lines of the client (epoch seconds): requests answered well, and failed."""

    since: float
    at: float
    answered: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A probe's failed attempts during a step; `lying` of them while requests were answered."""

    failed: int
    lying: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """A step, and what it did to the workload. `fewest_ready` is of pods; kills are the kubelet's, for a probe."""

    figures: Figures
    probes: Mapping[ProbeKey, Failing] = field(default_factory=dict)
    kills: int = 0
    restarts: int = 0
    fewest_ready: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Knee:
    """Where more requests at a time no longer get more answers, but only wait longer.

    `concurrency` is the asymptotic bound N* of Denning and Buzen (The Operational Analysis of Queueing Network Models,
    Computing Surveys 1978) for clients that do not pause: the shortest median latency times the greatest throughput.
    It is `reached` when the load went well beyond it; otherwise the service may bear more than was tried.
    """

    concurrency: float
    answered_per_second: float
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """A probe that failed while requests were answered: from which load on, and how often in all."""

    key: ProbeKey
    concurrency: int
    failed: int
    lying: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the load shows; `attempts` are the kubelet's own counts, where they could be read."""

    steps: tuple[StepResult, ...]
    lies: tuple[Lie, ...]
    knee: Knee | None
    attempts: Mapping[ProbeKey, Attempts] = field(default_factory=dict)


def judge(
    steps: Sequence[Figures],
    moments: Sequence[Moment],
    impact: Impact,
    *,
    probes: Mapping[ProbeKey, Probe],
    replicas: int,
) -> Verdict:
    """Put together what the client counted and what happened to the workload, which had so many ready pods before."""
    results = tuple(
        _result(number, steps, moments, impact, probes=probes, replicas=replicas) for number in range(len(steps))
    )
    return Verdict(steps=results, lies=tuple(_lies(results)), knee=knee_of(steps), attempts=impact.attempts)


def knee_of(steps: Iterable[Figures]) -> Knee | None:
    """The knee of steps of different concurrency; None where fewer than two of them were answered."""
    answered = [(step, step.latency) for step in steps if step.latency is not None and step.seconds]
    if len(answered) < 2:  # noqa: PLR2004 - one point makes no curve
        return None
    throughput = max(step.answered_per_second for step, _ in answered)
    knee = min(latency.p50 for _, latency in answered) * throughput
    most = max(step.concurrency for step, _ in answered)
    return Knee(concurrency=knee, answered_per_second=throughput, reached=most >= _BEYOND * knee)


def moments_of(lines: Iterable[Figures]) -> list[Moment]:
    """What happened between each two lines about the same step; a step's first line counts from its beginning."""
    before: dict[int, Figures] = {}
    found = []
    for line in lines:
        last = before.get(line.step)
        found.append(
            Moment(
                since=last.at if last else line.began_at,
                at=line.at,
                answered=line.answered - (last.answered if last else 0),
                failed=line.failures - (last.failures if last else 0),
            )
        )
        before[line.step] = line
    return found


def is_lie(failures: ProbeFailures, moments: Iterable[Moment], *, timeout_seconds: float) -> bool:
    """Whether more requests were answered than failed while the probe's attempt was under way."""
    began, ended = failures.at - timeout_seconds, failures.at + _EVENT_SECONDS
    meanwhile = [moment for moment in moments if moment.at > began and moment.since < ended]
    return sum(moment.answered for moment in meanwhile) > sum(moment.failed for moment in meanwhile)


def step_at(steps: Sequence[Figures], at: float) -> int | None:
    """The step that something belongs to: the last one that began before it; None before the first."""
    begun = [number for number, step in enumerate(steps) if step.began_at <= at]
    return begun[-1] if begun else None


def _result(
    number: int,
    steps: Sequence[Figures],
    moments: Sequence[Moment],
    impact: Impact,
    *,
    probes: Mapping[ProbeKey, Probe],
    replicas: int,
) -> StepResult:
    failed: Counter[ProbeKey] = Counter()
    lying: Counter[ProbeKey] = Counter()
    for failures in impact.failures:
        timeout = _timeout(failures, probes)
        began = _middle(failures.at) - (timeout if failures.cause.is_silence else 0.0)
        if step_at(steps, began) == number:
            failed[failures.key] += failures.count
            lying[failures.key] += failures.count * is_lie(failures, moments, timeout_seconds=timeout)
    return StepResult(
        figures=steps[number],
        probes={key: Failing(failed=failed[key], lying=lying[key]) for key in sorted(failed)},
        kills=sum(kill.count for kill in impact.kills if step_at(steps, _middle(kill.at)) == number),
        restarts=sum(step_at(steps, _middle(restart.at)) == number for restart in impact.restarts),
        fewest_ready=max(0, replicas - _most_unready(steps[number], impact)),
    )


def _middle(event_at: float) -> float:
    """The likeliest moment of something that is known to the second."""
    return event_at + _EVENT_SECONDS / 2


def _timeout(failures: ProbeFailures, probes: Mapping[ProbeKey, Probe]) -> float:
    probe = probes.get(failures.key)
    return float(probe.timeout_seconds) if probe else 1.0


def _most_unready(step: Figures, impact: Impact) -> int:
    """The most pods that were unready at one time of the step."""
    unready: set[tuple[str, str]] = set()
    levels = [(-math.inf, 0)]
    for change in sorted(impact.readiness, key=lambda change: change.at):
        (unready.discard if change.ready else unready.add)((change.pod, change.container))
        levels.append((change.at, len({pod for pod, _ in unready})))
    spans = pairwise([*levels, (math.inf, 0)])
    return max(count for (since, count), (until, _) in spans if since <= step.at and until > step.began_at)


def _lies(results: Sequence[StepResult]) -> Iterable[Lie]:
    keys = sorted({key for result in results for key in result.probes})
    for key in keys:
        failing = [(result, result.probes[key]) for result in results if key in result.probes]
        first = next((r.figures.concurrency for r, f in failing if 2 * f.lying > f.failed), None)
        if first is not None:
            yield Lie(
                key=key,
                concurrency=first,
                failed=sum(failed.failed for _, failed in failing),
                lying=sum(failed.lying for _, failed in failing),
            )
