"""Other handlers for probes: only endpoints that were tried beside the present ones, and proved fit."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import ceil

from probetuner.diagnosis.endpoints import Fitness, Judgement, judge_endpoints
from probetuner.diagnosis.pressure import killed_under_pressure
from probetuner.diagnosis.starting import liveness_kills
from probetuner.diagnosis.wording import several
from probetuner.model.candidate import Candidate
from probetuner.model.policy import Allowance
from probetuner.model.probe import HANDLER_FIELDS, Probe, ProbeType
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName

_PATIENCE_SECONDS = 120.0
_SHOWN = 6


def fit_for_liveness(proposal: Proposal) -> Judgement | None:
    """The endpoint that liveness had better ask: the user's own before others; None when none has proved fit."""
    return next((found for found in _others(proposal) if found.liveness is Fitness.FIT), None)


def working(proposal: Proposal) -> Judgement | None:
    """An endpoint that answers reliably, to be asked in place of one that never does."""
    return next((found for found in _others(proposal) if found.works), None)


def without_command(proposal: Proposal, kinds: Collection[ProbeType]) -> Judgement | None:
    """The endpoint that can take over what these probes run a command for.

    One that proved fit for each, or that the user offered, works, and has shown nothing against it: whoever offers it
    knows what it says of the application, which a quiet trial does not tell.
    """
    return next((found for found in _others(proposal) if _may_replace_command(found, proposal, kinds)), None)


def _may_replace_command(found: Judgement, proposal: Proposal, kinds: Collection[ProbeType]) -> bool:
    judged = {found.readiness if kind is ProbeType.READINESS else found.liveness for kind in kinds}
    offered = found.works and found.candidate in proposal.policy.candidates
    return judged == {Fitness.FIT} or (offered and Fitness.UNFIT not in judged)


def may_prove_fit(proposal: Proposal) -> bool:
    """Whether some endpoint that has done nothing wrong so far may prove fit in the trouble that goes on just now.

    It is waited for, for two minutes from the first kill on: what is taken away meanwhile would not come back, and any
    new template begins the trials anew. Until pressure is found every kill by liveness may be of it.
    """
    kills = killed_under_pressure(proposal.case) or liveness_kills(proposal.case)
    ends = (life.kill_announced_at or life.ended_at for life in kills)
    first = min((at for at in ends if at is not None), default=None)
    if first is None or proposal.case.history.last_seen_at - first > _PATIENCE_SECONDS:
        return False
    return any(found.liveness is Fitness.UNKNOWN and found.trial.all.succeeded for found in _others(proposal))


def asking(probe: Probe, candidate: Candidate) -> Probe:
    """The probe with the handler of the candidate, and all else as it was."""
    kept = {name: value for name, value in probe.written.items() if name not in HANDLER_FIELDS}
    return replace(probe, handler=candidate.handler, written={**kept, **candidate.written})


def taking_over(liveness: Probe, readiness: Probe) -> Probe:
    """A liveness probe that asks what readiness asks, with readiness's numbers, but no stricter than liveness was.

    How readiness asks that is known to work. Liveness waits no shorter for an answer than either did, bears a silence
    for no less time than it did, and lets readiness act first.
    """
    taken = replace(
        readiness,
        initial_delay_seconds=max(readiness.initial_delay_seconds, liveness.initial_delay_seconds),
        timeout_seconds=max(readiness.timeout_seconds, liveness.timeout_seconds),
        success_threshold=1,
        failure_threshold=max(readiness.failure_threshold + 1, liveness.failure_threshold),
        termination_grace_period_seconds=liveness.termination_grace_period_seconds,
    )
    missing = max(0, liveness.borne_seconds - taken.borne_seconds)
    return replace(taken, failure_threshold=taken.failure_threshold + ceil(missing / taken.cadence_seconds))


def record(judgement: Judgement) -> str:
    """The endpoint with what its trial has shown, as evidence."""
    return f"{judgement.name}: tried beside it, {judgement.liveness_reason}"


def take_without_command(proposal: Proposal, kinds: Collection[ProbeType], found: Judgement) -> Proposal:
    """Let these probes ask an endpoint in place of running a command."""
    reason = f"a probe that runs no command leaves nothing to be reaped; let it ask {record(found)}"
    return ask(proposal, kinds, found, reason=reason)


def ask(proposal: Proposal, kinds: Collection[ProbeType], found: Judgement, *, reason: str) -> Proposal:
    """Let each of these probes ask another endpoint, since its handler is no good."""
    for kind in kinds:
        probe = proposal.probes.get(kind)
        if probe is not None:
            probes = proposal.probes.with_probe(kind, asking(probe, found.candidate))
            proposal = proposal.take(ActionName.FIX_HANDLER, reason, needs=Allowance.TYPES, probes=probes)
    return proposal


def shortfall(proposal: Proposal) -> str:
    """Why none of the endpoints that were tried is fit for liveness; empty when none was tried.

    What liveness asks now is among them once it has proved unfit: before, it may read as one that answers well.
    """
    tried = [
        found
        for found in judge_endpoints(proposal.case, proposal.policy)
        if found.trial.all.attempts and (_is_another(found, proposal) or found.liveness is Fitness.UNFIT)
    ]
    if not tried:
        return ""
    said = [f"{found.name}: {found.liveness_reason}" for found in _most_telling(tried)[:_SHOWN]]
    return f"; of {several(len(tried), 'endpoint')} tried none is fit for liveness ({'; '.join(said)})"


def _most_telling(tried: Sequence[Judgement]) -> list[Judgement]:
    """Those that answered at all come first."""
    return sorted(tried, key=lambda found: not found.trial.all.succeeded)


def _others(proposal: Proposal) -> list[Judgement]:
    return [found for found in judge_endpoints(proposal.case, proposal.policy) if _is_another(found, proposal)]


def _is_another(found: Judgement, proposal: Proposal) -> bool:
    """Whether liveness asks something else now."""
    present = proposal.case.container.probe(ProbeType.LIVENESS)
    return present is None or found.candidate.handler != present.handler
