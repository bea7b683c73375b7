"""More patience where answers come late: it does not end the trouble, and says until when it bears it."""

from dataclasses import replace

from probetuner.diagnosis.finding import FindingName
from probetuner.diagnosis.load import are_pauses
from probetuner.model.probe import ProbeType
from probetuner.tuning.numbers import within_bounds
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import Action, ActionName

_MORE_PATIENCE = frozenset({ActionName.RAISE_TIMEOUT, ActionName.RAISE_FAILURE_THRESHOLD})
_OF_LATE_ANSWERS = frozenset({FindingName.LIVENESS_KILL_UNDER_PRESSURE, FindingName.LIVENESS_KILL_UNEXPLAINED})


def call_stopgaps(proposal: Proposal) -> Proposal:
    """Say of more patience with a busy process that it is a stopgap, and what liveness kills for again.

    What outlasts pauses is none: as far as is known they do not grow, as a queue does.
    """
    case, liveness = proposal.case, proposal.probes.liveness
    if liveness is None or are_pauses(case):
        return proposal
    chosen = within_bounds(proposal.policy, ProbeType.LIVENESS, liveness, case.container.liveness)
    again = f"a stopgap: answers that take over {chosen.timeout_seconds} s for {chosen.borne_seconds} s kill again"

    def called(action: Action) -> Action:
        is_one = action.probe is ProbeType.LIVENESS and action.name in _MORE_PATIENCE and action.needs is not None
        if not is_one or action.asked_by not in _OF_LATE_ANSWERS:
            return action
        return replace(action, reason=f"{action.reason}; {again}", stopgap=True)

    return replace(proposal, actions=tuple(map(called, proposal.actions)))
