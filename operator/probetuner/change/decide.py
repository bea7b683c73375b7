"""One decision about one workload: what to show, what to send, what to tell."""

from collections.abc import Sequence
from dataclasses import replace

from probetuner.change.conditions import write_conditions
from probetuner.change.gate import find_block
from probetuner.change.outlook import Outlook
from probetuner.change.patch import build_patch
from probetuner.change.progress import follow
from probetuner.change.record import Change, Outcome, read_changes
from probetuner.change.report import conditions_of, news
from probetuner.change.situation import Announcement, Decision, Situation, WorkloadPatch
from probetuner.change.status import Phase, write_status
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.finding import FindingName
from probetuner.model.mode import Mode
from probetuner.tuning.figures import measure
from probetuner.tuning.recommend import recommend

_RECHECK_SECONDS = 15.0


def decide(situation: Situation, now: float) -> Decision:
    """Decide what to do about a workload. `now` is epoch seconds; nothing else of the outside is read."""
    outlook = _look(situation, now)
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
        changes=outlook.changes,
        measured=measure(_cases(situation)),
        conditions=conditions,
    )
    send = outlook.send
    return Decision(
        status=status,
        patch=WorkloadPatch(body=send, resource_version=situation.workload.resource_version) if send else None,
        announcements=(*outlook.announcements, *news(situation, outlook)),
        recheck_seconds=_RECHECK_SECONDS if phase in (Phase.APPLYING, Phase.VERIFYING) else _until(outlook, now),
    )


def _cases(situation: Situation) -> tuple[Case, ...]:
    return cases(situation.workload, situation.history, objectives=situation.policy.objectives)


def _look(situation: Situation, now: float) -> Outlook:
    changes = read_changes(situation.status)
    if situation.mode.problem or situation.policy_problem:
        return Outlook(changes=changes)
    if situation.mode.mode is Mode.OFF:
        return Outlook(changes=changes)
    findings = diagnose(_cases(situation))
    if situation.mode.mode is Mode.OBSERVE:
        return Outlook(changes=changes, findings=findings)
    progress = follow(situation, changes, now=now)
    outlook = Outlook(
        changes=progress.changes, findings=findings, send=progress.send, announcements=progress.announcements
    )
    return outlook if _unsettled(outlook.changes) else _advise(situation, outlook, now)


def _unsettled(changes: Sequence[Change]) -> bool:
    """Whether a change is under way: nothing else is recommended until it is judged and, if need be, undone."""
    if not changes:
        return False
    latest = changes[0]
    return latest.pending or (latest.verdict is Outcome.ROLLED_BACK and latest.undone_at is None)


def _advise(situation: Situation, outlook: Outlook, now: float) -> Outlook:
    advice = recommend(_cases(situation), outlook.findings, situation.policy)
    if advice is None:
        return outlook
    patch = build_patch(situation.workload, old=advice.current, new=advice.target)
    block = find_block(situation, advice, outlook.findings, outlook.changes, now=now)
    outlook = replace(outlook, recommendation=advice, patch=patch, block=block)
    if block is not None or patch is None:
        return outlook
    change = Change(
        id=advice.id,
        summary=", ".join(dict.fromkeys(action.name.value for action in advice.actions if action.needs)),
        decided_at=now,
        patch=patch,
        undo=build_patch(situation.workload, old=advice.target, new=advice.current) or {},
        before=advice.before,
    )
    told = Announcement(reason="Applying", message=f"{change.summary} (recommendation {advice.id})")
    return replace(
        outlook, changes=(change, *outlook.changes), send=patch, announcements=(*outlook.announcements, told)
    )


def _phase(situation: Situation, outlook: Outlook) -> Phase:
    if situation.mode.problem or situation.policy_problem:
        return Phase.BLOCKED
    latest = outlook.changes[0] if outlook.changes else None
    if latest is not None and latest.pending:
        applied = latest.applied_at is not None and situation.workload.rollout.complete
        return Phase.VERIFYING if applied else Phase.APPLYING
    if outlook.recommendation is not None:
        blocked = situation.mode.mode is Mode.APPLY and outlook.block is not None
        return Phase.BLOCKED if blocked else Phase.RECOMMENDED
    if latest is not None and latest.reverted_at is None:
        if latest.verdict is Outcome.KEPT:
            return Phase.KEPT
        if latest.verdict is Outcome.ROLLED_BACK:
            return Phase.ROLLED_BACK
    if any(finding.name is FindingName.INSUFFICIENT_EVIDENCE for finding in outlook.findings) or not outlook.findings:
        return Phase.LEARNING
    return Phase.HEALTHY if outlook.findings[0].name is FindingName.HEALTHY else Phase.RECOMMENDED


def _until(outlook: Outlook, now: float) -> float | None:
    if outlook.block is None or outlook.block.until is None:
        return None
    return max(1.0, outlook.block.until - now)
