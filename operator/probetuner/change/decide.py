"""One decision about one workload: what to show, what to send, what to tell."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from probetuner.change.block import TOO_LARGE, Block, BlockReason
from probetuner.change.conditions import write_conditions
from probetuner.change.gate import find_block, unneeded_approval
from probetuner.change.handover import Handover, handover
from probetuner.change.intent import intend
from probetuner.change.loosening import loosened_lately
from probetuner.change.outlook import Outlook
from probetuner.change.path import TEMPLATE
from probetuner.change.progress import follow
from probetuner.change.record import Change, Outcome, read_changes, write_figures
from probetuner.change.refuted import in_words, refuted
from probetuner.change.report import conditions_of, news
from probetuner.change.situation import Announcement, Decision, Situation, WorkloadPatch
from probetuner.change.status import Phase, write_status
from probetuner.change.trial import fresh_cases
from probetuner.change.warrant import Warrant, field_problem
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.diagnose import cases, diagnose, remembered
from probetuner.diagnosis.endpoints import Judgement, judge_endpoints
from probetuner.diagnosis.finding import FindingName, Severity
from probetuner.model.mode import Mode
from probetuner.model.policy import ContainerMode
from probetuner.tuning.budget import Budget
from probetuner.tuning.figures import Figures, measure
from probetuner.tuning.forecast import NoForecast, forecast
from probetuner.tuning.recommend import recommend

_RECHECK_SECONDS, _RESEND_SECONDS = 15.0, 3.0


def decide(situation: Situation, now: float) -> Decision:
    """Decide what to do about a workload. `now` is epoch seconds; nothing else of the outside is read."""
    budget = Budget()
    outlook = _look(situation, budget, now)
    outlook = replace(outlook, handover=_handover(situation, outlook))
    phase = _phase(situation, outlook)
    conditions = write_conditions(
        conditions_of(situation, outlook),
        previous=situation.status.get("conditions"),
        generation=situation.policy_generation,
        now=now,
    )
    status = write_status(
        situation,
        phase=phase,
        findings=outlook.findings,
        recommendation=outlook.recommendation,
        patch=outlook.patch,
        handover=outlook.handover,
        changes=outlook.changes,
        forecast=_forecast(situation, outlook, budget),
        measured=_measured(situation, outlook),
        conditions=conditions,
        endpoints=_endpoints(situation, outlook),
    )
    return Decision(
        status=status,
        patch=_sent(situation, outlook.changes[0], outlook.send) if outlook.send else None,
        announcements=(*outlook.announcements, *news(situation, outlook)),
        recheck_seconds=_recheck_seconds(outlook, now),
    )


def _sent(situation: Situation, change: Change, body: Mapping[str, Any]) -> WorkloadPatch:
    return WorkloadPatch(
        body=body,
        resource_version=situation.workload.resource_version,
        change=change.id,
        undoes=body == change.undo,
    )


def _cases(situation: Situation) -> tuple[Case, ...]:
    found = cases(situation.workload, situation.history, objectives=situation.policy.objectives)
    return _judged(situation, found)


def _judged(situation: Situation, found: tuple[Case, ...]) -> tuple[Case, ...]:
    """Without the containers that the user left out."""
    rules = situation.policy.containers
    return tuple(case for case in found if rules.mode_of(case.container.name) is ContainerMode.AUTO)


def _endpoints(situation: Situation, outlook: Outlook) -> dict[str, tuple[Judgement, ...]]:
    """What the trials of endpoints have shown, by container."""
    if situation.mode.mode is Mode.OFF:
        return {}
    return {case.container.name: judge_endpoints(case, situation.policy) for case in outlook.cases}


def _look(situation: Situation, budget: Budget, now: float) -> Outlook:
    outlook = Outlook(cases=_cases(situation), changes=read_changes(situation.status))
    if situation.mode.problem or situation.policy_problem or situation.mode.mode is Mode.OFF:
        return outlook
    outlook = replace(outlook, findings=diagnose(outlook.cases))
    if situation.mode.mode is Mode.OBSERVE:
        return outlook
    progress = follow(situation, outlook.changes, now=now)
    outlook = replace(
        outlook,
        changes=progress.changes,
        send=progress.send,
        block=progress.block,
        announcements=progress.announcements,
    )
    if not _unsettled(outlook.changes):
        return _advise(situation, outlook, budget, now)
    latest = outlook.changes[0]
    return replace(outlook, patch=latest.undo) if latest.to_be_undone and outlook.block is not None else outlook


def _unsettled(changes: Sequence[Change]) -> bool:
    """Whether a change is under way: nothing else is recommended until it is judged and, if need be, undone."""
    return bool(changes) and (changes[0].pending or changes[0].to_be_undone)


def _advise(situation: Situation, outlook: Outlook, budget: Budget, now: float) -> Outlook:
    loosened = loosened_lately(outlook.changes, situation.workload.containers, now=now)
    tried = refuted(outlook.changes, situation.workload.containers)
    advice = recommend(
        outlook.cases, outlook.findings, situation.policy, budget=budget, loosened=loosened, refuted=tried
    )
    outlook = replace(outlook, incomplete=budget.problem, tried=in_words(outlook.changes) if tried else "")
    if advice is None:
        return replace(outlook, block=unneeded_approval(situation, outlook.changes))
    intent = intend(
        situation,
        advice,
        cases=outlook.cases,
        findings=outlook.findings,
        changes=outlook.changes,
        loosened=loosened,
        refuted=tried,
        budget=budget,
    )
    outlook, due = replace(outlook, incomplete=budget.problem), intent.due
    patch = None if due is None else TEMPLATE.change(situation.workload, due)
    block = find_block(situation, intent, outlook.changes, patch=patch, now=now)
    outlook = replace(outlook, recommendation=advice, patch=TEMPLATE.change(situation.workload, advice), block=block)
    if block is not None or due is None or patch is None:
        return outlook
    change = Change(
        id=due.id,
        summary=", ".join(dict.fromkeys(action.name.value for action in due.actions if action.needs)),
        decided_at=now,
        patch=patch,
        undo=TEMPLATE.undo(situation.workload, due),
        before=due.before,
        approved=situation.mode.mode is not Mode.APPLY or intent.approved,
        generation=situation.workload.generation,
    )
    block = None if change.fits else TOO_LARGE
    block = block or _by_warrant(situation, change)
    if block is not None:
        return replace(outlook, block=block)
    why = "; ".join(dict.fromkeys(action.reason for action in due.actions if action.needs))
    left = f"; only with your approval: {', '.join(intent.left)}" if intent.left else ""
    told = Announcement(reason="Applying", message=f"{change.summary} (recommendation {due.id}): {why}{left}")
    return replace(
        outlook, changes=(change, *outlook.changes), send=patch, announcements=(*outlook.announcements, told)
    )


def _by_warrant(situation: Situation, change: Change) -> Block | None:
    """The refusal of a change that could not be sent, or could not be undone."""
    # Whether the undo is permitted too depends on what the workload is then; it is of the same fields.
    problem = Warrant.of(situation).problem(_sent(situation, change, change.patch)) or field_problem(change.undo)
    return None if problem is None else Block(reason=BlockReason.NOT_PERMITTED, message=problem)


def _handover(situation: Situation, outlook: Outlook) -> Handover | None:
    """What the source of the workload needs for the recommendation, or for the latest change that stands."""
    latest = outlook.latest
    stands = latest is not None and latest.applied_at is not None and not latest.is_gone
    patch = outlook.patch or (latest.patch if latest is not None and stands else None)
    return None if patch is None else handover(situation.workload, patch)


def _measured(situation: Situation, outlook: Outlook) -> Figures:
    """What is remembered over all templates; false restarts that the status has told of stay told.

    Older templates can only be judged by the present probes, and a history is saved later than a status: what was
    found, and written to the status or to the log of changes, stands.
    """
    found = measure(_judged(situation, remembered(situation.workload, situation.history)))
    made = [change for change in outlook.changes if change.applied_at is not None]
    fresh = fresh_cases(made[0], situation.workload, situation.history) if made else ()
    present = _judged(situation, fresh) if made else outlook.cases
    logged = sum(change.before.false_restarts or 0 for change in made)
    told = situation.status.get("falseRestarts")
    least = max(logged + (measure(present).false_restarts or 0), told if isinstance(told, int) else 0)
    return replace(found, false_restarts=max(found.false_restarts or 0, least))


def _forecast(situation: Situation, outlook: Outlook, budget: Budget) -> Mapping[str, Any] | None:
    """The forecast; as it was first written as long as the recommendation stands, for a replay takes time."""
    advice = outlook.recommendation
    if advice is None:
        return None
    written = situation.status.get("forecast")
    if (situation.status.get("recommendation") or {}).get("id") == advice.id and isinstance(written, Mapping):
        return written
    before, after = {"before": write_figures(advice.before)}, forecast(outlook.cases, advice, budget)
    return before | ({"reason": after.reason} if isinstance(after, NoForecast) else {"after": write_figures(after)})


def _phase(situation: Situation, outlook: Outlook) -> Phase:
    if situation.mode.problem or situation.policy_problem:
        return Phase.BLOCKED
    latest = outlook.changes[0] if outlook.changes else None
    if latest is not None and _unsettled(outlook.changes) and outlook.block is not None:
        return Phase.BLOCKED
    if latest is not None and latest.pending:
        applied = latest.applied_at is not None and situation.workload.rollout.complete
        return Phase.VERIFYING if applied else Phase.APPLYING
    if latest is not None and latest.to_be_undone:
        return Phase.ROLLED_BACK
    if outlook.recommendation is not None:
        return _phase_of_advice(situation, outlook)
    if latest is not None and latest.reverted_at is None:
        if latest.verdict is Outcome.KEPT:
            return Phase.KEPT
        if latest.verdict is Outcome.ROLLED_BACK:
            return Phase.ROLLED_BACK
    return _phase_of_findings(situation, outlook)


def _phase_of_findings(situation: Situation, outlook: Outlook) -> Phase:
    if any(finding.name is FindingName.INSUFFICIENT_EVIDENCE for finding in outlook.findings) or not outlook.findings:
        return Phase.LEARNING
    if all(finding.severity is Severity.INFO for finding in outlook.findings):
        return Phase.HEALTHY
    return Phase.LEARNING if situation.mode.mode is Mode.OBSERVE else Phase.RECOMMENDED


def _phase_of_advice(situation: Situation, outlook: Outlook) -> Phase:
    """Blocked is what somebody can mend; advice that is no patch, or not sure yet, or was tried, only stands there."""
    if outlook.block is None or situation.mode.mode is not Mode.APPLY:
        return Phase.RECOMMENDED
    if outlook.block.reason is BlockReason.TRIED_BEFORE:
        return Phase.ROLLED_BACK
    return Phase.BLOCKED if outlook.block.is_mendable else Phase.RECOMMENDED


def _recheck_seconds(outlook: Outlook, now: float) -> float | None:
    if _unsettled(outlook.changes) and outlook.block is None:
        return _RESEND_SECONDS if outlook.changes[0].applied_at is None else _RECHECK_SECONDS
    if outlook.block is None or outlook.block.until is None:
        return None
    return max(1.0, outlook.block.until - now)
