"""The settings that a decision had to choose from, and what each would have cost: for whoever asks why."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from probetuner.diagnosis.case import Case
from probetuner.model.policy import Policy
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning import weigh
from probetuner.tuning.budget import Budget, TooMuchToReplayError
from probetuner.tuning.forecast import evidence_of
from probetuner.tuning.proposal import Proposal, begin
from probetuner.tuning.propose import is_weighed
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.search import liveness_candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One setting of the probe, None for leaving it out, and what it would have cost in what was seen."""

    probe: Probe | None
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """The settings of one probe, the cheapest first. `unit` says what is counted."""

    kind: ProbeType
    unit: str
    contenders: tuple[Contender, ...]

    def cost_of(self, probe: Probe | None) -> float:
        """What that one of them costs."""
        return next(one.cost for one in self.contenders if one.probe == probe)


def contests_of(case: Case, policy: Policy, target: Probes, budget: Budget) -> tuple[Contest, ...]:
    """What stood beside the probes that were chosen, by the measure that numbers are chosen by; none without kills.

    Where replicas get stuck or pause it is what users lose (`weigh`), else how many false restarts a replay gives. The
    work of the decision is done once more, within the same bounds; where that is too much nothing is shown.
    """
    if not case.probe_kills:
        return ()
    proposal = begin(case, policy, budget=budget)
    try:
        return _weighed(proposal, target) if is_weighed(case) else _replayed(proposal, target)
    except TooMuchToReplayError:
        return ()


def _weighed(proposal: Proposal, target: Probes) -> tuple[Contest, ...]:
    readiness, liveness = proposal.probes.readiness, proposal.probes.liveness
    decided = replace(proposal, probes=proposal.probes.with_probe(ProbeType.READINESS, target.readiness))
    cost, unit = partial(weigh.lost_seconds, proposal), "replica-seconds lost"
    found = []
    if readiness is not None and proposal.case.replicas > 1:
        options = weigh.readinesses(proposal, readiness)
        found.append(_contest(proposal.probes, target, ProbeType.READINESS, options, unit=unit, cost=cost))
    if liveness is not None:
        options = weigh.livenesses(decided, liveness)
        found.append(_contest(decided.probes, target, ProbeType.LIVENESS, options, unit=unit, cost=cost))
    return tuple(found)


def _replayed(proposal: Proposal, target: Probes) -> tuple[Contest, ...]:
    present, liveness = proposal.probes, proposal.probes.liveness
    if liveness is None:
        return ()
    options = (one.liveness for one in liveness_candidates(present, liveness, proposal.policy))
    cost = evidence_of(proposal.case, proposal.budget).mistakes_at_worst
    return (_contest(present, target, ProbeType.LIVENESS, options, unit="false restarts at worst", cost=cost),)


def _contest(
    present: Probes,
    target: Probes,
    kind: ProbeType,
    options: Iterable[Probe | None],
    *,
    unit: str,
    cost: Callable[[Probes], float],
) -> Contest:
    probes = dict.fromkeys((present.get(kind), target.get(kind), *options))
    contenders = [Contender(probe=probe, cost=cost(present.with_probe(kind, probe))) for probe in probes]
    return Contest(kind=kind, unit=unit, contenders=tuple(sorted(contenders, key=lambda one: one.cost)))
