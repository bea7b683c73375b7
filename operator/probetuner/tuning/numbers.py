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


def waiting(probe: Probe, timeout_seconds: int) -> Probe:
    """The probe with that timeout, and a period that is no shorter, unless the probe had a shorter one before.

    Attempts never overlap (prober/worker.go run): with a shorter period it would act later than its numbers say.
    """
    period = max(probe.period_seconds, timeout_seconds) if is_in_period(probe) else probe.period_seconds
    return replace(probe, timeout_seconds=timeout_seconds, period_seconds=period)


def longest_timeout_within(probe: Probe, detection_seconds: int) -> int:
    """The longest timeout with which that probe still finds a stuck container in that time, as `waiting` sets it."""
    timeout = (detection_seconds - probe.period_seconds) // probe.failure_threshold
    if timeout <= probe.period_seconds or not is_in_period(probe):
        return timeout
    return max(probe.period_seconds, detection_seconds // (probe.failure_threshold + 1))


def is_in_period(probe: Probe) -> bool:
    """Whether an attempt ends before the next one is due."""
    return probe.timeout_seconds <= probe.period_seconds


def within_bounds(policy: Policy, kind: ProbeType, probe: Probe, before: Probe | None) -> Probe:
    """The probe with every number that changed within the policy's bounds; what is not changed stays as it is.

    So does what they would change the other way: a number outside of them is not tightened because it was to be
    loosened. A timeout for which they leave too short a period becomes shorter too.
    """
    changed: dict[str, Any] = {}
    for attribute in FIELD_OF:
        wanted = getattr(probe, attribute)
        present = wanted if before is None else getattr(before, attribute)
        allowed = policy.clamp(kind, attribute, wanted)
        if before is None or (allowed - present) * (wanted - present) > 0:
            changed[attribute] = allowed
        elif wanted != present:
            changed[attribute] = present
    bounded = replace(probe, **changed)
    if is_in_period(bounded) or (before is not None and not is_in_period(before)):
        return bounded
    return replace(bounded, timeout_seconds=policy.clamp(kind, "timeout_seconds", bounded.period_seconds))


def take_readiness(proposal: Proposal, name: ActionName, readiness: Probe, *, reason: str) -> Proposal:
    """Take other numbers for readiness as one action of that name."""
    probes = replace(proposal.probes, readiness=readiness)
    return proposal.take(name, reason, needs=Allowance.THRESHOLDS, probes=probes)


def take_numbers(proposal: Proposal, chosen: Probe, *, reason: str) -> Proposal:
    """Take timeout (and with it the period) and failures of the chosen liveness probe, an action for each.

    Where the longer timeout is not taken, since a CPU limit may be what makes answers late, it does not come with the
    failures either, and there are no fewer of them: they were chosen for that timeout.
    """
    liveness = proposal.probes.liveness
    if liveness is None:
        return proposal
    longer = replace(liveness, timeout_seconds=chosen.timeout_seconds, period_seconds=chosen.period_seconds)
    failures = chosen.failure_threshold
    waiting_longer = proposal.take(
        ActionName.RAISE_TIMEOUT,
        reason,
        needs=Allowance.THRESHOLDS,
        probes=replace(proposal.probes, liveness=longer),
    )
    if waiting_longer is proposal and longer != liveness:
        longer, failures = liveness, max(failures, liveness.failure_threshold)
    return waiting_longer.take(
        ActionName.RAISE_FAILURE_THRESHOLD
        if failures > liveness.failure_threshold
        else ActionName.LOWER_FAILURE_THRESHOLD,
        reason,
        needs=Allowance.THRESHOLDS,
        probes=replace(proposal.probes, liveness=replace(longer, failure_threshold=failures)),
    )
