"""Other handlers for probes: only endpoints that were tried beside the present ones, and proved fit."""

from collections.abc import Sequence
from dataclasses import replace

from probetuner.diagnosis.endpoints import Fitness, Judgement, judge_endpoints
from probetuner.diagnosis.pressure import killed_under_pressure
from probetuner.model.candidate import Candidate
from probetuner.model.probe import HANDLER_FIELDS, Probe, ProbeType
from probetuner.tuning.proposal import Proposal

_PATIENCE_SECONDS = 120.0
_SHOWN = 6


def fit_for_liveness(proposal: Proposal) -> Judgement | None:
    """The endpoint that liveness had better ask: the user's own before others; None when none has proved fit."""
    return next((found for found in _others(proposal) if found.liveness is Fitness.FIT), None)


def working(proposal: Proposal) -> Judgement | None:
    """An endpoint that answers reliably, to be asked in place of one that never does."""
    return next((found for found in _others(proposal) if found.works), None)


def may_prove_fit(proposal: Proposal) -> bool:
    """Whether some endpoint that has done nothing wrong so far may prove fit in the trouble that goes on just now.

    It is waited for, for two minutes from the first kill on: what is taken away meanwhile would not come back.
    """
    kills = [life.kill_announced_at or life.ended_at for life in killed_under_pressure(proposal.case)]
    first = min((at for at in kills if at is not None), default=None)
    if first is None or proposal.case.history.last_seen_at - first > _PATIENCE_SECONDS:
        return False
    return any(found.liveness is Fitness.UNKNOWN and found.trial.all.succeeded for found in _others(proposal))


def asking(probe: Probe, candidate: Candidate) -> Probe:
    """The probe with the handler of the candidate, and all else as it was."""
    kept = {name: value for name, value in probe.written.items() if name not in HANDLER_FIELDS}
    return replace(probe, handler=candidate.handler, written={**kept, **candidate.written})


def record(judgement: Judgement) -> str:
    """The endpoint with what its trial has shown, as evidence."""
    return f"{judgement.name}: tried beside it, {judgement.liveness_reason}"


def shortfall(proposal: Proposal) -> str:
    """Why none of the endpoints that were tried is fit for liveness; empty when none was tried."""
    tried = [found for found in judge_endpoints(proposal.case, proposal.policy) if found.trial.all.attempts]
    if not tried:
        return ""
    said = [f"{found.name}: {found.liveness_reason}" for found in _most_telling(tried)[:_SHOWN]]
    return f"; of {len(tried)} endpoints tried none is fit for liveness ({'; '.join(said)})"


def _most_telling(tried: Sequence[Judgement]) -> list[Judgement]:
    """Those that answered at all come first."""
    return sorted(tried, key=lambda found: not found.trial.all.succeeded)


def _others(proposal: Proposal) -> list[Judgement]:
    present = proposal.case.container.probe(ProbeType.LIVENESS)
    return [
        found
        for found in judge_endpoints(proposal.case, proposal.policy)
        if present is None or found.candidate.handler != present.handler
    ]
