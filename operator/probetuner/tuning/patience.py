"""More time for answers that come late, and what is safe as long as it is not known what a kill hit."""

from dataclasses import replace

from probetuner.diagnosis.fault import Fault, fault_of, has_own_deadline
from probetuner.diagnosis.lockup import earlier_lockups, killed_in_lockup
from probetuner.diagnosis.short import late_probes
from probetuner.diagnosis.tight import tight_probes
from probetuner.diagnosis.unexplained import are_most, is_like_a_queue, silence_passed, unexplained_kills
from probetuner.model.policy import Allowance
from probetuner.model.probe import Exec, Probe, ProbeType
from probetuner.tuning import busy
from probetuner.tuning.numbers import take_numbers, waiting
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName
from probetuner.tuning.stuck import LEAST_TIMEOUT_SECONDS

_STEP_UP = 2
_SEVERAL = 3

_DEADLINE_FLAGS = {
    "grpc_health_probe": "-rpc-timeout and -connect-timeout",
    "grpc-health-probe": "-rpc-timeout and -connect-timeout",
    "curl": "--max-time",
    "wget": "-T",
    "timeout": "its duration",
    "rabbitmq-diagnostics": "--timeout",
    "pg_isready": "-t",
    "redis-cli": "-t",
    "nc": "-w",
}
"""By which flag a program takes the deadline that it gives itself."""


def give_answers_time(proposal: Proposal) -> Proposal:
    """Raise the timeouts that most answers do not keep to: how late they are is hidden, so step up and look again."""
    late, tight = late_probes(proposal.case), tight_probes(proposal.case)
    for kind in dict.fromkeys((*late, *tight)):
        probe = proposal.probes.get(kind)
        if probe is not None and kind is not ProbeType.STARTUP:
            usual = "take longer than" if kind in late else "usually take most of"
            proposal = proposal.take(
                ActionName.RAISE_TIMEOUT,
                f"{kind.value.lower()}: answers {usual} the {probe.timeout_seconds} s that it waits; how long is not "
                f"known yet{_whether_throttled(proposal)}",
                needs=Allowance.THRESHOLDS,
                probes=proposal.probes.with_probe(kind, longer(probe)),
            )
    return proposal


def _whether_throttled(proposal: Proposal) -> str:
    """A reminder of the other reason for late answers, where nothing shows whether it is that."""
    case = proposal.case
    if not case.container.has_cpu_limit or any(minute.cpu_periods for minute in case.history.minutes):
        return ""
    return "; it has a CPU limit, and whether that stops it is not known from here: see that first"


def longer(probe: Probe) -> Probe:
    """The probe with twice its timeout, or five seconds; its period grows along where the timeout would exceed it."""
    timeout = max(_STEP_UP * probe.timeout_seconds, LEAST_TIMEOUT_SECONDS)
    if timeout > probe.period_seconds > probe.timeout_seconds:
        timeout = probe.period_seconds
    return waiting(probe, timeout)


def be_patient(proposal: Proposal) -> Proposal:
    """What is safe for liveness that kills, nobody knows what: time for each answer, or to act later than readiness.

    Nothing where most kills are explained, or nothing shows that they hit anything but what was stuck. A few kills that
    somebody goes on watching are left to what the next ones show, and so are more as long as another endpoint may prove
    to answer meanwhile.
    """
    case, liveness = proposal.case, proposal.probes.liveness
    if liveness is None or liveness != case.container.liveness or not are_most(case):
        return proposal
    if has_own_deadline(case, ProbeType.LIVENESS):
        return raise_own_deadline(proposal)
    fault = fault_of(case, ProbeType.LIVENESS)
    if fault is Fault.LATE and silence_passed(case):
        name, chosen = ActionName.RAISE_TIMEOUT, longer(liveness)
        reason = "what the kills hit is not known, but silence passed by itself: some answers are only late"
    elif fault is Fault.ANSWER:
        name, chosen = ActionName.RAISE_FAILURE_THRESHOLD, _laxer(liveness, proposal.probes.readiness)
        reason = "what the kills hit is not known, but it answered: readiness acts on that, and liveness later"
    else:
        return proposal
    if case.was_watched and unexplained_kills(case, ProbeType.LIVENESS) < _SEVERAL:
        return proposal.advise(name, f"{reason}; more kills will show what helps", ProbeType.LIVENESS)
    if fault is Fault.LATE and not case.was_watched and not is_like_a_queue(case):
        later = chosen.detection_seconds - liveness.detection_seconds
        return proposal.advise(
            name,
            f"{reason}; with {chosen.timeout_seconds} s for each a process that hangs is found up to {later} s later, "
            "and watching it through the next kill shows whether it is worth that",
            ProbeType.LIVENESS,
        )
    stuck_too = killed_in_lockup(case) or earlier_lockups(case)
    may_leave = fault is Fault.LATE and not stuck_too and Allowance.TYPES in proposal.policy.allow
    if may_leave and busy.has_another(proposal):
        return busy.ask_another(proposal, liveness)  # that goes on answering, so the process as a whole does
    return take_numbers(proposal, chosen, reason=reason)


def _laxer(liveness: Probe, readiness: Probe | None) -> Probe:
    """Liveness with twice its failures, or as many as it takes to act a good while after readiness."""
    failures = _STEP_UP * liveness.failure_threshold
    if readiness is not None:
        failures = max(failures, 1 + _STEP_UP * readiness.detection_seconds // liveness.cadence_seconds)
    return replace(liveness, failure_threshold=failures)


def raise_own_deadline(proposal: Proposal) -> Proposal:
    """Advise on the deadline that the probe's own program gives itself: timeoutSeconds alone would change nothing."""
    case = proposal.case
    for kind in ProbeType:
        probe = case.container.probe(kind)
        if probe is not None and isinstance(probe.handler, Exec) and has_own_deadline(case, kind):
            program, flag = _flag(probe.handler)
            proposal = proposal.advise(
                ActionName.RAISE_HANDLER_DEADLINE,
                f"{kind.value.lower()}: {program} gave up by a deadline of its own: raise {flag}, and keep "
                f"timeoutSeconds ({probe.timeout_seconds}) above it",
                kind,
            )
    return proposal


def _flag(handler: Exec) -> tuple[str, str]:
    """The program that gives itself a deadline, and how it takes it."""
    words = [word.rsplit("/", 1)[-1] for part in handler.command for word in part.split()]
    known = next((word for word in words if word in _DEADLINE_FLAGS), None)
    return (known, _DEADLINE_FLAGS[known]) if known else (words[0] if words else "the command", "it")
