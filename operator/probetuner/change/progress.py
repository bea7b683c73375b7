"""Where the latest change stands: sent, carried out, judged, undone, or put back by somebody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from probetuner.change.patch import entries_of
from probetuner.change.path import TEMPLATE
from probetuner.change.record import Change, Outcome
from probetuner.change.situation import Announcement, RefusalReason, Situation, Tone
from probetuner.change.times import to_text
from probetuner.change.verify import judge
from probetuner.model.mode import Mode
from probetuner.model.policy import ContainerMode

_SEND_AGAIN_SECONDS = 600.0
_PAUSE_SECONDS = {RefusalReason.CONFLICT: 2.0, RefusalReason.REJECTED: 600.0, RefusalReason.FORBIDDEN: 600.0}
"""How long nothing is sent after the server said no. A conflict means that the workload has moved on, no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The changes as they are now, what has to be sent for them, and what there is to tell."""

    changes: tuple[Change, ...]
    send: Mapping[str, Any] | None = None
    announcements: tuple[Announcement, ...] = ()


def follow(situation: Situation, changes: Sequence[Change], *, now: float) -> Progress:
    """Take the latest change one step further, judged by the live workload."""
    if not changes:
        return Progress(changes=())
    latest, older = changes[0], tuple(changes[1:])
    step = _follow(situation, latest, now=now)
    (followed,) = step.changes
    if followed.was_dropped and older and older[0].was_dropped and older[0].id == followed.id:
        # Attempts that the server refuses again and again must not push out of the log what was done.
        older = older[1:]
    return replace(step, changes=(followed, *older))


def _follow(situation: Situation, change: Change, *, now: float) -> Progress:
    carried = TEMPLATE.holds(change.patch, situation.workload)
    undone = TEMPLATE.holds(change.undo, situation.workload)
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
    refusal = situation.refusal
    refused = refusal is not None and refusal.at >= change.decided_at and refusal.reason is not RefusalReason.CONFLICT
    if refusal is not None and refused:
        return _dropped(change, f"the API server refused the patch ({refusal.reason}): {refusal.message}", now=now)
    if not undone:
        return _dropped(change, "the workload was changed before the patch was sent; nothing was applied", now=now)
    if change.was_overwritten(situation.workload.generation):
        return _reverted(replace(change, applied_at=change.decided_at), _PUT_BACK, now=now)
    if not _is_wanted(situation, change):
        return _dropped(change, "it is no longer asked for; nothing was applied", now=now)
    if now - change.decided_at > _SEND_AGAIN_SECONDS:
        reason = f"the patch could not be sent within {_SEND_AGAIN_SECONDS:.0f} s; nothing was applied"
        return _dropped(change, reason, now=now)
    waits = situation.workload.paused or _was_just_refused(situation, change.decided_at, now=now)
    return Progress(changes=(_unsent(situation, change),), send=None if waits else change.patch)


def _unsent(situation: Situation, change: Change) -> Change:
    """The change, nothing of which has arrived until now."""
    return replace(change, generation=max(change.generation or 0, situation.workload.generation))


def _is_wanted(situation: Situation, change: Change) -> bool:
    asked = situation.mode.mode is Mode.APPLY or situation.workload.approve_annotation == change.id
    return asked and not _is_left_out(situation, change)


def may_undo(situation: Situation, change: Change) -> bool:
    """Whether the old values may be put back: who approved the change approved that, and else only mode Apply does.

    What nobody asks for any more is not written, even where it is our own change that was bad; it is shown instead.
    """
    asked = situation.mode.mode is Mode.APPLY or change.approved
    return asked and not _is_left_out(situation, change)


def _is_left_out(situation: Situation, change: Change) -> bool:
    """Whether the user has left out one of the containers that the change is about."""
    rules = situation.policy.containers
    return any(rules.mode_of(str(entry.get("name"))) is ContainerMode.OFF for entry in entries_of(change.patch))


def _was_just_refused(situation: Situation, since: float, *, now: float) -> bool:
    refusal = situation.refusal
    return refusal is not None and refusal.at >= since and now - refusal.at < _PAUSE_SECONDS[refusal.reason]


def _take_back(situation: Situation, change: Change, *, carried: bool, undone: bool, now: float) -> Progress:
    """The change was judged worse: send the old values until they are seen."""
    if undone:
        return Progress(changes=(replace(change, undone_at=now),))
    if not carried:
        return _reverted(change, _CHANGED, now=now)
    if change.was_overwritten(situation.workload.generation):
        return _reverted(replace(change, undone_at=change.verdict_at), _PUT_FORTH, now=now)
    refused = _was_just_refused(situation, change.verdict_at or change.decided_at, now=now)
    return _undo(situation, change, waits=refused)


def _undo(situation: Situation, change: Change, *, waits: bool = False) -> Progress:
    send = change.undo if may_undo(situation, change) and not waits else None
    return Progress(changes=(_unsent(situation, change),), send=send)


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
        return Progress(changes=(change,))
    judged = replace(change, verdict=verdict.outcome, verdict_at=now, reason=verdict.reason, after=verdict.after)
    tone = Tone.WARNING if verdict.outcome is Outcome.ROLLED_BACK else Tone.NORMAL
    told = Announcement(reason=verdict.outcome.value, message=f"{change.summary}: {verdict.reason}", tone=tone)
    is_worse = verdict.outcome is Outcome.ROLLED_BACK
    step = _undo(situation, judged) if is_worse else Progress(changes=(judged,))
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
