"""Settings of a readiness probe that lets short troubles pass."""

from dataclasses import replace

from probetuner.diagnosis.flapping import empties_service
from probetuner.history.record import RunEnding
from probetuner.model.policy import Allowance
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.busy import patient
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName

_STEP_UP = 2
_LEAST_FAILURES = 3


def stop_flapping(proposal: Proposal) -> Proposal:
    """Outlast what ended by itself: a longer timeout where answers were late, and more failures."""
    readiness = proposal.probes.readiness
    if readiness is None:
        return proposal
    if any(cause.is_silence for cause in proposal.case.causes(ProbeType.READINESS)):
        why = "answers came later than the timeout; the tail is hidden, so step up and look again"
        if proposal.case.replicas > 1 and empties_service(proposal.case):
            why = "answers came late in all replicas at once, and none was left to serve: readiness waits as it may"
            readiness = patient(readiness, proposal.policy.objectives.readiness_detection_seconds)
        else:
            readiness = replace(readiness, timeout_seconds=readiness.timeout_seconds * _STEP_UP)
        proposal = proposal.take(
            ActionName.RAISE_TIMEOUT,
            why,
            needs=Allowance.THRESHOLDS,
            probes=replace(proposal.probes, readiness=readiness),
        )
    failures = _outlasting(proposal, readiness)
    return proposal.take(
        ActionName.RAISE_FAILURE_THRESHOLD,
        f"troubles of up to {failures - 1} attempts ended by themselves",
        needs=Allowance.THRESHOLDS,
        probes=replace(proposal.probes, readiness=replace(readiness, failure_threshold=failures)),
    )


def _outlasting(proposal: Proposal, readiness: Probe) -> int:
    """Failures that outlast the longest trouble seen, as far as the objective for detection leaves room."""
    longest = max(
        (run.failures for run in proposal.case.runs(ProbeType.READINESS) if run.ending is RunEnding.BY_ITSELF),
        default=0,
    )
    wanted = max(longest + 1, _LEAST_FAILURES, readiness.failure_threshold)
    left = proposal.policy.objectives.readiness_detection_seconds - readiness.period_seconds - readiness.timeout_seconds
    affordable = 1 + max(0, left) // readiness.cadence_seconds
    return max(readiness.failure_threshold, min(wanted, affordable))
