"""Where the latest change stands: sent, carried out, judged, undone, or put back by somebody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from probetuner.change.block import Block, paused, refused, undo_withheld
from probetuner.change.path import TEMPLATE
from probetuner.change.record import Change, Outcome
from probetuner.change.situation import (
    Announcement,
    Refusal,
    RefusalReason,
    Situation,
    Tone,
    WorkloadPatch,
)
from probetuner.change.times import to_text
from probetuner.change.verify import judge
from probetuner.change.warrant import Warrant
from probetuner.model.mode import ROLLBACK_ANNOTATION

_SEND_AGAIN_SECONDS = 600.0
_CONFLICT_SECONDS = 2.0
"""How long nothing is sent after a conflict, which means that the workload has moved on, no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The changes as they are now, what has to be sent for them, what stands in its way, and what there is to tell."""

    changes: tuple[Change, ...]
    send: Mapping[str, Any] | None = None
    block: Block | None = None
    announcements: tuple[Announcement, ...] = ()


def follow(situation: Situation, changes: Sequence[Change], *, now: float) -> Progress:
    """Take the latest change one step further, judged by the live workload."""
    changes = _without_attempts(changes, asked=situation.workload.rollback_annotation)
    if not changes:
        return Progress(changes=())
    latest, older = changes[0], tuple(changes[1:])
    step = _follow(situation, latest, now=now)
    (followed,) = step.changes
    if followed.was_dropped and older and older[0].was_dropped and older[0].id == followed.id:
        # Attempts that the server refuses again and again must not push out of the log what was done.
        older = older[1:]
    return replace(step, changes=(followed, *older))


def _without_attempts(changes: Sequence[Change], *, asked: str | None) -> Sequence[Change]:
    """Without what never arrived since the change that is to be undone: only the latest is looked at."""
    arrived = next((index for index, change in enumerate(changes) if not change.was_dropped), None)
    return changes[arrived:] if arrived is not None and changes[arrived].id == asked else changes


def _follow(situation: Situation, change: Change, *, now: float) -> Progress:
    carried = TEMPLATE.holds(change.patch, situation.workload)
    undone = TEMPLATE.holds(change.undo, situation.workload)
    asked = situation.workload.rollback_annotation == change.id and not (change.to_be_undone or change.is_gone)
    if asked and (carried or change.applied_at is None):
        return _undo_as_asked(situation, change, carried=carried, now=now)
    if change.pending:
        if carried:
            return _watch(situation, replace(change, applied_at=change.applied_at or now), now=now)
        if change.applied_at is None:
            return _send_or_give_up(situation, change, undone=undone, now=now)
        return _reverted(change, _PUT_BACK if undone else _CHANGED, now=now)
    if change.to_be_undone:
        return _take_back(situation, change, carried=carried, undone=undone, now=now)
    if change.applied_at is None or change.reverted_at is not None:
        return Progress(changes=(change,))
    if change.verdict is Outcome.ROLLED_BACK:
        again = carried and not undone
        return _reverted(change, _PUT_FORTH, now=now) if again else Progress(changes=(change,))
    return _reverted(change, _PUT_BACK, now=now) if undone else Progress(changes=(change,))


def _send_or_give_up(situation: Situation, change: Change, *, undone: bool, now: float) -> Progress:
    """The change was written down and is not on the workload: send it (again), unless the ground has moved."""
    refusal = _refusal_since(situation, change.decided_at)
    if refusal is not None and refusal.reason is not RefusalReason.CONFLICT:
        return _dropped(change, f"the patch was refused ({refusal.reason}): {refusal.message}", now=now)
    if not undone:
        return _dropped(change, "the workload was changed before the patch was sent; nothing was applied", now=now)
    if change.was_overwritten(situation.workload.generation):
        return _reverted(replace(change, applied_at=change.decided_at), _PUT_BACK, now=now)
    problem = _problem(situation, change, change.patch)
    if problem is not None:
        return _dropped(change, f"{problem}; nothing was applied", now=now)
    if now - change.decided_at > _SEND_AGAIN_SECONDS:
        reason = f"the patch could not be sent within {_SEND_AGAIN_SECONDS:.0f} s; nothing was applied"
        return _dropped(change, reason, now=now)
    changes = (_unsent(situation, change),)
    if situation.workload.paused:
        return Progress(changes=changes, block=paused(situation.workload.ref))
    return Progress(changes=changes, send=None if _was_just_in_conflict(refusal, now=now) else change.patch)


def _unsent(situation: Situation, change: Change) -> Change:
    """The change, nothing of which has arrived until now."""
    return replace(change, generation=max(change.generation or 0, situation.workload.generation))


def _problem(situation: Situation, change: Change, body: Mapping[str, Any]) -> str | None:
    """Why that patch of the change must not be sent now; None when it may be.

    What nobody asks for any more is not written, even where it is our own change that was bad; it is shown instead.
    """
    patch = WorkloadPatch(
        body=body,
        resource_version=situation.workload.resource_version,
        change=change.id,
        undoes=body == change.undo,
    )
    return Warrant.of(situation).problem(patch)


def _refusal_since(situation: Situation, since: float) -> Refusal | None:
    """The answer to the last patch, if it was no and came since then."""
    refusal = situation.refusal
    return refusal if refusal is not None and refusal.at >= since else None


def _was_just_in_conflict(refusal: Refusal | None, *, now: float) -> bool:
    if refusal is None or refusal.reason is not RefusalReason.CONFLICT:
        return False
    return now - refusal.at < _CONFLICT_SECONDS


def _take_back(situation: Situation, change: Change, *, carried: bool, undone: bool, now: float) -> Progress:
    """The change was judged worse: send the old values until they are seen."""
    if undone:
        return Progress(changes=(replace(change, undone_at=now),))
    if not carried:
        return _reverted(change, _CHANGED, now=now)
    if change.was_overwritten(situation.workload.generation):
        return _reverted(replace(change, undone_at=change.verdict_at), _PUT_FORTH, now=now)
    return _undo(situation, change, now=now)


def _undo(situation: Situation, change: Change, *, now: float) -> Progress:
    """Send the old values, unless they may not be sent or were refused within the last minutes."""
    changes = (_unsent(situation, change),)
    problem = _problem(situation, change, change.undo)
    if problem is not None:
        return Progress(changes=changes, block=undo_withheld(problem))
    refusal = _refusal_since(situation, change.verdict_at or change.decided_at)
    if _was_just_in_conflict(refusal, now=now):
        return Progress(changes=changes)
    block = refused(refusal, now=now)
    return Progress(changes=changes, send=None if block is not None else change.undo, block=block)


def _undo_as_asked(situation: Situation, change: Change, *, carried: bool, now: float) -> Progress:
    """A person wants the old values back, whatever the verdict was; what was not sent yet never is."""
    if not carried:
        return _dropped(change, f"{_ASKED}; nothing was applied", now=now)
    taken = replace(
        change,
        applied_at=change.applied_at or now,
        verdict=Outcome.ROLLED_BACK,
        verdict_at=now,
        reason=_ASKED,
    )
    told = Announcement(reason=Outcome.ROLLED_BACK.value, message=f"{change.summary}: {_ASKED}")
    return replace(_undo(situation, taken, now=now), announcements=(told,))


def _dropped(change: Change, reason: str, *, now: float) -> Progress:
    reason = reason[:_REASON_CHARACTERS]
    dropped = replace(change, verdict=Outcome.INCONCLUSIVE, verdict_at=now, reason=reason)
    return Progress(
        changes=(dropped,), announcements=(Announcement(reason="NotApplied", message=reason, tone=Tone.WARNING),)
    )


def _watch(situation: Situation, change: Change, *, now: float) -> Progress:
    verdict = judge(
        change,
        situation.workload,
        situation.history,
        verify_seconds=situation.policy.apply.verify_seconds,
        now=now,
    )
    if verdict is None:
        is_held = situation.workload.paused and not situation.workload.rollout.complete
        return Progress(changes=(change,), block=paused(situation.workload.ref) if is_held else None)
    judged = replace(change, verdict=verdict.outcome, verdict_at=now, reason=verdict.reason, after=verdict.after)
    tone = Tone.WARNING if verdict.outcome is Outcome.ROLLED_BACK else Tone.NORMAL
    told = Announcement(reason=verdict.outcome.value, message=f"{change.summary}: {verdict.reason}", tone=tone)
    is_worse = verdict.outcome is Outcome.ROLLED_BACK
    step = _undo(situation, judged, now=now) if is_worse else Progress(changes=(judged,))
    return replace(step, announcements=(told,))


def _reverted(change: Change, how: str, *, now: float) -> Progress:
    reason = f"somebody else {how} ({to_text(now)})"
    reverted = replace(
        change,
        verdict=change.verdict or Outcome.INCONCLUSIVE,
        verdict_at=change.verdict_at or now,
        reverted_at=now,
        reason=reason,
    )
    told = Announcement(reason="RevertedByOther", message=f"{change.summary}: {reason}", tone=Tone.WARNING)
    return Progress(changes=(reverted,), announcements=(told,))


_REASON_CHARACTERS = 1024
_PUT_BACK, _CHANGED = "put the old values back", "changed the same probes"
_PUT_FORTH = "put the changed values back"
_ASKED = f"a person asked for the old values ({ROLLBACK_ANNOTATION})"
