"""Settings of a readiness probe that lets short troubles pass."""

from bisect import bisect_right
from dataclasses import replace

from probetuner.diagnosis import throttling
from probetuner.diagnosis.flapping import (
    emptied_seconds,
    empties_service,
    flapping_runs,
    flapping_seconds,
    flaps,
    follows_queue,
)
from probetuner.diagnosis.load import overrun
from probetuner.diagnosis.lockup import killed_in_lockup, lockups_without_liveness
from probetuner.diagnosis.slowness import seconds_sent_to_silence, silences
from probetuner.history.record import RunEnding
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.busy import asking_often, lasted_seconds, patient
from probetuner.tuning.loss import price_of_rollout, price_of_silence
from probetuner.tuning.notice import firmer
from probetuner.tuning.numbers import failures_within, take_numbers, take_readiness, waiting
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName

_STEP_UP, _PATIENT_SECONDS = 2, 30
_LEAST_FAILURES = 3
_SEVERAL = 2
_HIDDEN = "answers came later than the timeout; the tail is hidden, so step up and look again"


def stop_flapping(proposal: Proposal) -> Proposal:
    """Outlast what ended by itself: a longer timeout where answers were late, and more failures.

    A probe that was just given time for a queue needs no more of it. A container that its CPU limit stops needs CPU:
    patience would only hide that, unless nobody else is left to serve.
    """
    case, readiness = proposal.case, proposal.probes.readiness
    if readiness is None or readiness != case.container.readiness:
        return proposal
    emptied = case.replicas > 1 and empties_service(case)
    if throttling.find(case) and not emptied:
        return proposal
    if not any(cause.is_silence for cause in case.causes(ProbeType.READINESS)):
        return _outlast(proposal, readiness)
    if emptied:
        return _wait_as_it_may(proposal, readiness)
    if silences(case) >= _SEVERAL and not overrun(case):
        return _bear_a_queue(proposal, readiness) if follows_queue(case) else _bear_chance(proposal, readiness)
    longer = waiting(readiness, readiness.timeout_seconds * _STEP_UP)
    return _outlast(take_readiness(proposal, ActionName.RAISE_TIMEOUT, longer, reason=_HIDDEN), longer)


def _wait_as_it_may(proposal: Proposal, readiness: Probe) -> Proposal:
    """All the patience that the objective leaves; where even that emptied the Service, twice as much.

    Who waits for half a minute already is asked for no more. Where replicas lock up, users are sent to them meanwhile:
    no more patience than that loses them less than they lose now.
    """
    case, objective = proposal.case, proposal.policy.objectives.readiness_detection_seconds
    lockups = len(killed_in_lockup(case)) + len(lockups_without_liveness(case))
    longer = patient(readiness, proposal.policy, borne_seconds=0 if lockups else lasted_seconds(case))
    if longer.timeout_seconds <= readiness.timeout_seconds < _PATIENT_SECONDS:
        longer = waiting(longer, _STEP_UP * readiness.timeout_seconds)
    if lockups:
        lost = max(emptied_seconds(case) * case.replicas, flapping_seconds(case) if follows_queue(case) else 0.0)
        objective = min(objective, int(readiness.detection_seconds + lost / lockups))
        longer = _longest_within(objective, readiness, longer, often=readiness)
    if longer.timeout_seconds <= readiness.timeout_seconds:
        return _bear_chance(proposal, readiness)
    why = "answers came late in all replicas at once, and none was left to serve: readiness waits as it may"
    proposal = _keep_liveness_behind(proposal, longer)
    return _outlast(take_readiness(proposal, ActionName.RAISE_TIMEOUT, longer, reason=why), longer, within=objective)


