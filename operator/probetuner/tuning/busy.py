"""What to do with a liveness probe that kills busy containers.

Best is to take liveness off an endpoint that queues behind the users' requests, where late answers prove that it does
and no lock-up was ever seen, and onto one that was tried and does not, if there is one. Readiness may ask it, if it
does not follow latency: under pressure that all replicas share, a strict readiness probe takes every backend out at
once and turns a slow service into a dead one. So it waits as long as it can (what the objective for finding stuck
replicas leaves, and at least as long as a probe of the default period may) before it calls an attempt failed. Where
only numbers may be changed, real lock-ups were seen too, all that was killed may have been stuck (no process heard
SIGTERM, and it is not known that it never does), or nothing proves a queue, liveness stays and its numbers are chosen
by replay; where that cannot tell them apart they are doubled and looked at again, with lock-ups the timeout alone, as
far as the objective for finding them leaves room. Where restarts kept all replicas too young to show a lock-up,
liveness waits until load has passed, and leaves if that is not enough. Lock-ups beside pauses that no queue explains
are left to `stuck.outlast_pauses`.
"""

import math
from dataclasses import replace
from itertools import pairwise

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.grace import never_passed_in_grace, passed_in_grace
from probetuner.diagnosis.hearing import did_not_hear, hears_sigterm
from probetuner.diagnosis.load import overrun, paused_kills, queue_is_proved, signs_of_load
from probetuner.diagnosis.lockup import cured_kills, earlier_lockups, killed_in_lockup
from probetuner.diagnosis.pauses import lone_pauses, pauses_seconds
from probetuner.diagnosis.rejuvenation import kept_young
from probetuner.diagnosis.relapsing import fall_again_together
from probetuner.diagnosis.silence import silent_kills
from probetuner.diagnosis.turned_away import turned_away_kills
from probetuner.model.policy import Allowance, Policy
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning import handlers, stuck
from probetuner.tuning.forecast import evidence_of
from probetuner.tuning.numbers import (
    longest_timeout_within,
    take_numbers,
    take_readiness,
    tolerated_mistakes,
    waiting,
    within_bounds,
)
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName, Probes
from probetuner.tuning.search import Forecast, choose, liveness_candidates

_PERIOD_SECONDS, _FAILURES = 5, 3
_LEAST_PATIENCE_SECONDS = 10
_STEP_UP, _SEVERAL, _ODD_SHARE = 2, 2, 0.2
_SAME_QUEUE = "readiness asks the same, and waits behind the users' requests as well"


def bear_pressure(proposal: Proposal) -> Proposal:
    """Take liveness off an endpoint that queues; where it may be needed, or no queue is proved, give it patience."""
    liveness = proposal.probes.liveness
    if liveness is None:
        return proposal
    lockups = killed_in_lockup(proposal.case) or earlier_lockups(proposal.case)
    allow = proposal.policy.allow
    if not lockups and ((overrun(proposal.case) and not _may_be_stuck(proposal.case)) or _should_leave(proposal)):
        waiting = _outwait(proposal, liveness)
        if waiting != proposal:
            return waiting
    if not lockups and _should_leave(proposal) and (Allowance.TYPES in allow or Allowance.THRESHOLDS not in allow):
        return ask_another(proposal, liveness)
    if lockups and not overrun(proposal.case):
        return proposal
    return _step_up(proposal, liveness)


def _should_leave(proposal: Proposal) -> bool:
    """Whether a queue is proved, or another endpoint answered meanwhile or may prove that it did.

    A process that hangs is away for good without liveness, so a queue has to be shown, and no hang; a rollback of the
    same shows one.
    """
    proved = queue_is_proved(proposal.case) and not _may_be_stuck(proposal.case)
    return (proved and (ProbeType.LIVENESS, None) not in proposal.refuted) or has_another(proposal)


def has_another(proposal: Proposal) -> bool:
    """Whether an endpoint that was tried is fit for liveness, or may still prove it."""
    return handlers.fit_for_liveness(proposal) is not None or handlers.may_prove_fit(proposal)


def _may_be_stuck(case: Case) -> bool:
    """Whether, queue or not, the killed processes may have been stuck.

    Readiness never answered again in several of them around which nothing shows load: a queue may outlast a grace
    period too. Or answers were late, but no process heard SIGTERM (though it may) or answered before it was ended, and
    the fresh containers were well: load goes on after a restart. Whose predecessor ran into the same queue was the last
    that it killed.
    """
    kills = silent_kills(case)
    deaf = bool(kills) and all(did_not_hear(life) for life in kills) and not passed_in_grace(case)
    deaf = deaf and hears_sigterm(case) is not False
    last_ones = [case.next_life(life) for life in fall_again_together(case)]
    cured = len([life for life in cured_kills(case) if life not in last_ones]) >= _ODD_SHARE * len(kills)
    bare = [life for life, sign in zip(kills, signs_of_load(case), strict=True) if not sign.any]
    hung = sum(life in bare for life in never_passed_in_grace(case))
    return hung >= max(_SEVERAL, _ODD_SHARE * len(kills)) or (overrun(case) and deaf and cured)


