"""From the findings about one container to the actions that follow and the probes they lead to."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from probetuner.diagnosis.broken import misdirected_kinds, never_succeeded
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.dependency import killed_by_dependency
from probetuner.diagnosis.finding import Finding, FindingName
from probetuner.diagnosis.flapping import may_be_want_of_cpu
from probetuner.diagnosis.load import overrun
from probetuner.diagnosis.lockup import earlier_lockups, killed_in_lockup, sure_lockups
from probetuner.diagnosis.lone import taken_away
from probetuner.diagnosis.shape import misdirected
from probetuner.diagnosis.together import readiness_went_on
from probetuner.model.policy import Allowance, Policy
from probetuner.model.probe import Probe, ProbeType
from probetuner.model.workload import WorkloadKind
from probetuner.tuning import busy, handlers, notice, patience, reaping, start, steady, stuck, weigh
from probetuner.tuning.budget import Budget
from probetuner.tuning.experience import experience_of
from probetuner.tuning.numbers import within_bounds
from probetuner.tuning.proposal import Proposal, begin
from probetuner.tuning.recommendation import ActionName
from probetuner.tuning.stopgap import call_stopgaps

_SEVERAL = 3
Step = Callable[[Proposal], Proposal]


def propose(
    case: Case,
    findings: Sequence[Finding],
    policy: Policy,
    *,
    budget: Budget,
    loosened: frozenset[ProbeType] = frozenset(),
    refuted: frozenset[tuple[ProbeType, Probe | None]] = frozenset(),
    may_drop_readiness: bool = True,
) -> Proposal:
    """Work out what to do about the findings of this container, step by step: a later one builds on what is decided.

    `loosened` are the probes that were given more time lately: only who remembers why tightens them again. `refuted` is
    what was made of probes before and undone, since it made things worse: that is not proposed again.
    `may_drop_readiness` is False where something else is changed: readiness is never taken away in passing.
    """
    proposal = begin(
        case, policy, budget=budget, loosened=loosened, refuted=refuted, may_drop_readiness=may_drop_readiness
    )
    names = {finding.name for finding in findings}
    for name, step in _STEPS.items():
        measured = name not in _OF_WHAT_LIVENESS_ASKED or not proposal.asks_anew
        if name in names and measured and not (names & _OVERRULED_BY.get(name, frozenset())):
            proposal = step(replace(proposal, finding=name))
    return call_stopgaps(_without_refuted(start.keep_given(stuck.keep_order(stuck.keep_behind(proposal)))))


def _without_refuted(proposal: Proposal) -> Proposal:
    """The proposal without any change, if part of it was tried before and made things worse; advice remains."""
    present = begin(proposal.case, proposal.policy, budget=proposal.budget).probes
    for kind, probe in proposal.refuted:
        before, after = present.get(kind), proposal.probes.get(kind)
        again = after and within_bounds(proposal.policy, kind, after, before)
        if after != before and again == probe:
            advice = tuple(action for action in proposal.actions if action.needs in (None, Allowance.REAPER))
            return replace(proposal, probes=present, actions=advice)
    return proposal


def _mend_handler(proposal: Proposal) -> Proposal:
    """Let broken probes ask an endpoint that was tried and works, if there is one; else say what is wrong."""
    case, found = proposal.case, handlers.working(proposal)
    broken = [kind for kind in ProbeType if kind in misdirected_kinds(case) or never_succeeded(case, kind)]
    if found is None or not broken:
        for kind in broken or misdirected(case):
            proposal = proposal.advise(ActionName.FIX_HANDLER, "its handler is wrong; no threshold helps", kind)
        return proposal
    reason = f"its handler is wrong; let it ask {handlers.record(found)}"
    return handlers.ask(proposal, broken, found, reason=reason)


def _give_starts_time(proposal: Proposal) -> Proposal:
    """More time to start; where the probe's own program gives up, that helps only along with its own deadline."""
    return patience.raise_own_deadline(start.give_time(proposal))


def _decouple(proposal: Proposal) -> Proposal:
    """Let liveness ask what readiness asks, where that went on while liveness failed, or what was tried and is fit.

    It comes before all that chooses numbers for liveness: what the old handler needed says nothing of the new one.
    """
    case, liveness, readiness = proposal.case, proposal.probes.liveness, proposal.probes.readiness
    if liveness and readiness and readiness_went_on(case, killed_by_dependency(case)):
        independent = handlers.taking_over(liveness, readiness)
        return proposal.take(
            ActionName.DECOUPLE_LIVENESS,
            f"{readiness.handler} went on answering while {liveness.handler} failed",
            needs=Allowance.TYPES,
            probes=replace(proposal.probes, liveness=independent),
        )
    fit = handlers.fit_for_liveness(proposal)
    if liveness is not None and fit is not None:
        return proposal.take(
            ActionName.DECOUPLE_LIVENESS,
            f"{liveness.handler} answers for something else; let liveness ask {handlers.record(fit)}",
            needs=Allowance.TYPES,
            probes=replace(proposal.probes, liveness=handlers.asking(liveness, fit.candidate)),
        )
    return proposal.advise(
        ActionName.DECOUPLE_LIVENESS,
        f"let liveness ask an endpoint that calls nothing else; no number fixes this{handlers.shortfall(proposal)}",
        ProbeType.LIVENESS,
    )


