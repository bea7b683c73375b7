"""Numbers for both probes of a container that is known to fall silent: the least that they cost users in all.

Detection is bought with mistakes on both sides: of the replicas that fall silent, patience keeps users at them; of
those that are only late, a lack of it takes them out or restarts them. `loss` has the price of each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from probetuner.diagnosis.case import Case, slower_than
from probetuner.diagnosis.latency import SLOW_SHARE_OF_TIMEOUT
from probetuner.diagnosis.load import busy_kills
from probetuner.diagnosis.unknown import stand_beside, were_all_stuck
from probetuner.diagnosis.working import working_seconds
from probetuner.diagnosis.written import EAGER_SECONDS
from probetuner.model.policy import THIRTY_DAYS_SECONDS, Policy
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.budget import TooMuchToReplayError
from probetuner.tuning.experience import TIMEOUTS_SECONDS, experience_of
from probetuner.tuning.loss import loss, price_of_rollout, steps
from probetuner.tuning.notice import is_steady
from probetuner.tuning.numbers import is_in_period, take_numbers, take_readiness, waiting, within_bounds
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName, Probes
from probetuner.tuning.search import change_size

_PERIODS_SECONDS, _FAILURES = (2, 5, 10), (2, 3, 4, 5, 6, 8, 10, 12)
_LEAST_GAIN, _EQUAL = 0.1, 1.03
_LONG_ENOUGH_SECONDS = 1800.0
_SEVERAL, _LIKELY_ONE, _ODD_SHARE = 2, 0.5, 0.1
_ENDED_SOON = "what does not is ended soon"
_ENOUGH_LOCKUPS, _SLOW_SHARE = 3, 0.05
"""Liveness is made quicker after so many lock-ups, if no larger share of its answers is slow."""
_TIMES_LONGEST = 2
"""How many times the longest pause liveness bears where hardly any lock-up was seen."""
_CHANCE_SHARE = 0.25
"""Flaps by chance are borne as often as that share of the silences that are flaps too."""
_FIRST_STEP_SECONDS, _STEP_UP = 8, 2
_LEAST_FAILURES, _LEAST_TO_RESTART = 2, 3
"""With a longer timeout, of which nobody knows yet what it gains; a false restart costs more than a flap."""
_USERS_WAIT_SECONDS = 10
"""For so long a person's attention stays with what was asked for (Nielsen, Usability Engineering, 1993).

