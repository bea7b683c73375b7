"""probetuner as it is: facts are folded into a history, diagnosed, and turned into advice by a user's policy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gym.manifest import CONTAINER, workload_of
from gym.phase import Phase
from gym.sight import Sight, histories
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.finding import Finding
from probetuner.history.record import WorkloadHistory
from probetuner.model.policy import Policy
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import Probes, Recommendation


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What probetuner found and recommends; `probes` are those to use from now on."""

    findings: tuple[Finding, ...]
    recommendation: Recommendation | None
    probes: Probes


def advise(phase: Phase) -> Advice:
    """Watch a phase as an operator would, to its end, and say what to change."""
    return advise_after(phase, (math.inf,))[0]


def advise_after(
    phase: Phase, watched_seconds: Sequence[float], sight: Sight = Sight.COUNTERS, policy: Policy | None = None
) -> tuple[Advice, ...]:
    """What would have been said after each of these times, in their order, by who has that to go by."""
    return tuple(_advice(phase, history, policy or Policy()) for history in histories(phase, sight, watched_seconds))


def _advice(phase: Phase, history: WorkloadHistory, policy: Policy) -> Advice:
    known = cases(workload_of(phase.case, phase.probes), history, objectives=policy.objectives, exposed=True)
    findings = diagnose(known)
    recommendation = recommend(known, findings, policy)
    probes = phase.probes if recommendation is None else recommendation.target[CONTAINER]
    return Advice(findings=findings, recommendation=recommendation, probes=probes)
