"""Other numbers for a probe, as the actions that lead to them."""

from dataclasses import replace
from typing import Any

from probetuner.diagnosis.case import Case
from probetuner.model.policy import THIRTY_DAYS_SECONDS, Allowance, Policy
from probetuner.model.probe import FIELD_OF, Probe, ProbeType
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName


def tolerated_mistakes(case: Case) -> float:
    """How many false restarts the objective tolerates in the time that was watched."""
    return case.objectives.false_restarts_per_30_days * case.observed_seconds / THIRTY_DAYS_SECONDS


def failures_within(probe: Probe, detection_seconds: int) -> int:
    """The most failures with which that probe still finds a stuck container in that time, at least one."""
    left = detection_seconds - probe.period_seconds - probe.timeout_seconds
    return 1 + max(0, left) // probe.cadence_seconds


def within_bounds(policy: Policy, kind: ProbeType, probe: Probe, before: Probe | None) -> Probe:
    """The probe with every number that changed within the policy's bounds; what is not changed stays as it is."""
    changed: dict[str, Any] = {
        attribute: policy.clamp(kind, attribute, getattr(probe, attribute))
        for attribute in FIELD_OF
        if before is None or getattr(before, attribute) != getattr(probe, attribute)
    }
    return replace(probe, **changed)


def take_readiness(proposal: Proposal, name: ActionName, readiness: Probe, *, reason: str) -> Proposal:
    """Take other numbers for readiness as one action of that name."""
    probes = replace(proposal.probes, readiness=readiness)
    return proposal.take(name, reason, needs=Allowance.THRESHOLDS, probes=probes)


def take_numbers(proposal: Proposal, chosen: Probe, *, reason: str) -> Proposal:
    """Take timeout and failure threshold of the chosen liveness probe, one action for each that differs."""
    liveness = proposal.probes.liveness
    if liveness is None:
        return proposal
    longer = replace(liveness, timeout_seconds=chosen.timeout_seconds)
    proposal = proposal.take(
        ActionName.RAISE_TIMEOUT,
        reason,
        needs=Allowance.THRESHOLDS,
        probes=replace(proposal.probes, liveness=longer),
    )
    more = chosen.failure_threshold > liveness.failure_threshold
    return proposal.take(
        ActionName.RAISE_FAILURE_THRESHOLD if more else ActionName.LOWER_FAILURE_THRESHOLD,
        reason,
        needs=Allowance.THRESHOLDS,
        probes=replace(proposal.probes, liveness=replace(longer, failure_threshold=chosen.failure_threshold)),
    )