def _outwait(proposal: Proposal, liveness: Probe) -> Proposal:
    """Let both probes wait until load has passed, where restarts kept all replicas too young to show a lock-up."""
    case, policy, readiness = proposal.case, proposal.policy, proposal.probes.readiness
    if has_another(proposal) or not kept_young(case) or Allowance.THRESHOLDS not in policy.allow:
        return proposal
    borne = lasted_seconds(case)
    longest = patient(liveness, policy, kind=ProbeType.LIVENESS, borne_seconds=borne)
    waits = within_bounds(policy, ProbeType.LIVENESS, longest, liveness)
    if waits.borne_seconds <= liveness.borne_seconds:
        return proposal
    young = "load came again before any replica was old enough to show whether it gets stuck"
    found = f"one that does is found after at most {waits.detection_seconds} s"
    outwaiting = take_numbers(proposal, waits, reason=f"{young}; {found}")
    if readiness is None or readiness.handler != liveness.handler:
        return outwaiting
    longer = patient(readiness, policy, borne_seconds=borne)
    return take_readiness(outwaiting, ActionName.RAISE_TIMEOUT, longer, reason=_SAME_QUEUE)


def ask_another(proposal: Proposal, liveness: Probe) -> Proposal:
    """Let liveness ask an endpoint that has proved fit, or nothing where there is none."""
    turned_away = bool(turned_away_kills(proposal.case))
    reason = f"{liveness.handler} waits behind the users' requests: a timeout there proves no lock-up"
    if turned_away:
        reason = f"{liveness.handler} is turned away while users take all connections: that proves no lock-up"
    fit = handlers.fit_for_liveness(proposal)
    if fit is None and handlers.may_prove_fit(proposal):
        reason += "; another endpoint answers well and is about to be judged, so nothing is changed yet"
        return proposal.advise(ActionName.REPLACE_LIVENESS_WITH_READINESS, reason, ProbeType.LIVENESS)
    relieved = without_liveness(
        proposal.probes,
        replicas=proposal.case.replicas,
        policy=proposal.policy,
        borne_seconds=lasted_seconds(proposal.case),
    )
    if turned_away and proposal.probes.readiness is not None:
        # What is cut off at once gains nothing by a longer timeout; how many failures it bears follows from its flaps.
        relieved = replace(proposal.probes, liveness=None)
    if fit is not None:
        relieved = replace(relieved, liveness=handlers.asking(liveness, fit.candidate))
    return proposal.take(
        ActionName.REPLACE_LIVENESS_WITH_READINESS,
        f"{reason}; liveness asks {handlers.record(fit)}" if fit else f"{reason}{handlers.shortfall(proposal)}",
        needs=Allowance.TYPES,
        probes=relieved,
    )


def _step_up(proposal: Proposal, liveness: Probe) -> Proposal:
    """Give liveness the patience that a replay of what was seen asks for, or else outlast what it did not wait for.

    Where lock-ups were seen as well, or all may be, no more than the objective for finding them leaves room for.
    """
    if killed_in_lockup(proposal.case) or _may_be_stuck(proposal.case):
        proposal = _let_readiness_wait(proposal, liveness)
        reason = "as patient as the objective allows"
        return take_numbers(proposal, _within_objective(proposal, liveness), reason=reason)
    if not overrun(proposal.case):
        outlasting = stuck.outlast(proposal, liveness, max(pauses_seconds(proposal.case), default=0.0))
        if outlasting != proposal and outlasting.probes.liveness is not None:
            reason = "whether it paused or answered late is not known yet"
            return take_numbers(outlasting, _answering_later(outlasting.probes.liveness, than=liveness), reason=reason)
    candidates = tuple(liveness_candidates(proposal.probes, liveness, proposal.policy))
    evidence = evidence_of(proposal.case, proposal.budget)
    choice = choose(evidence, proposal.probes, candidates, most_mistakes=tolerated_mistakes(proposal.case))
    if choice is not None and choice.probes.liveness is not None:
        reason = f"{_restarts(choice.before)} before, {_restarts(choice.after)} after"
        return take_numbers(proposal, _answering_later(choice.probes.liveness, than=liveness), reason=reason)
    longer = waiting(liveness, liveness.timeout_seconds * _STEP_UP)
    patient = replace(longer, failure_threshold=liveness.failure_threshold * _STEP_UP)
    why = proposal.budget.problem or "the tail of the latencies is hidden"
    return take_numbers(proposal, patient, reason=f"{why}, so step up and look again")


def _answering_later(chosen: Probe, *, than: Probe) -> Probe:
    """The chosen probe with a longer timeout than that one's, as far as the period leaves room for it.

    Nobody saw how late the answers were that were not waited for, so a replay that takes them for failures never sees
    what a timeout gains. Within the period it delays the detection of a stuck process by no more than itself.
    """
    longer = min(max(_STEP_UP * than.timeout_seconds, stuck.LEAST_TIMEOUT_SECONDS), than.period_seconds)
    return replace(chosen, timeout_seconds=max(chosen.timeout_seconds, longer))