def _longest_within(most_seconds: float, readiness: Probe, longer: Probe, *, often: Probe) -> Probe:
    """The longer probe, or as much of its timeout as finds a silent replica in that time; else readiness as it is.

    Its period is that of `often`, as far as the timeout leaves room for that.
    """
    firm = replace(often, failure_threshold=longer.failure_threshold)
    timeouts = range(readiness.timeout_seconds, longer.timeout_seconds + 1)
    in_time = bisect_right(timeouts, most_seconds, key=lambda one: waiting(firm, one).detection_seconds)
    return waiting(firm, timeouts[in_time - 1]) if in_time else readiness


def _outlast(proposal: Proposal, readiness: Probe, *, within: int | None = None) -> Proposal:
    failures = _outlasting(proposal, readiness, within)
    reason = f"troubles of up to {failures - 1} attempts ended by themselves"
    outlasting = replace(readiness, failure_threshold=failures)
    return take_readiness(proposal, ActionName.RAISE_FAILURE_THRESHOLD, outlasting, reason=reason)


def _keep_liveness_behind(proposal: Proposal, readiness: Probe) -> Proposal:
    """Let liveness wait as long as readiness for the same answer: the queue that readiness bears would be its kill."""
    liveness = proposal.probes.liveness
    if liveness is None or liveness.handler != readiness.handler:
        return proposal
    longer = waiting(liveness, max(liveness.timeout_seconds, readiness.timeout_seconds))
    return take_numbers(proposal, longer, reason="it asks what readiness asks, and must not be the first to act")


def _bear_a_queue(proposal: Proposal, readiness: Probe) -> Proposal:
    """The longest timeout within the objective that loses users less on silent replicas than the flaps do."""
    case, objective = proposal.case, proposal.policy.objectives.readiness_detection_seconds
    often = asking_often(readiness)
    longest = patient(often, proposal.policy)
    most = min(objective, readiness.detection_seconds + flapping_seconds(case) / silences(case))
    longer = _longest_within(most, readiness, longest, often=often)
    if longer.timeout_seconds <= readiness.timeout_seconds:
        return _bear_chance(proposal, readiness)
    why = "answers came late for a while, as a queue makes them, and stuck replicas are still found soon"
    proposal = _keep_liveness_behind(proposal, longer)
    return take_readiness(proposal, ActionName.RAISE_TIMEOUT, longer, reason=why)


def _bear_chance(proposal: Proposal, readiness: Probe) -> Proposal:
    """Where replicas do fall silent patience costs users: just as many more failures as chance asks for, if any.

    Where no number of them is enough, answers get more time. As long as the flaps cost little more than it would to
    find the silent replicas later, they are borne.
    """
    firm, case, costs = firmer(proposal, readiness), proposal.case, proposal.policy.objectives.costs
    probe = firm or waiting(readiness, _STEP_UP * readiness.timeout_seconds)
    found_later = seconds_sent_to_silence(case, probe.detection_seconds)
    found_later -= seconds_sent_to_silence(case, readiness.detection_seconds)
    since = min((spell.started_at for spell in flaps(case)), default=case.history.first_seen_at)
    rollout = price_of_rollout(costs, (case.history.last_seen_at - since) * case.replicas)
    if price_of_silence(costs) * found_later + rollout > flapping_seconds(case):
        return proposal
    if firm is None:
        return take_readiness(proposal, ActionName.RAISE_TIMEOUT, probe, reason=_HIDDEN)
    reason = f"{probe.failure_threshold} late answers in a row are no chance, and stuck replicas are still found soon"
    return take_readiness(proposal, ActionName.RAISE_FAILURE_THRESHOLD, probe, reason=reason)


def _outlasting(proposal: Proposal, readiness: Probe, within: int | None) -> int:
    """Failures that outlast the longest trouble seen, as far as the objective for detection leaves room."""
    longest = max(
        (run.failures for run in flapping_runs(proposal.case) if run.ending is RunEnding.BY_ITSELF), default=0
    )
    wanted = max(longest + 1, _LEAST_FAILURES, readiness.failure_threshold)
    affordable = failures_within(readiness, within or proposal.policy.objectives.readiness_detection_seconds)
    return max(readiness.failure_threshold, min(wanted, affordable))