def _outlast_pauses(proposal: Proposal) -> Proposal:
    """Outlast what ended by itself; where silence is known well, as far as that costs less than it saves.

    Who is not surely stuck may only have paused: as long as that is most of them, pauses are outlasted, and those that
    are silent for longer will tell.
    """
    case = proposal.case
    if not weigh.knows_silence(case):
        return stuck.outlast_pauses(proposal)
    pauses = [pause.seconds for pause in experience_of(case).pauses if pause.was_seen]
    doubtful = 2 * len(sure_lockups(case)) < len(killed_in_lockup(case)) and len(pauses) >= _SEVERAL
    return weigh.balance(stuck.outlast_pauses(proposal, pauses) if doubtful else proposal)


def _bear_pressure(proposal: Proposal) -> Proposal:
    """Weigh where there is silence of the process too; where all is load, liveness has no business there."""
    return weigh.balance(proposal) if is_weighed(proposal.case) else busy.bear_pressure(proposal)


def is_weighed(case: Case) -> bool:
    """Whether numbers against load are weighed by what they cost users: there is silence of the process too."""
    return weigh.knows_silence(case) and bool(killed_in_lockup(case) or earlier_lockups(case) or not overrun(case))


def _attend(proposal: Proposal) -> Proposal:
    """Restart what gets stuck, but not what still starts."""
    new = stuck.new_liveness(proposal)
    if new is None:
        return proposal
    if weigh.knows_silence(proposal.case):
        new = weigh.failures_of_new(proposal, new)
    reason = f"{new.handler} fell silent for good, and only a restart ends that"
    held = start.held_back(proposal, new)
    if held is None or held.liveness is None:
        return proposal.advise(
            ActionName.ADD_LIVENESS,
            f"{reason}, but the policy's bounds leave starts too little time",
            ProbeType.LIVENESS,
        )
    delay = held.liveness.initial_delay_seconds
    if delay > new.initial_delay_seconds:
        reason += f"; it asks {delay} s after a start, as long as that may take"
    probes = proposal.probes.with_probe(ProbeType.LIVENESS, held.liveness)
    added = proposal.take(ActionName.ADD_LIVENESS, reason, needs=Allowance.TYPES, probes=probes)
    if added.probes.liveness is None or held.startup is None:
        return added
    given = f"a start gets {held.startup.startup_budget_seconds} s before a probe may end it"
    return added.take(ActionName.ADD_STARTUP_PROBE, given, needs=Allowance.STARTUP, probes=held)


def _stop_flapping(proposal: Proposal) -> Proposal:
    """Let short troubles pass; not where a CPU limit may make them, which patience would only hide."""
    if may_be_want_of_cpu(proposal.case):
        return proposal
    return weigh.balance(proposal) if weigh.knows_lockups(proposal.case) else steady.stop_flapping(proposal)


def _find_sooner(proposal: Proposal) -> Proposal:
    if not weigh.knows_silence(proposal.case):
        return notice.notice_sooner(stuck.find_sooner(proposal))
    sooner = proposal if weigh.hardly_locks_up(proposal.case) else stuck.find_sooner(proposal)
    return weigh.balance(sooner, in_time=True)


def _warn_of_load(proposal: Proposal) -> Proposal:
    """Advise to take liveness off what queues: it has killed nobody yet, so that is left to a person."""
    liveness = proposal.probes.liveness
    if liveness is None or proposal.asks_anew:
        return proposal
    fit = handlers.fit_for_liveness(proposal)
    other = handlers.record(fit) if fit else f"something that does not, or nothing{handlers.shortfall(proposal)}"
    reason = f"{liveness.handler} waits behind the users' requests: let liveness ask {other}"
    return proposal.advise(ActionName.REPLACE_LIVENESS_WITH_READINESS, reason, ProbeType.LIVENESS)


def _raise_cpu(proposal: Proposal) -> Proposal:
    return proposal.advise(ActionName.RAISE_CPU, "the CPU limit stops it while it should answer")


