"""Where the latest change stands: sent, carried out, judged, undone, or put back by somebody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from probetuner.change.patch import holds
from probetuner.change.record import Change, Outcome
from probetuner.change.situation import Announcement, RefusalReason, Situation, Tone
from probetuner.change.times import to_text
from probetuner.change.verify import judge

_SEND_AGAIN_SECONDS = 600.0


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
    return replace(step, changes=(*step.changes, *older))


def _follow(situation: Situation, change: Change, *, now: float) -> Progress:
    carried = holds(change.patch, situation.workload)
    undone = holds(change.undo, situation.workload)
    if change.pending:
        if carried:
            return _watch(situation, replace(change, applied_at=change.applied_at or now), now=now)
        if change.applied_at is None:
            return _send_or_give_up(situation, change, undone=undone, now=now)
        return _reverted(change, undone=undone, now=now)
    if change.verdict is Outcome.ROLLED_BACK and change.undone_at is None:
        if undone:
            return Progress(changes=(replace(change, undone_at=now),))
        if carried:
            return Progress(changes=(change,), send=change.undo)
    if change.verdict is Outcome.KEPT and undone and change.reverted_at is None:
        return _reverted(change, undone=True, now=now)
    return Progress(changes=(change,))


def _send_or_give_up(situation: Situation, change: Change, *, undone: bool, now: float) -> Progress:
    """The change was written down and is not on the workload: send it (again), unless the ground has moved."""
    refusal = situation.refusal
    # A conflict only says that the workload has moved on (its status does all the time): decide upon the newer one.
    final = refusal is not None and refusal.reason is not RefusalReason.CONFLICT
    if refusal is not None and final and refusal.at >= change.decided_at:
        reason = f"the API server refused the patch ({refusal.reason}): {refusal.message}"
        return _dropped(change, reason, now=now)
    if not undone or now - change.decided_at > _SEND_AGAIN_SECONDS:
        return _dropped(change, "the workload was changed before the patch was sent; nothing was applied", now=now)
    return Progress(changes=(change,), send=change.patch)


def _dropped(change: Change, reason: str, *, now: float) -> Progress:
    dropped = replace(change, verdict=Outcome.INCONCLUSIVE, verdict_at=now, reason=reason[:_REASON_CHARACTERS])
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
    return Progress(
        changes=(judged,),
        send=change.undo if verdict.outcome is Outcome.ROLLED_BACK else None,
        announcements=(told,),
    )


def _reverted(change: Change, *, undone: bool, now: float) -> Progress:
    how = "put the old values back" if undone else "changed the same probes"
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
