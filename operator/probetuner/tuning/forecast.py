"""What recommended probes are forecast to do: the past replayed with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.lockup import killed_in_lockup, lockups_without_liveness
from probetuner.history.life import Life
from probetuner.model.policy import Allowance
from probetuner.tuning.budget import Budget, TooMuchToReplayError
from probetuner.tuning.figures import Figures
from probetuner.tuning.recommendation import Recommendation
from probetuner.tuning.search import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class NoForecast:
    """Nothing is forecast, for this reason."""

    reason: str


def evidence_of(case: Case, budget: Budget) -> Evidence:
    """What candidates for this container are replayed over."""
    return Evidence(
        history=case.history,
        container=case.container,
        grace_seconds=case.workload.grace_seconds,
        budget=budget,
        stuck=(*killed_in_lockup(case), *_unattended(case)),
    )


def _unattended(case: Case) -> tuple[Life, ...]:
    """The lives that are silent for good with nothing to end them."""
    pods = {run.pod_uid for run in lockups_without_liveness(case)}
    return tuple(life for life in case.history.lives if life.pod_uid in pods and life.ended_at is None)


def forecast(
    cases: Sequence[Case], recommendation: Recommendation, budget: Budget | None = None
) -> Figures | NoForecast:
    """Replay what was seen with the recommended probes, within the budget of the decision, or say why not.

    What nobody knows is taken to have gone well, as it mostly does; a verdict on the real thing follows anyway.
    """
    budget = Budget() if budget is None else budget
    asked = [(evidence_of(case, budget), recommendation.target[case.container.name]) for case in cases]
    if not any(evidence.knows_anything(probes) for evidence, probes in asked):
        return NoForecast(reason="nothing was seen that tells what the recommended probes would have got")
    try:
        replayed = [evidence.forecast(probes) for evidence, probes in asked]
    except TooMuchToReplayError as problem:
        return NoForecast(reason=str(problem))
    detections = [each.detection_seconds for each in replayed if each.detection_seconds is not None]
    return Figures(
        observed_seconds=recommendation.before.observed_seconds,
        false_restarts=round(sum(each.mistakes for each in replayed)),
        flaps=round(sum(each.flaps for each in replayed)),
        unready_seconds=sum(each.unready_seconds for each in replayed),
        detection_seconds=max(detections, default=None),
        zombies=_zombies(recommendation),
    )


def _zombies(recommendation: Recommendation) -> int | None:
    """None are left where somebody is to reap them: no cure is taken that is not known to reach how they come."""
    taken = any(action.needs is Allowance.REAPER for action in recommendation.actions)
    return 0 if taken else recommendation.before.zombies