Hardly anybody stands in a longer queue. With a longer timeout readiness bears as much, or what it did if that is less;
it is the first step of liveness, and with it two failures are enough.
"""


def knows_silence(case: Case) -> bool:
    """Whether replicas were seen to fall silent, for good or for a while, often enough to be weighed."""
    experience = experience_of(case)
    return experience.lockups + experience.passed >= _SEVERAL


def knows_lockups(case: Case) -> bool:
    """Whether replicas were seen to get stuck for good, under any template."""
    return experience_of(case).lockups >= _LIKELY_ONE


def hardly_locks_up(case: Case) -> bool:
    """Whether no more than the odd silence was a lock-up."""
    experience = experience_of(case)
    return experience.lockups <= _ODD_SHARE * experience.times * experience.passed


def _queues(case: Case, kind: ProbeType) -> bool:
    """Whether the answers to that probe were seen to queue."""
    return any(queue.probe is kind for queue in experience_of(case).queues)


def _meets_queues(case: Case) -> bool:
    """Whether readiness met queues, and no less often than pauses."""
    experience = experience_of(case)
    queues = sum(queue.probe is ProbeType.READINESS for queue in experience.queues)
    return queues >= max(1, experience.passed)


def balance(proposal: Proposal, *, in_time: bool = False) -> Proposal:
    """Choose the numbers of readiness, and then of liveness, that cost users least; a small gain is no rollout worth.

    With `in_time` readiness that is slower than its objective is made quicker, whatever that gains.
    """
    return _liveness(_readiness(proposal, in_time=in_time))


def _readiness(proposal: Proposal, *, in_time: bool) -> Proposal:
    case, present = proposal.case, proposal.probes.readiness
    if present is None or case.replicas <= 1 or present != case.container.readiness:
        return proposal
    objective = proposal.policy.objectives.readiness_detection_seconds
    options = [proposal.probes.with_probe(ProbeType.READINESS, one) for one in readinesses(proposal, present)]
    quick = [one for one in options if one.readiness and one.readiness.detection_seconds <= objective]
    must = in_time and bool(quick) and present.detection_seconds > objective
    chosen = _cheapest(proposal, quick if must else options, must=must).readiness
    if chosen is None or chosen == present:
        return proposal
    why = f"a silent replica is found after at most {chosen.detection_seconds} s, and late answers are borne"
    return take_readiness(proposal, _name(present, chosen), chosen, reason=why)


def _name(present: Probe, chosen: Probe) -> ActionName:
    if chosen.timeout_seconds > present.timeout_seconds:
        return ActionName.RAISE_TIMEOUT
    more = chosen.borne_seconds > present.borne_seconds
    return ActionName.RAISE_FAILURE_THRESHOLD if more else ActionName.TIGHTEN_READINESS


def _liveness(proposal: Proposal) -> Proposal:
    present = proposal.probes.liveness
    if present is None or present != proposal.case.container.liveness:
        return proposal
    options = [proposal.probes.with_probe(ProbeType.LIVENESS, one) for one in livenesses(proposal, present)]
    stays = any(one.liveness == present for one in options)
    chosen = _cheapest(proposal, options, must=not stays).liveness
    if chosen is None or chosen == present:
        return proposal
    why, objective = "what passes by itself is borne", proposal.policy.objectives.liveness_detection_seconds
    late = chosen.detection_seconds > max(objective, present.detection_seconds)
    rest = f"hardly any lock-up was seen that the objective of {objective} s would be for" if late else _ENDED_SOON
    return take_numbers(proposal, chosen, reason=f"{why}, and {rest}")


def failures_of_new(proposal: Proposal, new: Probe) -> Probe:
    """A liveness probe that comes new with the failures that cost users least, within the objective."""
    probes = proposal.probes
    latest = max(proposal.policy.objectives.liveness_detection_seconds, new.detection_seconds)
    numbers = (_within(proposal.policy, ProbeType.LIVENESS, new, failure_threshold=failures) for failures in _FAILURES)
    options = (one for one in numbers if one.detection_seconds <= latest)
    try:
        return min(
            options, key=lambda one: lost_seconds(proposal, probes.with_probe(ProbeType.LIVENESS, one)), default=new
        )
    except TooMuchToReplayError:
        return new


def _cheapest(proposal: Proposal, options: Sequence[Probes], *, must: bool = False) -> Probes:
    """The present probes, or the smallest change among the cheapest of the options if it gains enough, or must be.

    The present ones as well where there is too much to weigh.
    """
    present = proposal.probes
    try:
        losses = [(lost_seconds(proposal, one), change_size(present, one), one) for one in options]
        now = lost_seconds(proposal, present)
    except TooMuchToReplayError:
        return present
    least = min((cost for cost, _, _ in losses), default=0.0)
    watched = working_seconds(proposal.case) * proposal.case.replicas
    rollout = price_of_rollout(proposal.policy.objectives.costs, watched)
    if not losses or (not must and now - least < max(_LEAST_GAIN * now, rollout)):
        return present
    return min((entry for entry in losses if entry[0] <= _EQUAL * least), key=lambda entry: (entry[1], entry[0]))[2]


def lost_seconds(proposal: Proposal, probes: Probes) -> float:
    """What these probes would have cost, worked out within what the decision may weigh."""
    experience = experience_of(proposal.case)
    proposal.budget.spend(steps(experience))
    return loss(experience, probes, proposal.policy.objectives.costs)


def readinesses(proposal: Proposal, present: Probe) -> Iterator[Probe]:
    """Within the objective, or no later than now; quicker only after long enough, and if chance seldom flaps it.

    Seldom is what the objective says, or a quarter of how often replicas fall silent: those are flaps as well. Where
    answers queue a quicker one waits longer for each, since who asks more often meets more of the queues.
    """
    case, policy = proposal.case, proposal.policy
    latest = max(policy.objectives.readiness_detection_seconds, present.detection_seconds)
    tighten = _knows_enough(proposal, ProbeType.READINESS)
    most = _longest_wait(case, ProbeType.READINESS, present)
    tolerated = _CHANCE_SHARE * _silences_per_30_days(case)
    least = _least_wait(policy, present) if _meets_queues(case) else 0
    for period in sorted({present.period_seconds, *_PERIODS_SECONDS}):
        for timeout in sorted({present.timeout_seconds, *TIMEOUTS_SECONDS}):
            if timeout > most:
                continue
            for failures in sorted({present.failure_threshold, *_FAILURES}):
                one = _within(
                    policy,
                    ProbeType.READINESS,
                    present,
                    period_seconds=max(period, timeout) if is_in_period(present) else period,
                    timeout_seconds=timeout,
                    failure_threshold=failures,
                )
                quicker = one.detection_seconds < present.detection_seconds
                may = tighten and one.timeout_seconds >= least
                may = may and is_steady(case, one, tolerated_per_30_days=tolerated)
                if (may or not quicker) and one.detection_seconds <= latest and _is_fair(present, one):
                    yield one


def _least_wait(policy: Policy, present: Probe) -> int:
    """A longer timeout than the present one, where users wait for that and the policy's bounds permit it."""
    longer = max(present.timeout_seconds, min(present.timeout_seconds + 1, _USERS_WAIT_SECONDS))
    return policy.clamp(ProbeType.READINESS, "timeout_seconds", longer)


def _silences_per_30_days(case: Case) -> float:
    """How often replicas get stuck or pause."""
    experience = experience_of(case)
    silences = experience.lockups + experience.times * experience.passed
    return silences * THIRTY_DAYS_SECONDS / max(1.0, experience.seconds)


