"""Choosing settings by replay: the smallest detection time whose mistakes stay in budget.

A probe is a failure detector (Chen, Toueg and Aguilera, IEEE ToC 2002): it has a detection time and a mistake rate,
and one is bought with the other. Candidates are replayed over what was seen, once as if all that is unknown had gone
well and once as if it had failed. What is chosen has to hold in the worse case, so loosening follows from a few kills
and tightening only from time enough in which nothing is unknown.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory
from probetuner.model.container import Container
from probetuner.model.policy import Policy
from probetuner.model.probe import FIELD_OF, Probe, ProbeType
from probetuner.tuning.budget import Budget, TooMuchToReplayError
from probetuner.tuning.numbers import waiting, within_bounds
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.answer import Verdict
from probetuner.tuning.replay.container import Circumstances
from probetuner.tuning.replay.outcome import Outcome
from probetuner.tuning.replay.recorded import PodSignal, Recorded
from probetuner.tuning.replay.remembered import signals
from probetuner.tuning.replay.running import run

_PHASES = (0.1, 0.45, 0.8)
_LEAST_GAIN = 0.25
_TIMES = (1, 2, 4)
_FAILURES = (2, 3, 4, 6, 8, 12)
_MOST_DETECTION_SECONDS = 300
"""The kubelet's longest back-off (MaxContainerBackOff): who hangs is not left alone for longer than who crashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What settings would have done in the time that was seen, as means over tick phases, all pods together.

    `mistakes` is kills of containers that were not stuck if all unknown attempts had succeeded, `mistakes_at_worst` if
    they had failed. `unready_seconds` and `flaps` are those of the better case. `detection_seconds` is the longest
    time from a lock-up to the kill; None without liveness.
    """

    mistakes: float
    mistakes_at_worst: float
    unready_seconds: float
    flaps: float
    detection_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The settings that were chosen, and what they and the present ones are forecast to do."""

    probes: Probes
    before: Forecast
    after: Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What candidates are replayed over, and how many steps that may take.

    `stuck` are the lives that got stuck for good, whose kill is no mistake.
    """

    history: ContainerHistory
    container: Container
    grace_seconds: float
    budget: Budget
    stuck: Collection[Life] = ()

    def knows_anything(self, probes: Probes) -> bool:
        """Whether it is known of any moment what any of these probes would have got."""
        known = signals(self.history, self.container, probes)
        return any(life.knows_anything for signal in known.values() for life in signal.lives)

    def forecast(self, probes: Probes) -> Forecast:
        """Replay these probes over every pod. Raises TooMuchToReplayError."""
        best = [(uid, self._replay(signal, probes, phase, Verdict.OK)) for uid, signal, phase in self._runs(probes)]
        outcomes = [outcome for _, outcome in best]
        knows_all = not any(outcome.knows_not_all for outcome in outcomes)
        mistakes = sum(self._mistakes(uid, outcome) for uid, outcome in best) / len(_PHASES)
        return Forecast(
            mistakes=mistakes,
            mistakes_at_worst=mistakes if knows_all else self.mistakes_at_worst(probes),
            unready_seconds=sum(outcome.unready_seconds for outcome in outcomes) / len(_PHASES),
            flaps=sum(outcome.flaps for outcome in outcomes) / len(_PHASES),
            detection_seconds=_detection(probes),
        )

    def mistakes_at_worst(self, probes: Probes) -> float:
        """That figure of the forecast alone. Raises TooMuchToReplayError."""
        runs = self._runs(probes)
        worst = (self._mistakes(uid, self._replay(pod, probes, phase, Verdict.FAILED)) for uid, pod, phase in runs)
        return sum(worst) / len(_PHASES)

    def _runs(self, probes: Probes) -> Iterator[tuple[str, PodSignal, float]]:
        """Each pod, by its uid, in each phase of the ticks."""
        for uid, signal in signals(self.history, self.container, probes).items():
            for phase in _PHASES:
                yield uid, signal, phase

    def _replay(self, signal: PodSignal, probes: Probes, phase: float, unknown_as: Verdict) -> Outcome:
        """Of the worse case only the kills are asked for, and after the lives that were seen there are none."""
        period = max((probe.period_seconds for kind in ProbeType if (probe := probes.get(kind)) is not None), default=1)
        recorded = Recorded(signal)
        return run(
            probes=probes,
            application=recorded,
            lasting=recorded,
            circumstances=Circumstances(
                grace_seconds=self.grace_seconds, lead_seconds=phase * period, unknown_as=unknown_as
            ),
            began_at=signal.began_at,
            until=signal.until,
            budget=self.budget,
            most_lives=len(signal.lives) if unknown_as is Verdict.FAILED else math.inf,
        )

    def _mistakes(self, uid: str, outcome: Outcome) -> int:
        """Kills of lives that did not get stuck; beyond the lives that were seen nothing is charged to anybody."""
        seen = sorted((life for life in self.history.lives if life.pod_uid == uid), key=lambda life: life.restarts)
        known = zip(outcome.lives, seen, strict=False)
        return sum(run_.killed_by is not None and life not in self.stuck for run_, life in known)


def choose(evidence: Evidence, present: Probes, candidates: Sequence[Probes], *, most_mistakes: float) -> Choice | None:
    """The best of the candidates, None when the present settings should stay or there is too much to replay.

    Among those within the budget the quickest detection wins, and among equals the smallest change. If none is within
    it, the fewest mistakes win. A gain in detection of less than a quarter is no reason for a rollout.
    """
    try:
        before = evidence.forecast(present)
        chosen = _best(evidence, present, candidates, most_mistakes)
        if chosen is None:
            return None
        after = evidence.forecast(chosen)
    except TooMuchToReplayError:
        return None
    fewer = after.mistakes_at_worst < before.mistakes_at_worst and before.mistakes_at_worst > most_mistakes
    much_quicker = _seconds(after.detection_seconds) <= (1 - _LEAST_GAIN) * _seconds(before.detection_seconds)
    quicker = before.mistakes_at_worst <= most_mistakes and much_quicker
    return Choice(probes=chosen, before=before, after=after) if fewer or quicker else None


def _best(evidence: Evidence, present: Probes, candidates: Sequence[Probes], most_mistakes: float) -> Probes | None:
    """The first within the budget of mistakes, beginning with the quickest: the others need no replay."""
    mistakes: dict[int, float] = {}
    for index in sorted(range(len(candidates)), key=lambda at: _rank(present, candidates[at])):
        mistakes[index] = evidence.mistakes_at_worst(candidates[index])
        if mistakes[index] <= most_mistakes:
            return candidates[index]
    return candidates[min(sorted(mistakes), key=mistakes.__getitem__)] if mistakes else None


def _rank(present: Probes, probes: Probes) -> tuple[float, int]:
    """The less, the better: detection time, then the size of the change."""
    return _seconds(_detection(probes)), change_size(present, probes)


def _detection(probes: Probes) -> float | None:
    return None if probes.liveness is None else probes.liveness.detection_seconds


def _seconds(detection: float | None) -> float:
    return math.inf if detection is None else detection


def change_size(present: Probes, other: Probes) -> int:
    """How many fields differ; a probe that comes or goes counts as all of its fields."""
    size = 0
    for kind in ProbeType:
        before, after = present.get(kind), other.get(kind)
        if before is None or after is None:
            size += 0 if before is after else len(FIELD_OF)
        else:
            size += len([name for name in FIELD_OF if getattr(before, name) != getattr(after, name)])
            size += before.handler != after.handler
    return size


def liveness_candidates(present: Probes, liveness: Probe, policy: Policy) -> Iterator[Probes]:
    """Other timeouts and failure thresholds for this liveness probe, within the policy's bounds.

    The timeout is stepped up by doubling and never down: the tail beyond it is not known. No candidate takes longer to
    find a stuck process than the objective, the present probe or five minutes, whichever is longest.
    """
    seen = set()
    longest = max(_MOST_DETECTION_SECONDS, policy.objectives.liveness_detection_seconds, liveness.detection_seconds)
    for times in _TIMES:
        for failures in (liveness.failure_threshold, *_FAILURES):
            longer = replace(waiting(liveness, liveness.timeout_seconds * times), failure_threshold=failures)
            candidate = within_bounds(policy, ProbeType.LIVENESS, longer, liveness)
            if candidate not in seen and candidate.detection_seconds <= longest:
                seen.add(candidate)
                yield present.with_probe(ProbeType.LIVENESS, candidate)
