"""How long a container needs to start, and probes that give it that time and no more.

A start that was killed is a censored sample: it needed longer than it was given, nobody knows how much. With only
such samples the budget is stepped up well past the longest of them and looked at again.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.startup import killed_while_starting, late_probes, seen_starts, slow_starts, watched_starts
from probetuner.model.policy import Allowance
from probetuner.model.probe import Exec, Probe, ProbeType
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName

_STEP_UP = 4.0
_GRAIN_SECONDS = 30
"""Coarse, so that one more sample does not make another recommendation."""
_MOST_BUDGET_SECONDS = 540
"""Below a Deployment's default progressDeadlineSeconds of 600 (deployment_util.go)."""
_UNSEEN_SECONDS = 30.0
"""What a start is taken to need that nobody saw."""
_LEAST_PERIOD_SECONDS, _MOST_PERIOD_SECONDS = 2, 5
"""Small, since a startup probe adds up to a period to every start (kubernetes/kubernetes#132793)."""
_LIVENESS_MARGIN = 2.0


def startup_budget_seconds(case: Case, *, coverage: float) -> int:
    """Seconds that a start should get, so that *coverage* (a share below 1) of the starts come up in time.

    From the slowest start seen, widened by a margin that shrinks with the number of starts and grows with the
    coverage; never less than a few times what a killed start had.
    """
    killed = [life.lasted_seconds or 0.0 for life in killed_while_starting(case)]
    seen = case.answer_seconds()
    wanted = max(killed, default=0.0) * (_STEP_UP if not seen or max(seen) <= max(killed, default=0.0) else 1.0)
    return _in_grains(max(wanted, _widened(seen, coverage)))


def _widened(seen: Sequence[float], coverage: float) -> float:
    margin = 1.0 + 1.0 / math.sqrt(max(1, len(seen))) + coverage / 2
    return max(seen, default=0.0) * margin


def _in_grains(seconds: float) -> int:
    return min(ceil(seconds / _GRAIN_SECONDS) * _GRAIN_SECONDS, _MOST_BUDGET_SECONDS)


def hold_back(proposal: Proposal) -> Proposal:
    """Hold a liveness probe that comes new back while the application starts, where that was seen to take long.

    What it would have ended is told by the failures of readiness. Where no start was seen, or no startup probe may be
    added, it asks later. Where the policy's bounds leave starts less time than they took, it is not added.
    """
    case, liveness, unseen = proposal.case, proposal.probes.liveness, not watched_starts(proposal.case)
    if liveness is None or case.container.liveness is not None or proposal.probes.startup is not None:
        return proposal
    starts = (_UNSEEN_SECONDS,) if unseen else slow_starts(case)
    budget = _in_grains(_widened(starts, proposal.policy.objectives.startup_coverage))
    if budget <= liveness.startup_budget_seconds:
        return proposal
    if unseen or Allowance.STARTUP not in proposal.policy.allow:
        held = _ask_later(proposal, liveness, budget)
    else:
        asks = proposal.probes.readiness or liveness
        quick = replace(asks, timeout_seconds=min(asks.timeout_seconds, _MOST_PERIOD_SECONDS))
        held = _take_startup(proposal, quick, budget)
    return held if _given_seconds(held) >= max(starts) else _without(proposal)


def _ask_later(proposal: Proposal, liveness: Probe, budget_seconds: int) -> Proposal:
    later = replace(liveness, initial_delay_seconds=budget_seconds)
    actions = (
        replace(action, reason=f"{action.reason}; it asks {budget_seconds} s after a start, as long as that may take")
        if action.name is ActionName.ADD_LIVENESS
        else action
        for action in proposal.actions
    )
    return replace(proposal, actions=tuple(actions), probes=replace(proposal.probes, liveness=later))


def _given_seconds(proposal: Proposal) -> int:
    """How long a start surely gets within the policy's bounds."""
    kind = ProbeType.LIVENESS if proposal.probes.startup is None else ProbeType.STARTUP
    probe = proposal.probes.get(kind)
    numbers = ("initial_delay_seconds", "period_seconds", "failure_threshold")
    if probe is None:
        return 0
    within: dict[str, Any] = {name: proposal.policy.clamp(kind, name, getattr(probe, name)) for name in numbers}
    return replace(probe, **within).startup_budget_seconds