def _raise_memory(proposal: Proposal) -> Proposal:
    return proposal.advise(ActionName.RAISE_MEMORY, "the kernel ended it at its memory limit")


def _drop_lone_readiness(proposal: Proposal) -> Proposal:
    """Take readiness away where it was seen to take the only backend away, and nobody can be waiting for it.

    Who waits for a start, be it a rollout, `helm --wait` or an init container, waits for the pod to be ready. Without
    readiness a pod is ready as soon as its startup probe has passed, and at once where it has none (prober_manager.go
    UpdatePodStatus): only behind a startup probe is it known that nobody goes on too early.
    """
    case, probes = proposal.case, proposal.probes
    if not taken_away(case):
        return proposal
    obstacle = _who_may_wait(case)
    reason = "it took the only backend away while that worked"
    if obstacle is not None:
        said = f"{reason}; {obstacle}, so this is left to a person"
        return proposal.advise(ActionName.REMOVE_READINESS, said, ProbeType.READINESS)
    if not proposal.may_drop_readiness:
        return proposal.advise(ActionName.REMOVE_READINESS, f"{reason}; other changes come first", ProbeType.READINESS)
    return proposal.take(
        ActionName.REMOVE_READINESS,
        f"{reason}; liveness asks the same, and who waits for a start waits for the startup probe",
        needs=Allowance.TYPES,
        probes=replace(probes, readiness=None),
    )


def _who_may_wait(case: Case) -> str | None:
    """Who may be waiting for readiness; None where it is known that nobody is."""
    workload = case.workload
    if workload.ref.kind is not WorkloadKind.DEPLOYMENT:
        return f"a {workload.ref.kind} waits for it when it is rolled out or scaled"
    if workload.replaces_gradually:
        return "a rollout waits for it before it takes the old pod away"
    if case.container.startup is None:
        return "without a startup probe a rollout, `helm --wait` or an init container may wait for it"
    return None


_STEPS: dict[FindingName, Step] = {
    FindingName.LIVENESS_KILL_BY_DEPENDENCY: _decouple,
    FindingName.LIVENESS_KILL_UNDER_PRESSURE: _bear_pressure,
    FindingName.LIVENESS_KILL_DURING_STARTUP: _give_starts_time,
    FindingName.LIVENESS_KILL_OF_LOCKUP: _outlast_pauses,
    FindingName.LIVENESS_KILL_UNEXPLAINED: patience.be_patient,
    FindingName.LOCKUP_WITHOUT_LIVENESS: _attend,
    FindingName.SINGLE_REPLICA_READINESS: _drop_lone_readiness,
    FindingName.READINESS_FLAPPING: _stop_flapping,
    FindingName.DETECTION_TOO_SLOW: _find_sooner,
    FindingName.PROBE_NEVER_SUCCEEDS: _mend_handler,
    FindingName.PROBE_ERRORS: _mend_handler,
    FindingName.PROBE_TIMEOUT_TOO_SHORT: patience.give_answers_time,
    FindingName.PORT_NOT_DECLARED: _mend_handler,
    FindingName.HOST_IN_PROBE: _mend_handler,
    FindingName.OOM_KILLED: _raise_memory,
    FindingName.CPU_THROTTLED: _raise_cpu,
    FindingName.LIVENESS_FOLLOWS_LOAD: _warn_of_load,
    FindingName.ZOMBIES: reaping.stop_zombies,
    FindingName.LIVENESS_BEFORE_READINESS: stuck.put_in_order,
    FindingName.STARTUP_DELAY_TOO_LONG: start.ask_sooner,
    FindingName.GRACE_TOO_LONG: stuck.end_sooner,
}

_OF_WHAT_LIVENESS_ASKED = frozenset(
    {
        FindingName.LIVENESS_KILL_UNDER_PRESSURE,
        FindingName.LIVENESS_KILL_OF_LOCKUP,
        FindingName.DETECTION_TOO_SLOW,
        FindingName.GRACE_TOO_LONG,
    }
)
"""Findings whose numbers were measured on the handler that liveness had: they do not travel to another one."""

_OVERRULED_BY: dict[FindingName, frozenset[FindingName]] = {
    FindingName.READINESS_FLAPPING: frozenset({FindingName.PROBE_NEVER_SUCCEEDS}),
    FindingName.DETECTION_TOO_SLOW: frozenset({FindingName.READINESS_FLAPPING}),
    FindingName.STARTUP_DELAY_TOO_LONG: frozenset(
        {FindingName.LIVENESS_KILL_DURING_STARTUP, FindingName.PROBE_NEVER_SUCCEEDS}
    ),
}
"""Findings that explain another one: while they stand, the other's numbers would only hide them."""
