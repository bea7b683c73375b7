"""Settings of a readiness probe that lets short troubles pass."""

from dataclasses import replace

from probetuner.diagnosis import throttling
from probetuner.diagnosis.flapping import empties_service, flapping_runs
from probetuner.diagnosis.slowness import silences
from probetuner.history.record import RunEnding
from probetuner.model.policy import Allowance
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.busy import patient
from probetuner.tuning.notice import firmer
from probetuner.tuning.numbers import take_numbers
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName

_STEP_UP = 2
_LEAST_FAILURES = 3
_SEVERAL = 2


def stop_flapping(proposal: Proposal) -> Proposal:
    """Outlast what ended by itself: a longer timeout where answers were late, and more failures.

    A container that its CPU limit stops needs CPU: patience would only hide it, unless nobody else is left to serve.
    """
    readiness = proposal.probes.readiness
    if readiness is None or (throttling.find(proposal.case) and not empties_service(proposal.case)):
        return proposal
    if any(cause.is_silence for cause in proposal.case.causes(ProbeType.READINESS)):
        why = "answers came later than the timeout; the tail is hidden, so step up and look again"
        if proposal.case.replicas > 1 and empties_service(proposal.case):
            why = "answers came late in all replicas at once, and none was left to serve: readiness waits as it may"
            readiness = patient(readiness, proposal.policy.objectives.readiness_detection_seconds)
            proposal = _keep_liveness_behind(proposal, readiness)
        elif silences(proposal.case) >= _SEVERAL:
            return _bear_chance(proposal, readiness)
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


def _keep_liveness_behind(proposal: Proposal, readiness: Probe) -> Proposal:
    """Let liveness wait as long as readiness for the same answer: the queue that readiness bears would be its kill."""
    liveness = proposal.probes.liveness
    if liveness is None or liveness.handler != readiness.handler:
        return proposal
    longer = replace(liveness, timeout_seconds=max(liveness.timeout_seconds, readiness.timeout_seconds))
    return take_numbers(proposal, longer, reason="it asks what readiness asks, and must not be the first to act")


def _bear_chance(proposal: Proposal, readiness: Probe) -> Proposal:
    """Where replicas do fall silent patience costs users: just as many more failures as chance asks for."""
    probe = firmer(proposal, readiness)
    if probe is None:
        return proposal
    return proposal.take(
        ActionName.RAISE_FAILURE_THRESHOLD,
        f"{probe.failure_threshold} late answers in a row are no chance, and stuck replicas are still found soon",
        needs=Allowance.THRESHOLDS,
        probes=replace(proposal.probes, readiness=probe),
    )


def _outlasting(proposal: Proposal, readiness: Probe) -> int:
    """Failures that outlast the longest trouble seen, as far as the objective for detection leaves room."""
    longest = max(
        (run.failures for run in flapping_runs(proposal.case) if run.ending is RunEnding.BY_ITSELF), default=0
    )
    wanted = max(longest + 1, _LEAST_FAILURES, readiness.failure_threshold)
    left = proposal.policy.objectives.readiness_detection_seconds - readiness.period_seconds - readiness.timeout_seconds
    affordable = 1 + max(0, left) // readiness.cadence_seconds
    return max(readiness.failure_threshold, min(wanted, affordable))