def _without(proposal: Proposal) -> Proposal:
    """Take a liveness probe that comes new back, and leave it to a person."""
    kept = tuple(action for action in proposal.actions if action.name is not ActionName.ADD_LIVENESS)
    unchanged = replace(proposal, actions=kept, probes=replace(proposal.probes, liveness=None))
    reason = "only a restart ends its silence, but the policy's bounds leave its starts too little time"
    return unchanged.advise(ActionName.ADD_LIVENESS, reason)


def give_time(proposal: Proposal) -> Proposal:
    """Give starts a startup probe, or the one that is there more failures."""
    case, probes = proposal.case, proposal.probes
    asks = probes.startup or probes.liveness
    if asks is None:
        return proposal
    budget = startup_budget_seconds(case, coverage=proposal.policy.objectives.startup_coverage)
    return _take_startup(proposal, asks, budget)


def _take_startup(proposal: Proposal, asks: Probe, budget_seconds: int) -> Proposal:
    present = proposal.probes.startup
    startup = _with_budget(asks, present, budget_seconds)
    return proposal.take(
        ActionName.ADD_STARTUP_PROBE if present is None else ActionName.RAISE_FAILURE_THRESHOLD,
        f"a start gets {budget_seconds} s before a probe may end it",
        needs=Allowance.STARTUP,
        probes=replace(proposal.probes, startup=startup),
    )


def _with_budget(asks: Probe, present: Probe | None, budget_seconds: int) -> Probe:
    """A startup probe that fails no start shorter than the budget; a present one keeps all but its failures."""
    probe = present or Probe(
        handler=asks.handler,
        period_seconds=_startup_period_seconds(asks),
        timeout_seconds=asks.timeout_seconds,
        written=asks.written,
    )
    failures = 1 + ceil(max(0, budget_seconds - probe.initial_delay_seconds) / probe.period_seconds)
    return replace(probe, failure_threshold=max(failures, present.failure_threshold if present else 1))


def _startup_period_seconds(asks: Probe) -> int:
    """As short as an attempt may take; one that runs a command in a container that is busy starting is not free."""
    if isinstance(asks.handler, Exec):
        return _MOST_PERIOD_SECONDS
    return min(max(_LEAST_PERIOD_SECONDS, asks.timeout_seconds), _MOST_PERIOD_SECONDS)


def ask_sooner(proposal: Proposal) -> Proposal:
    """Lower initial delays to what starts were seen to need.

    An early readiness attempt costs nothing, so the quickest start counts; an early liveness attempt may kill, so
    the slowest does, with a margin.
    """
    for kind in late_probes(proposal.case):
        probe = proposal.probes.get(kind)
        if probe is None:
            continue
        starts = seen_starts(proposal.case, besides=kind)
        harmless = kind is ProbeType.READINESS
        delay = int(min(starts)) if harmless else ceil(max(starts) * _LIVENESS_MARGIN)
        sooner = replace(probe, initial_delay_seconds=delay)
        if harmless:
            sooner = _asking_often(sooner, min(starts))
        if delay < probe.initial_delay_seconds:
            proposal = proposal.take(
                ActionName.LOWER_INITIAL_DELAY,
                f"{kind.value.lower()}: starts took at most {max(starts):.0f} s",
                needs=Allowance.THRESHOLDS,
                probes=proposal.probes.with_probe(kind, sooner),
            )
    return proposal


def _asking_often(readiness: Probe, start_seconds: float) -> Probe:
    """A period that holds a start up no longer than it takes, with failures for the same patience."""
    period = min(readiness.period_seconds, max(_LEAST_PERIOD_SECONDS, ceil(start_seconds / 2)))
    shorter = replace(readiness, period_seconds=period)
    lasting = (readiness.failure_threshold - 1) * readiness.cadence_seconds
    return replace(shorter, failure_threshold=1 + ceil(lasting / shorter.cadence_seconds))
