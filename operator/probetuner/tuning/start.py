"""How long a container needs to start, and probes that give it that time and no more.

A start that was killed is a censored sample: it needed longer than it was given, nobody knows how much. With only
such samples the budget is stepped up well past the longest of them and looked at again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.fault import Fault, fault_of
from probetuner.diagnosis.startup import killed_while_starting, late_probes, seen_starts, slow_starts, watched_starts
from probetuner.model.policy import Allowance, Policy
from probetuner.model.probe import Exec, Probe, ProbeType
from probetuner.tuning import patience
from probetuner.tuning.numbers import within_bounds
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName, Probes

_STEP_UP = 4.0
_GRAIN_SECONDS = 30
"""Coarse, so that one more sample does not make another recommendation."""
_LEAST_UNSEEN_SECONDS = 300
"""What a start gets at least of which only killed ones are known: as long as JVMs and databases commonly take."""
_DEADLINE_MARGIN_SECONDS = 60
"""By how much a budget stays below the progressDeadlineSeconds of a Deployment (deployment_util.go)."""
_UNSEEN_SECONDS = 30.0
"""What a start is taken to need that nobody saw."""
_BUSY_START_SECONDS = 31
"""No new or quicker liveness probe gives starts less, however short they were: on a busy node they take longer."""
_LEAST_PERIOD_SECONDS, _MOST_PERIOD_SECONDS = 2, 5
"""Small, since a startup probe adds up to a period to every start (kubernetes/kubernetes#132793)."""
_LIVENESS_MARGIN = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long starts get, and how long they would without the rollout's deadline, in seconds.

    `not_enough` is what killed starts were given at most; `guessed` says that nothing else is known of how long starts
    take. `deadline` is the progressDeadlineSeconds that cuts the budget or has to be raised for it, None where neither.
    """

    seconds: int
    wanted: int
    not_enough: float = 0.0
    guessed: bool = False
    deadline: int | None = None

    @property
    def words(self) -> str:
        """What a person has to know besides the number of seconds."""
        guess = f"{self.not_enough:.0f} s were not enough; what is, no start has shown yet" if self.guessed else ""
        cut = ""
        if self.deadline is not None:
            least = self.wanted + _DEADLINE_MARGIN_SECONDS
            what = f"cuts it: for the {self.wanted} s that it should be" if self.seconds < self.wanted else "is less:"
            cut = f"progressDeadlineSeconds ({self.deadline}) {what} raise that to {least}"
        return "".join(f"; {each}" for each in (guess, cut) if each)


def startup_budget(case: Case, *, coverage: float) -> Budget:
    """How long a start should get, so that *coverage* (a share below 1) of the starts come up in time.

    From the slowest start seen, widened by a margin that shrinks with the number of starts and grows with the
    coverage; never less than a few times what a killed start had. The rollout's deadline cuts it, but not to what was
    seen not to be enough: then it is the deadline that has to give.
    """
    not_enough = max((life.lasted_seconds or 0.0 for life in killed_while_starting(case)), default=0.0)
    seen = case.start_seconds()
    longest, guessed = max(seen, default=0.0), bool(not_enough) and not seen
    wanted = max(not_enough * (_STEP_UP if longest <= not_enough else 1.0), _widened(seen, coverage))
    whole = _in_grains(max(wanted, _LEAST_UNSEEN_SECONDS) if guessed else wanted)
    deadline = case.workload.progress_deadline_seconds
    most = math.inf if deadline is None else max(0, deadline - _DEADLINE_MARGIN_SECONDS)
    if whole <= most:
        return Budget(seconds=whole, wanted=whole, not_enough=not_enough, guessed=guessed)
    cut = int(most) if most > max(not_enough, longest) else whole
    return Budget(seconds=cut, wanted=whole, not_enough=not_enough, guessed=guessed, deadline=deadline)


def _widened(seen: Sequence[float], coverage: float) -> float:
    margin = 1.0 + 1.0 / sqrt(max(1, len(seen))) + coverage / 2
    return max(seen, default=0.0) * margin


def _in_grains(seconds: float) -> int:
    return ceil(seconds / _GRAIN_SECONDS) * _GRAIN_SECONDS


def held_back(proposal: Proposal, liveness: Probe) -> Probes | None:
    """The probes with a liveness probe that comes new, held back while the application starts, if that takes long.

    How long it takes is told by the failures of readiness. Where no start was seen, or no startup probe may be added,
    liveness asks later. None where the policy's bounds leave starts less time than they took: it would end them.
    """
    case, policy, probes = proposal.case, proposal.policy, proposal.probes.with_probe(ProbeType.LIVENESS, liveness)
    unseen = not watched_starts(case)
    starts = (_UNSEEN_SECONDS,) if unseen else slow_starts(case)
    deadline = case.workload.progress_deadline_seconds
    budget = _in_grains(_widened(starts, policy.objectives.startup_coverage))
    if deadline is not None:
        budget = min(budget, max(0, deadline - _DEADLINE_MARGIN_SECONDS))
    if probes.startup is not None:
        return probes
    if budget <= liveness.startup_budget_seconds:
        return probes.with_probe(ProbeType.LIVENESS, _sparing_starts(policy, liveness))
    kind, holding = ProbeType.LIVENESS, replace(liveness, initial_delay_seconds=budget)
    if not unseen and Allowance.STARTUP in policy.allow:
        asks = probes.readiness or liveness
        quick = replace(asks, timeout_seconds=min(asks.timeout_seconds, _MOST_PERIOD_SECONDS))
        kind, holding = ProbeType.STARTUP, _new(quick, budget)
    given = within_bounds(policy, kind, holding, None).startup_budget_seconds
    return probes.with_probe(kind, holding) if given >= max(starts) else None


def keep_given(proposal: Proposal) -> Proposal:
    """Let liveness that is made quicker give starts the time that they had, or half a minute if that is less."""
    before, liveness = proposal.case.container.liveness, proposal.probes.liveness
    if before is None or liveness is None or proposal.probes.startup is not None:
        return proposal
    spared = _sparing_starts(proposal.policy, liveness, before.startup_budget_seconds)
    return replace(proposal, probes=proposal.probes.with_probe(ProbeType.LIVENESS, spared))


def _sparing_starts(policy: Policy, liveness: Probe, seconds: int = _BUSY_START_SECONDS) -> Probe:
    """The probe with a delay after which it ends no start that takes so long, or as long as on a busy node."""
    missing = min(seconds, _BUSY_START_SECONDS) - liveness.startup_budget_seconds
    delayed = replace(liveness, initial_delay_seconds=liveness.initial_delay_seconds + max(0, missing))
    return within_bounds(policy, ProbeType.LIVENESS, delayed, liveness)


def give_time(proposal: Proposal) -> Proposal:
    """Give starts a startup probe, or the one that is there more failures and as short a period as a new one gets.

    Where attempts failed by their timeout, more of them alone let no slow answer pass: each gets more time too.
    """
    case, kind = proposal.case, ProbeType.LIVENESS if proposal.probes.startup is None else ProbeType.STARTUP
    asks = proposal.probes.get(kind)
    if asks is None:
        return proposal
    if fault_of(case, kind) is Fault.LATE:
        asks = patience.longer(asks)
    if kind is ProbeType.STARTUP:
        proposal = proposal.take(
            ActionName.RAISE_TIMEOUT,
            "startup: attempts failed by their timeout, so more of them alone let no slow answer pass",
            needs=Allowance.STARTUP,
            probes=replace(proposal.probes, startup=asks),
        )
    present = proposal.probes.startup
    budget = startup_budget(case, coverage=proposal.policy.objectives.startup_coverage)
    if present is None:
        name, startup = ActionName.ADD_STARTUP_PROBE, _new(asks, budget.seconds)
    else:
        name, startup = ActionName.RAISE_FAILURE_THRESHOLD, _with_more(present, budget.seconds, proposal.policy)
    bounded = within_bounds(proposal.policy, ProbeType.STARTUP, startup, present)
    reason = f"a start gets {min(budget.seconds, bounded.startup_budget_seconds)} s before a probe may end it"
    if bounded.period_seconds < asks.period_seconds:
        reason += f", and waits no longer than {bounded.period_seconds} s to be asked again"
    return proposal.take(
        name,
        reason + budget.words,
        needs=Allowance.STARTUP,
        probes=replace(proposal.probes, startup=startup),
    )


def _new(asks: Probe, budget_seconds: int) -> Probe:
    """A startup probe that asks the same and fails no start shorter than the budget."""
    probe = Probe(
        handler=asks.handler,
        period_seconds=max(_startup_period_seconds(asks), asks.timeout_seconds),
        timeout_seconds=asks.timeout_seconds,
        written=asks.written,
    )
    return _lasting(probe, budget_seconds)


def _with_more(present: Probe, budget_seconds: int, policy: Policy) -> Probe:
    """The startup probe that is there with failures for that budget, unless it has them.

    Every start waits for up to its period, so it asks as often as a new one, if the policy's bounds give starts as
    much time then as with its own period.
    """
    if present.startup_budget_seconds >= budget_seconds:
        return present
    quick = policy.clamp(ProbeType.STARTUP, "period_seconds", _startup_period_seconds(present))
    period = min(present.period_seconds, quick)
    options = [_lasting(one, budget_seconds) for one in (replace(present, period_seconds=period), present)]

    def given(one: Probe) -> int:
        return min(budget_seconds, within_bounds(policy, ProbeType.STARTUP, one, present).startup_budget_seconds)

    return max(options, key=given)


def _lasting(probe: Probe, budget_seconds: int) -> Probe:
    failures = 1 + ceil(max(0, budget_seconds - probe.initial_delay_seconds) / probe.period_seconds)
    return replace(probe, failure_threshold=failures)


def _startup_period_seconds(asks: Probe) -> int:
    """As short as an attempt may take; one that runs a command in a container that is busy starting is not free."""
    least = _MOST_PERIOD_SECONDS if isinstance(asks.handler, Exec) else _LEAST_PERIOD_SECONDS
    return max(least, asks.timeout_seconds)


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
        elif proposal.probes.startup is None:
            sooner = _sparing_starts(proposal.policy, sooner)
        if sooner.initial_delay_seconds < probe.initial_delay_seconds:
            proposal = proposal.take(
                ActionName.LOWER_INITIAL_DELAY,
                f"{kind.value.lower()}: starts took at most {max(starts):.0f} s",
                needs=Allowance.THRESHOLDS,
                probes=proposal.probes.with_probe(kind, sooner),
            )
    return proposal


def _asking_often(readiness: Probe, start_seconds: float) -> Probe:
    """A period that holds a start up no longer than it takes, with failures for the same patience."""
    quick = max(_LEAST_PERIOD_SECONDS, ceil(start_seconds / 2), readiness.timeout_seconds)
    period = min(readiness.period_seconds, quick)
    shorter = replace(readiness, period_seconds=period)
    lasting = (readiness.failure_threshold - 1) * readiness.cadence_seconds
    return replace(shorter, failure_threshold=1 + ceil(lasting / shorter.cadence_seconds))
