"""A readiness probe that notices a stuck replica sooner, and takes no well one out by chance.

The smallest detection time whose mistakes stay within the objective (Chen, Toueg and Aguilera, IEEE ToC 2002): an
attempt that is late by chance costs nothing as long as too few of them follow each other. How often one is late is
known from the kubelet's histogram and from single failures; with none seen it is taken to be once in all attempts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from probetuner.diagnosis.case import Case, once, perhaps_slower_than, slower_than
from probetuner.diagnosis.load import paused_kills
from probetuner.diagnosis.pauses import was_up
from probetuner.history.record import FailureRun, Minute, RunEnding
from probetuner.model.policy import THIRTY_DAYS_SECONDS, Policy
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.numbers import take_readiness
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName

_PERIODS_SECONDS = (2, 5)
_TIMEOUTS_SECONDS = (1, 2)
_FAILURES = (2, 3, 4, 5, 6)
_LEAST_GAIN = 0.25
_OCTAVES, _LONGER_SHARE, _LASTING_SHARE = (0.25, 0.5), 0.25, 0.7


def notice_sooner(proposal: Proposal) -> Proposal:
    """Shorten period, timeout and failures of readiness as far as chance allows; a small gain is no rollout worth.

    One that has just been given time for something else keeps it.
    """
    readiness = proposal.probes.readiness
    if readiness is None or readiness != proposal.case.container.readiness or ProbeType.READINESS in proposal.loosened:
        return proposal
    quicker = [probe for probe in _candidates(proposal.policy, readiness) if is_steady(proposal.case, probe)]
    best = min(quicker, key=lambda probe: probe.detection_seconds, default=readiness)
    if best.detection_seconds > (1 - _LEAST_GAIN) * readiness.detection_seconds:
        return proposal
    reason = f"a stuck replica is found after at most {best.detection_seconds} s, not {readiness.detection_seconds} s"
    return take_readiness(proposal, ActionName.TIGHTEN_READINESS, best, reason=reason)


def firmer(proposal: Proposal, readiness: Probe) -> Probe | None:
    """The probe that needs more failures than this one, but no more than chance asks for."""
    steady = (probe for probe in _candidates(proposal.policy, readiness) if is_steady(proposal.case, probe))
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
            if timeout <= period <= readiness.period_seconds and timeout <= readiness.timeout_seconds:
                for failures in _FAILURES:
                    yield replace(
                        readiness,
                        period_seconds=policy.clamp(ProbeType.READINESS, "period_seconds", period),
                        timeout_seconds=policy.clamp(ProbeType.READINESS, "timeout_seconds", timeout),
                        failure_threshold=policy.clamp(ProbeType.READINESS, "failure_threshold", failures),
                    )


def is_steady(case: Case, probe: Probe, *, tolerated_per_30_days: float = 0.0) -> bool:
    """Whether late attempts in a row, as chance has them, stay within the objective for flaps or what is tolerated."""
    attempts = case.replicas * THIRTY_DAYS_SECONDS / probe.cadence_seconds
    flaps = attempts * late_share(case, probe.timeout_seconds) ** probe.failure_threshold
    return flaps <= max(tolerated_per_30_days, case.objectives.flaps_per_30_days)


def late_share(case: Case, timeout_seconds: int) -> float:
    """The share of attempts that come later than that while nothing is wrong, by no less than one that was not seen.

    Answers that only waited for a silence to end are none of them: as many as fall into its last moments. Where no
    minute with an answer is remembered, since all replicas were silent for so long, those before it count.
    """
    shares = _late_shares(case)
    if timeout_seconds not in shares:
        shares[timeout_seconds] = _late_share(case, timeout_seconds)
    return shares[timeout_seconds]


@once
def _late_shares(case: Case) -> dict[int, float]:  # noqa: ARG001 - what is kept for each case
    """The shares that were worked out, by timeout: every candidate with that timeout has the same."""
    return {}


def _late_share(case: Case, timeout_seconds: int) -> float:
    probe = case.container.readiness or Probe(handler=None)
    minutes = case.minutes_between(case.history.singles_since, case.history.last_seen_at)
    slow = sum(slower_than(minute, ProbeType.READINESS, timeout_seconds) for minute in minutes)
    late = max(0.0, slow - _woken(case, probe, timeout_seconds))
    late += _late_by_chance(case, probe, minutes) * min(1.0, probe.timeout_seconds / timeout_seconds)
    counted = sum(minute.succeeded.get(ProbeType.READINESS, 0) for minute in minutes)
    return min(1.0, (late + 1) / ((counted or case.succeeded(ProbeType.READINESS)) + 1))


def _late_by_chance(case: Case, probe: Probe, minutes: Sequence[Minute]) -> float:
    """How many single failures were answers that came too late, and not short silences of the process.

    Chance makes hardly any longer runs; where there are many, single failures are the short ones of them, but for a
    tail of latencies: the further out, the rarer, so answers that took all of the timeout are no more than those that
    took half of it, or a quarter.
    """
    singles = _singles(case)
    if not _are_pauses(case):
        return singles
    outward = [
        sum(perhaps_slower_than(minute, ProbeType.READINESS, share * probe.timeout_seconds) for minute in minutes)
        for share in _OCTAVES
    ]
    octaves = [slower - beyond for slower, beyond in pairwise((*outward, 0))]
    tail = min(octaves) - _woken(case, probe, _OCTAVES[-1] * probe.timeout_seconds) / 2
    return min(singles, max(0.0, tail))


def _woken(case: Case, probe: Probe, seconds: float) -> float:
    """How many attempts within the last moments of a silence got an answer in time, but later than that."""
    if not _are_pauses(case):
        return 0.0
    return len(_silences(case)) * max(0.0, probe.timeout_seconds - seconds) / probe.cadence_seconds


def _are_pauses(case: Case) -> bool:
    """Whether there are so many longer silences that the short ones are of their kind."""
    longer = len(_silences(case)) - _singles(case) + len(paused_kills(case))
    return longer > 0 and longer >= _LONGER_SHARE * _singles(case)


def _singles(case: Case) -> int:
    """How many of them one attempt met; an event may stand for failures of long ago, so a longer one lasts as well."""
    probe = case.container.readiness or Probe(handler=None)
    lasting = _LASTING_SHARE * probe.cadence_seconds
    return sum(run.failures == 1 or run.last_at - run.started_at < lasting for run in _silences(case))


@once
def _silences(case: Case) -> list[FailureRun]:
    """The runs of no answer that ended by themselves, of containers that were up."""
    return [
        run
        for run in case.runs(ProbeType.READINESS)
        if run.ending is RunEnding.BY_ITSELF and all(cause.is_silence for cause in run.causes) and was_up(case, run)
    ]
