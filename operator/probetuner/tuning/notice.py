"""A readiness probe that notices a stuck replica sooner, and takes no well one out by chance.

The smallest detection time whose mistakes stay within the objective (Chen, Toueg and Aguilera, IEEE ToC 2002): an
attempt that is late by chance costs nothing as long as too few of them follow each other. How often one is late is
known from the kubelet's histogram and from single failures; with none seen it is taken to be once in all attempts.
"""

from collections.abc import Iterator
from dataclasses import replace

from probetuner.diagnosis.case import Case, slower_than
from probetuner.history.record import RunEnding
from probetuner.model.policy import Policy
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.numbers import take_readiness
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName

_PERIODS_SECONDS = (2, 5)
_TIMEOUTS_SECONDS = (1, 2)
_FAILURES = (2, 3, 4, 5, 6)
_LEAST_GAIN = 0.25
_THIRTY_DAYS_SECONDS = 30 * 86400.0


def notice_sooner(proposal: Proposal) -> Proposal:
    """Shorten period, timeout and failures of readiness as far as chance allows; a small gain is no rollout worth."""
    readiness = proposal.probes.readiness
    if readiness is None or ProbeType.READINESS in proposal.loosened:
        return proposal
    quicker = [probe for probe in _candidates(proposal.policy, readiness) if _is_steady(proposal.case, probe)]
    best = min(quicker, key=lambda probe: probe.detection_seconds, default=readiness)
    if best.detection_seconds > (1 - _LEAST_GAIN) * readiness.detection_seconds:
        return proposal
    reason = f"a stuck replica is found after at most {best.detection_seconds} s, not {readiness.detection_seconds} s"
    return take_readiness(proposal, ActionName.TIGHTEN_READINESS, best, reason=reason)


def firmer(proposal: Proposal, readiness: Probe) -> Probe | None:
    """The probe that needs more failures than this one, but no more than chance asks for."""
    steady = (probe for probe in _candidates(proposal.policy, readiness) if _is_steady(proposal.case, probe))
    slower = [
        probe
        for probe in steady
        if probe.failure_threshold > readiness.failure_threshold
        and probe.timeout_seconds >= readiness.timeout_seconds
        and probe.detection_seconds >= readiness.detection_seconds
    ]
    return min(slower, key=lambda probe: probe.detection_seconds, default=None)


def _candidates(policy: Policy, readiness: Probe) -> Iterator[Probe]:
    """No number but the failures is raised: of attempts that are closer together it may take more."""
    for period in {readiness.period_seconds, *_PERIODS_SECONDS}:
        for timeout in {readiness.timeout_seconds, *_TIMEOUTS_SECONDS}:
            if period <= readiness.period_seconds and timeout <= readiness.timeout_seconds:
                for failures in _FAILURES:
                    yield replace(
                        readiness,
                        period_seconds=policy.clamp(ProbeType.READINESS, "period_seconds", period),
                        timeout_seconds=policy.clamp(ProbeType.READINESS, "timeout_seconds", timeout),
                        failure_threshold=policy.clamp(ProbeType.READINESS, "failure_threshold", failures),
                    )


def _is_steady(case: Case, probe: Probe) -> bool:
    """Whether late attempts in a row, as chance makes them, stay within the objective for flaps."""
    attempts = case.replicas * _THIRTY_DAYS_SECONDS / probe.cadence_seconds
    flaps = attempts * _late_share(case, probe.timeout_seconds) ** probe.failure_threshold
    return flaps <= case.objectives.flaps_per_30_days


def _late_share(case: Case, timeout_seconds: int) -> float:
    """The share of attempts that come later than that while nothing is wrong, by no less than one that was not seen."""
    runs = case.runs(ProbeType.READINESS)
    minutes = case.minutes_between(case.history.singles_since, case.history.last_seen_at)
    late = sum(run.failures == 1 and run.ending is RunEnding.BY_ITSELF for run in runs)
    late += sum(slower_than(minute, ProbeType.READINESS, timeout_seconds) for minute in minutes)
    counted = sum(minute.succeeded.get(ProbeType.READINESS, 0) for minute in minutes)
    return min(1.0, (late + 1) / (counted + 1))
