"""From the findings about one container to the actions that follow and the probes they lead to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.finding import Finding, FindingName
from probetuner.model.policy import Allowance, Policy
from probetuner.tuning import busy
from probetuner.tuning.recommendation import Action, ActionName, Probes
from probetuner.tuning.start import startup_budget_seconds, with_budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Actions and the probes they lead to; what the policy does not allow is `withheld` and not in `probes`."""

    probes: Probes
    actions: tuple[Action, ...] = ()
    withheld: tuple[Action, ...] = ()


def propose(case: Case, findings: Sequence[Finding], policy: Policy) -> Proposal:
    """Work out what to do about the findings of this container, in the order of their weight."""
    container = case.container
    proposal = Proposal(
        probes=Probes(liveness=container.liveness, readiness=container.readiness, startup=container.startup)
    )
    for finding in findings:
        if finding.name is FindingName.LIVENESS_KILL_DURING_STARTUP:
            proposal = _give_time_to_start(case, policy, proposal)
        elif finding.name is FindingName.LIVENESS_KILL_UNDER_PRESSURE:
            proposal = _bear_pressure(case, policy, proposal)
        elif finding.name is FindingName.OOM_KILLED:
            proposal = _advise(proposal, case, ActionName.RAISE_MEMORY, "the kernel ended it at its memory limit")
    return proposal


def _give_time_to_start(case: Case, policy: Policy, proposal: Proposal) -> Proposal:
    probes = proposal.probes
    asks = probes.startup or probes.liveness
    if asks is None:
        return proposal
    budget = startup_budget_seconds(case, coverage=policy.objectives.startup_coverage)
    startup = with_budget(asks, probes.startup, budget)
    if startup == probes.startup:
        return proposal
    name = ActionName.ADD_STARTUP_PROBE if probes.startup is None else ActionName.RAISE_FAILURE_THRESHOLD
    action = Action(
        name=name,
        container=case.container.name,
        reason=f"a start gets {budget} s before a probe may end it",
        needs=Allowance.STARTUP,
    )
    return _take(proposal, policy, action, replace(probes, startup=startup))


def _bear_pressure(case: Case, policy: Policy, proposal: Proposal) -> Proposal:
    probes = proposal.probes
    liveness = probes.liveness
    if liveness is None:
        return proposal
    name = case.container.name
    if Allowance.TYPES in policy.allow or Allowance.THRESHOLDS not in policy.allow:
        action = Action(
            name=ActionName.REPLACE_LIVENESS_WITH_READINESS,
            container=name,
            reason=f"{liveness.handler} waits behind the users' requests: a timeout there proves no lock-up",
            needs=Allowance.TYPES,
        )
        return _take(proposal, policy, action, busy.without_liveness(probes, replicas=case.replicas))
    longer = busy.with_longer_timeout(liveness)
    timeout = Action(
        name=ActionName.RAISE_TIMEOUT,
        container=name,
        reason=f"answers took longer than {liveness.timeout_seconds} s; the tail is hidden, so step up and look again",
        needs=Allowance.THRESHOLDS,
    )
    proposal = _take(proposal, policy, timeout, replace(probes, liveness=longer))
    threshold = Action(
        name=ActionName.RAISE_FAILURE_THRESHOLD,
        container=name,
        reason=f"{liveness.failure_threshold} timeouts in a row were not a lock-up",
        needs=Allowance.THRESHOLDS,
    )
    return _take(proposal, policy, threshold, replace(probes, liveness=busy.with_more_failures(longer)))


def _advise(proposal: Proposal, case: Case, name: ActionName, reason: str) -> Proposal:
    action = Action(name=name, container=case.container.name, reason=reason)
    return replace(proposal, actions=(*proposal.actions, action))


def _take(proposal: Proposal, policy: Policy, action: Action, probes: Probes) -> Proposal:
    if action.needs is not None and action.needs not in policy.allow:
        return replace(proposal, withheld=(*proposal.withheld, action))
    return replace(proposal, actions=(*proposal.actions, action), probes=probes)
