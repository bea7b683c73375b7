"""From the findings about a workload to one recommendation for it."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.finding import Finding
from probetuner.model.container import Container
from probetuner.model.policy import Policy
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.budget import Budget
from probetuner.tuning.figures import measure
from probetuner.tuning.numbers import within_bounds
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.propose import propose
from probetuner.tuning.recommendation import ActionName, Probes, Reaping, Recommendation

_ID_CHARACTERS = 10


def recommend(
    cases: Sequence[Case],
    findings: Sequence[Finding],
    policy: Policy,
    *,
    budget: Budget | None = None,
    loosened: Collection[tuple[str, ProbeType]] = (),
    refuted: Collection[tuple[str, ProbeType, Probe | None]] = (),
) -> Recommendation | None:
    """Give one recommendation for all containers, None when there is nothing to do and nothing to advise.

    `budget` is what the decision may replay and weigh; where it is exceeded, numbers are chosen without. `loosened`
    are the containers and probes that were given more time lately: only who remembers why tightens them again.
    `refuted` is what was made of them before and undone, since it made things worse.
    """
    budget = Budget() if budget is None else budget
    advise = partial(_advised, cases, findings, budget=budget, loosened=loosened, refuted=refuted)
    proposals = advise(policy)
    actions = tuple(action for proposal in proposals.values() for action in proposal.actions)
    withheld = tuple(action for proposal in proposals.values() for action in proposal.withheld)
    if not actions and not withheld:
        return None
    before_reaping, after_reaping = _reaping(proposals.values())
    current = {case.container.name: _probes_of(case.container) for case in cases}
    target = uncapped = _within(policy, proposals, current)
    if policy.bounds:
        unbound = replace(policy, bounds={})
        uncapped = _within(unbound, advise(unbound), current)
    return Recommendation(
        id=_digest(target, after_reaping, [action.name for action in (*actions, *withheld)]),
        actions=actions,
        withheld=withheld,
        current=current,
        target=target,
        uncapped={} if budget.problem else uncapped,
        before=measure(tuple(cases)),
        current_reaping=before_reaping,
        target_reaping=after_reaping,
    )


def _advised(
    cases: Sequence[Case],
    findings: Sequence[Finding],
    policy: Policy,
    *,
    budget: Budget,
    loosened: Collection[tuple[str, ProbeType]],
    refuted: Collection[tuple[str, ProbeType, Probe | None]],
) -> dict[str, Proposal]:
    """What each container is advised, by its name."""
    propose_all = partial(_propose, cases, findings, policy, budget=budget, loosened=loosened, refuted=refuted)
    proposals = propose_all()
    return proposals if _drops_readiness_alone(proposals.values()) else propose_all(may_drop_readiness=False)


def _propose(
    cases: Sequence[Case],
    findings: Sequence[Finding],
    policy: Policy,
    *,
    budget: Budget,
    loosened: Collection[tuple[str, ProbeType]],
    refuted: Collection[tuple[str, ProbeType, Probe | None]],
    may_drop_readiness: bool = True,
) -> dict[str, Proposal]:
    return {
        case.container.name: propose(
            case,
            [finding for finding in findings if finding.container == case.container.name],
            policy,
            budget=budget,
            loosened=frozenset(kind for container, kind in loosened if container == case.container.name),
            refuted=frozenset((kind, probe) for container, kind, probe in refuted if container == case.container.name),
            may_drop_readiness=may_drop_readiness,
        )
        for case in cases
    }


def _drops_readiness_alone(proposals: Collection[Proposal]) -> bool:
    """Whether readiness is taken away by a patch that does nothing else, or not at all."""
    changes = [action.name for proposal in proposals for action in proposal.actions if action.needs]
    return ActionName.REMOVE_READINESS not in changes or len(changes) == 1


def _reaping(proposals: Collection[Proposal]) -> tuple[Reaping, Reaping]:
    """Who reaps now and who is to reap, told only of what changes."""
    commands = {p.case.container.name: p for p in proposals if p.command is not None}
    workload = next(iter(proposals)).case.workload
    shared = workload.share_process_namespace
    shares = shared if not any(p.shares_processes for p in proposals) else True
    before = Reaping(
        share_process_namespace=shared, commands={name: p.case.container.command for name, p in commands.items()}
    )
    return before, Reaping(
        share_process_namespace=shares, commands={name: p.command for name, p in commands.items() if p.command}
    )


def _probes_of(container: Container) -> Probes:
    return Probes(liveness=container.liveness, readiness=container.readiness, startup=container.startup)


def _within(policy: Policy, proposals: Mapping[str, Proposal], current: Mapping[str, Probes]) -> dict[str, Probes]:
    """The probes that were proposed, within the policy's bounds."""
    return {name: _cap(proposal.probes, current[name], policy) for name, proposal in proposals.items()}


def _cap(probes: Probes, current: Probes, policy: Policy) -> Probes:
    """Keep every changed number within the policy's bounds; what is not changed stays as the user wrote it."""

    def capped(kind: ProbeType) -> Probe | None:
        probe, before = probes.get(kind), current.get(kind)
        return probe and within_bounds(policy, kind, probe, before)

    return Probes(
        liveness=capped(ProbeType.LIVENESS), readiness=capped(ProbeType.READINESS), startup=capped(ProbeType.STARTUP)
    )


def _digest(target: Mapping[str, Probes], reaping: Reaping, actions: Sequence[ActionName]) -> str:
    described = {
        name: {kind.value: repr(probes.get(kind)) for kind in ProbeType} for name, probes in sorted(target.items())
    }
    reaper = [reaping.share_process_namespace is True, dict(reaping.commands)]
    text = json.dumps([described, reaper, sorted(actions)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_CHARACTERS]