def livenesses(proposal: Proposal, present: Probe) -> Iterator[Probe]:
    """More patience within the objective: more failures, or where answers queue a longer timeout with fewer of them.

    What liveness bears was seen with the readiness probe of before, which relieved a replica of its queue: with one
    that waits, the queue lasts, and liveness that asks the same must not be the first to act.
    """
    case, readiness = proposal.case, proposal.probes.readiness
    latest, tighten = _latest_seconds(proposal, present), _may_tighten(proposal, present)
    knows, least_seconds = _knows_enough(proposal, ProbeType.LIVENESS), min(EAGER_SECONDS, present.detection_seconds)
    least = present.timeout_seconds
    if readiness is not None and readiness != case.container.readiness and readiness.handler == present.handler:
        least = max(least, readiness.timeout_seconds)
    most = max(least, _longest_wait(case, ProbeType.LIVENESS, present))
    for timeout in sorted({least, *TIMEOUTS_SECONDS}):
        if not least <= timeout <= most:
            continue
        for failures in sorted({present.failure_threshold, *_FAILURES}):
            period = waiting(present, timeout).period_seconds
            numbers = {"timeout_seconds": timeout, "period_seconds": period, "failure_threshold": failures}
            one = _within(proposal.policy, ProbeType.LIVENESS, present, **numbers)
            in_order = readiness is None or one.detection_seconds >= readiness.detection_seconds
            enough = _LEAST_FAILURES if one.timeout_seconds >= _USERS_WAIT_SECONDS else _LEAST_TO_RESTART
            waits = knows and one.timeout_seconds > present.timeout_seconds and one.failure_threshold >= enough
            allowed = one.borne_seconds >= present.borne_seconds or (in_order and (tighten or waits))
            if allowed and least_seconds <= one.detection_seconds <= latest:
                yield one


def _latest_seconds(proposal: Proposal, liveness: Probe) -> float:
    """By when a lock-up has to be found: by the objective, or as late as now.

    Where pauses were killed and hardly ever a lock-up, later, to bear twice the longest: there it is the objective for
    false restarts that is missed.
    """
    case, latest = proposal.case, max(proposal.policy.objectives.liveness_detection_seconds, liveness.detection_seconds)
    if not hardly_locks_up(case) or not busy_kills(case):
        return latest
    passed = (pause.seconds for pause in experience_of(case).pauses if pause.likely >= _LIKELY_ONE)
    return max(latest, _TIMES_LONGEST * max(passed, default=0.0))


def _may_tighten(proposal: Proposal, liveness: Probe) -> bool:
    """Whether lock-ups are many, all that was killed was surely stuck, and answers hardly ever take long."""
    case = proposal.case
    limit = SLOW_SHARE_OF_TIMEOUT * liveness.timeout_seconds
    slow = sum(slower_than(minute, ProbeType.LIVENESS, limit) for minute in case.history.minutes)
    return (
        _knows_enough(proposal, ProbeType.LIVENESS)
        and case.succeeded(ProbeType.LIVENESS) > 0
        and experience_of(case).lockups >= _ENOUGH_LOCKUPS
        and (slow <= _SLOW_SHARE * case.succeeded(ProbeType.LIVENESS) or _remembers_queues(case, ProbeType.LIVENESS))
        and were_all_stuck(case)
    )


def _knows_enough(proposal: Proposal, kind: ProbeType) -> bool:
    """Whether that probe was watched for long, and not loosened lately or what it was loosened for is weighed.

    And whether it is known of nearly all kills what they hit.
    """
    case = proposal.case
    known = kind not in proposal.loosened or _remembers_queues(case, kind)
    return known and case.observed_seconds >= _LONG_ENOUGH_SECONDS and not stand_beside(case)


def _remembers_queues(case: Case, kind: ProbeType) -> bool:
    """Whether the answers to that probe queued under an older template."""
    return any(queue.probe is kind for earlier in experience_of(case).earlier for queue in earlier.queues)


def _is_fair(present: Probe, one: Probe) -> bool:
    """Whether the probe, if it waits longer for an answer, still bears enough in all: that tail is not known yet."""
    if one.timeout_seconds <= present.timeout_seconds:
        return True
    bears = one.borne_seconds >= min(present.borne_seconds, _USERS_WAIT_SECONDS)
    return bears and one.failure_threshold >= _LEAST_FAILURES


def _longest_wait(case: Case, kind: ProbeType, probe: Probe) -> int:
    """The longest timeout to try: beyond the present one only where answers queue, and in steps, to look again."""
    if not _queues(case, kind):
        return probe.timeout_seconds
    first = _USERS_WAIT_SECONDS if kind is ProbeType.LIVENESS else _FIRST_STEP_SECONDS
    return max(first, _STEP_UP * probe.timeout_seconds)


def _within(policy: Policy, kind: ProbeType, present: Probe, **numbers: Any) -> Probe:
    """The probe with these numbers, those that change within the bounds of the policy; the others stay as they are."""
    return within_bounds(policy, kind, replace(present, **numbers), present)
