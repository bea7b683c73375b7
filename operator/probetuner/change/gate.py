"""What stands between a recommendation and its application.

Each refusal has a reason that shows in the condition `Applied` and a sentence that says what to do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from probetuner.change.block import Block, BlockReason, paused, refused
from probetuner.change.brakes import by_past, by_window
from probetuner.change.fields import fields_of
from probetuner.change.intent import Intent, uses_of
from probetuner.change.owners import keeper_of
from probetuner.change.pace import by_pause, by_traffic
from probetuner.change.record import Change
from probetuner.change.situation import Situation
from probetuner.change.stopgap import by_stopgap
from probetuner.change.times import to_text
from probetuner.diagnosis.finding import Finding, FindingName
from probetuner.model.mode import APPROVE_ANNOTATION, ROLLBACK_ANNOTATION, Mode
from probetuner.model.policy import OnConflict
from probetuner.tuning.recommendation import Recommendation

_SURE_ENOUGH = 0.8
_HAND_OVER = "see status.handover, or set spec.apply.onConflict to Override"
_SHOWN_CHARACTERS = 40


def find_block(
    situation: Situation,
    intent: Intent,
    changes: Sequence[Change],
    *,
    patch: Mapping[str, Any] | None,
    now: float,
) -> Block | None:
    """The first thing that forbids what is intended; None when nothing does. `patch` is what would be sent for it."""
    advice, due = intent.advice, intent.due
    refusal = _by_wish(advice) or _by_mode(situation, advice, changes)
    if refusal is not None or due is None or due.changes_nothing:
        return refusal or _by_lack_of_trouble(intent)
    return (
        _by_rollback(situation, due)
        or _by_ownership(situation, patch)
        or _by_evidence(situation, intent, due)
        or by_stopgap(situation, intent, due, now=now)
        or by_past(situation.policy.apply, changes, identity=due.id, patch=patch, now=now)
        or _by_state(situation, intent.grounds)
        or by_window(situation.policy.apply, now=now)
        or by_pause(situation.workload, situation.traffic, now=now)
        or by_traffic(situation.traffic, now=now)
        or refused(situation.refusal, now=now)
    )


def _by_wish(recommendation: Recommendation) -> Block | None:
    if not recommendation.actions and recommendation.withheld:
        return _not_allowed(recommendation)
    if recommendation.changes_nothing:
        return Block(
            reason=BlockReason.NOTHING_TO_APPLY,
            message="the advice is not about the pod template, or the bounds leave no room; nothing can be patched",
        )
    return None


def _not_allowed(recommendation: Recommendation) -> Block:
    needed = ", ".join(sorted({action.needs.value for action in recommendation.withheld if action.needs}))
    return Block(
        reason=BlockReason.NOT_ALLOWED,
        message=f"spec.allow of the ProbePolicy does not list {needed}; add it to have this applied",
    )


def _by_mode(situation: Situation, recommendation: Recommendation, changes: Sequence[Change]) -> Block | None:
    if situation.mode.mode is Mode.APPLY:
        return None
    approved = situation.workload.approve_annotation
    if approved is None:
        return Block(
            reason=BlockReason.MODE,
            message=f"mode is {situation.mode.mode}; annotate {APPROVE_ANNOTATION}={recommendation.id} to apply this",
        )
    if approved != recommendation.id:
        return _stale_approval(approved, f"the recommendation is now {recommendation.id}: approve that if you agree")
    used = uses_of(approved, changes)
    if not used:
        return None
    return Block(
        reason=BlockReason.APPROVAL_USED,
        message=(
            f"the approval was used at {to_text(used[0].decided_at)}, and is good for once; mode Apply repeats what "
            "trouble asks for"
        ),
    )


def _by_lack_of_trouble(intent: Intent) -> Block:
    if intent.due is not None and intent.due.withheld and not intent.due.actions:
        return _not_allowed(intent.due)
    return Block(
        reason=BlockReason.NO_TROUBLE,
        message=(
            f"no trouble was seen that asks for {', '.join(intent.left)}, and mode Apply changes nothing without it; "
            f"annotate {APPROVE_ANNOTATION}={intent.advice.id} to have it applied"
        ),
    )


def unneeded_approval(situation: Situation, changes: Sequence[Change]) -> Block | None:
    """Where nothing is recommended, an approval that was never used can only be of something older."""
    approved = situation.workload.approve_annotation
    if (
        approved is None
        or situation.mode.mode is Mode.APPLY
        or any(change.applied_at is not None for change in changes)
    ):
        return None
    return _stale_approval(approved, "nothing is recommended now")


def _stale_approval(approved: str, instead: str) -> Block:
    """The refusal of an id that is not that of the recommendation; `instead` says what holds now."""
    message = f"{APPROVE_ANNOTATION} is {approved[:_SHOWN_CHARACTERS]!r}, but {instead}"
    return Block(reason=BlockReason.STALE_APPROVAL, message=message)


def _by_rollback(situation: Situation, due: Recommendation) -> Block | None:
    if situation.workload.rollback_annotation != due.id:
        return None
    return Block(
        reason=BlockReason.ROLLBACK_ASKED,
        message=f"{ROLLBACK_ANNOTATION} names this very change; take the annotation away to have it made",
    )


def _by_ownership(situation: Situation, patch: Mapping[str, Any] | None) -> Block | None:
    workload = situation.workload
    if workload.owners:
        return Block(
            reason=BlockReason.OWNED,
            message=f"{workload.owners[0]} owns {workload.ref} and would put the change back: change it there",
        )
    keeper = keeper_of(workload, fields_of(patch or {}))
    if keeper is None or situation.policy.apply.on_conflict is OnConflict.OVERRIDE:
        return None
    return Block(reason=keeper.reason, message=f"{keeper.sentence(workload.ref)}: {_HAND_OVER}")


def _by_evidence(situation: Situation, intent: Intent, due: Recommendation) -> Block | None:
    surest = _confidence(due, intent.grounds)
    if surest < _SURE_ENOUGH and not intent.approved:
        return Block(
            reason=BlockReason.LOW_CONFIDENCE,
            message=(
                f"confidence is {surest:.0%}; from {_SURE_ENOUGH:.0%} on it is applied, and before that when you "
                f"annotate {APPROVE_ANNOTATION}={intent.advice.id}"
            ),
        )
    least = situation.policy.apply.min_replicas
    if situation.workload.rollout.desired < least:
        return Block(
            reason=BlockReason.TOO_FEW_REPLICAS,
            message=f"{situation.workload.rollout.desired} replicas are wanted, spec.apply.minReplicas is {least}",
        )
    return None


def _confidence(due: Recommendation, grounds: Sequence[Finding]) -> float:
    """How sure it is that every container that would be changed has to be: the surest finding of the least sure one.

    Only a finding that asks for a change of that container speaks for it.
    """
    asking = {(action.container, action.asked_by) for action in due.actions if action.needs}
    sure = [finding for finding in grounds if (finding.container, finding.name) in asking]
    return min(
        (max((f.confidence for f in sure if f.container == name), default=0.0) for name in due.changed_containers),
        default=0.0,
    )


def _by_state(situation: Situation, findings: Sequence[Finding]) -> Block | None:
    workload = situation.workload
    if workload.paused:
        return paused(workload.ref)
    kills_are_the_outage = any(finding.name in _KILLS for finding in findings)
    rollout = workload.rollout
    if not rollout.observed or (
        not kills_are_the_outage and (rollout.updated < rollout.desired or rollout.total > rollout.desired)
    ):
        return Block(
            reason=BlockReason.ROLLOUT_IN_PROGRESS, message=f"{workload.ref} is being rolled out; wait for its end"
        )
    if rollout.ready < rollout.desired and not kills_are_the_outage:
        return Block(
            reason=BlockReason.OUTAGE,
            message=f"{rollout.ready} of {rollout.desired} replicas are ready; a rollout now would take more away",
        )
    return None


_KILLS = (FindingName.LIVENESS_KILL_UNDER_PRESSURE, FindingName.LIVENESS_KILL_DURING_STARTUP)
