"""What of a recommendation may be carried out: mode Apply changes only what trouble asks for that was seen.

What rests on a manifest alone costs a rollout and mends nothing that anybody has met, however sure it is. The word of a
person who approves a recommendation is good for all that is in it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from probetuner.change.record import Change
from probetuner.change.refuted import Refuted
from probetuner.change.situation import Situation
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.finding import Finding
from probetuner.model.mode import Mode
from probetuner.model.probe import ProbeType
from probetuner.tuning.budget import Budget
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import Recommendation


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """All that is advised, and what of it is due: follows from the findings that may lead to a change now (`grounds`).

    `due` is None where nothing follows from them. `approved` is whether a person asked for exactly this advice.
    """

    advice: Recommendation
    due: Recommendation | None
    grounds: tuple[Finding, ...]
    approved: bool

    @property
    def left(self) -> tuple[str, ...]:
        """The names of the actions that only an approval has carried out."""
        actions = () if self.due is None else self.due.actions
        due = {(action.container, action.name) for action in actions if action.needs}
        left = (action for action in self.advice.actions if action.needs)
        return tuple(dict.fromkeys(a.name.value for a in left if (a.container, a.name) not in due))


def intend(
    situation: Situation,
    advice: Recommendation,
    *,
    cases: Sequence[Case],
    findings: Sequence[Finding],
    changes: Sequence[Change],
    loosened: Collection[tuple[str, ProbeType]],
    refuted: Collection[Refuted],
    budget: Budget,
) -> Intent:
    """Tell what of the advice is due. The rest follows from what is asked again without the other findings."""
    approved = situation.workload.approve_annotation == advice.id and not uses_of(advice.id, changes)
    everything = approved or situation.mode.mode is not Mode.APPLY
    grounds = tuple(finding for finding in findings if everything or finding.is_trouble)
    asked = {(finding.container, finding.name) for finding in grounds}
    due: Recommendation | None = advice
    if any((action.container, action.asked_by) not in asked for action in advice.actions if action.needs):
        due = recommend(cases, grounds, situation.policy, budget=budget, loosened=loosened, refuted=refuted)
    return Intent(advice=advice, due=due, grounds=grounds, approved=approved)


def uses_of(approval: str, changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes that were made for an approved id: it is good for one."""
    return tuple(change for change in changes if change.id == approval and change.applied_at is not None)