def _within_objective(proposal: Proposal, liveness: Probe) -> Probe:
    """A timeout twice as long, or as long as readiness waits for the same, as far as it leaves the objective.

    A queue shorter than the timeout fails no attempt at all; more failures only outlast one that is soon over.
    """
    readiness = proposal.probes.readiness
    waits = readiness.timeout_seconds if readiness is not None and readiness.handler == liveness.handler else 0
    in_time = longest_timeout_within(liveness, proposal.policy.objectives.liveness_detection_seconds)
    longer = min(max(_STEP_UP * liveness.timeout_seconds, waits, stuck.LEAST_TIMEOUT_SECONDS), in_time)
    return waiting(liveness, max(liveness.timeout_seconds, longer))


def _let_readiness_wait(proposal: Proposal, liveness: Probe) -> Proposal:
    """Readiness that asks the same and waits no longer stands in the same queue: it must not empty the Service.

    Since replicas do lock up, the objective for noticing it holds: what a timeout takes, a shorter period gives back. A
    process that pauses and comes to itself is no queue, and readiness does well to notice it.
    """
    readiness, case = proposal.probes.readiness, proposal.case
    if readiness is None or readiness.handler != liveness.handler or paused_kills(case) or lone_pauses(case):
        return proposal
    if readiness.timeout_seconds > liveness.timeout_seconds:
        return proposal
    often = asking_often(readiness)
    firm = replace(often, failure_threshold=max(readiness.failure_threshold, _FAILURES))
    in_time = longest_timeout_within(firm, proposal.policy.objectives.readiness_detection_seconds)
    longer = waiting(firm, max(readiness.timeout_seconds, in_time))
    return take_readiness(proposal, ActionName.RAISE_TIMEOUT, longer, reason=_SAME_QUEUE)


def _restarts(forecast: Forecast) -> str:
    return f"{forecast.mistakes_at_worst:.0f} false restarts at worst"


def without_liveness(probes: Probes, *, replicas: int, policy: Policy, borne_seconds: int) -> Probes:
    """Take the liveness probe away, and let readiness ask its endpoint where there is none yet.

    With one replica readiness gains nothing: all it could do is take the only backend away. `borne_seconds` is how long
    it bears answers that are too late.
    """
    liveness, readiness = probes.liveness, probes.readiness
    if liveness is None:
        return probes
    if readiness is None:
        asked = replace(liveness, termination_grace_period_seconds=None)
        readiness = None if replicas <= 1 else patient(asked, policy, borne_seconds=borne_seconds)
    elif readiness.handler == liveness.handler:
        readiness = patient(readiness, policy, borne_seconds=borne_seconds)
    return replace(probes, liveness=None, readiness=readiness)


def asking_often(readiness: Probe) -> Probe:
    """The probe with a short period, as far as its timeout leaves room for that."""
    often = min(readiness.period_seconds, max(_PERIOD_SECONDS, readiness.timeout_seconds))
    return replace(readiness, period_seconds=often)


def patient(probe: Probe, policy: Policy, *, kind: ProbeType = ProbeType.READINESS, borne_seconds: int = 0) -> Probe:
    """The probe with the longest timeout that is in time by readiness's objective, and at least a default period's.

    It is the timeout that a queue has to outgrow: readiness that gives up sooner follows the queue and empties the
    Service under a load that is borne without it, which costs more than some seconds until a stuck one is noticed.
    Answers that are later still are borne for `borne_seconds`: by a longer timeout again and not by more failures,
    since it outlasts a deeper queue, and one that refuses connections is still noticed soon. What the policy's bounds
    leave of it is made up for by failures.
    """
    failures = max(probe.failure_threshold, _FAILURES)
    firm = replace(probe, failure_threshold=failures)
    in_time = longest_timeout_within(firm, policy.objectives.readiness_detection_seconds)
    borne = math.ceil(borne_seconds / failures)
    timeout = max(probe.timeout_seconds, probe.period_seconds, in_time, borne, _LEAST_PATIENCE_SECONDS)
    allowed = policy.clamp(kind, "timeout_seconds", timeout)
    longer = within_bounds(policy, kind, waiting(firm, allowed), firm)
    return replace(longer, failure_threshold=max(failures, math.ceil(borne_seconds / longer.cadence_seconds)))


def lasted_seconds(case: Case) -> int:
    """How long load lasted at the longest, in minutes with failures in a row; more than is borne is not told.

    Readiness may wait for it to pass where no replica was ever seen to get stuck: it could only find what never came.
    """
    failing = [minute.started_at for minute in case.history.minutes if sum(minute.failed.values())]
    longest = stretch = 0.0
    for before, at in pairwise((-math.inf, *failing)):
        stretch = stretch + _MINUTE_SECONDS if at - before <= _MINUTE_SECONDS else _MINUTE_SECONDS
        longest = max(longest, stretch)
    return int(min(longest, _MOST_BORNE_SECONDS))


_MINUTE_SECONDS, _MOST_BORNE_SECONDS = 60.0, 90
"""Patience has an end: what is silent for longer is out of the Service, whatever it is."""
