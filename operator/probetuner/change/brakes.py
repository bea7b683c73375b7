"""What a workload's past and the time of the week say against changing it now."""

from collections.abc import Mapping, Sequence
from typing import Any

from probetuner.change.block import Block, BlockReason
from probetuner.change.fields import FieldPath, fields_of, shared
from probetuner.change.record import Change, Outcome
from probetuner.change.times import to_text
from probetuner.model.policy import ApplyRules
from probetuner.model.windows import opens_next

_DAY_SECONDS = 86400.0
_REVERTS_BORNE = 2


def by_past(
    rules: ApplyRules, changes: Sequence[Change], *, identity: str, patch: Mapping[str, Any] | None, now: float
) -> Block | None:
    """The first thing in the log of changes that forbids this one; `identity` is that of its recommendation."""
    wanted = fields_of(patch or {})
    reverted = [change for change in changes if change.reverted_at is not None]
    if sum(_is_about(change, wanted) for change in reverted) >= _REVERTS_BORNE:
        return Block(
            reason=BlockReason.REVERTED_TWICE,
            message="somebody put the old values back twice; they are left alone",
        )
    same = [change for change in changes if change.id == identity]
    if any(change.verdict is Outcome.ROLLED_BACK for change in same):
        return Block(reason=BlockReason.TRIED_BEFORE, message="this was tried and rolled back; it is not tried again")
    made = [change for change in changes if change.applied_at is not None]
    return _by_count(rules.max_changes_per_day, made, now=now) or _by_cooldown(rules.cooldown_seconds, made, now=now)


def _is_about(change: Change, wanted: tuple[FieldPath, ...]) -> bool:
    """Whether the change wrote any of these fields; one of which the patch is not kept any more may have."""
    return not change.patch or bool(shared(wanted, fields_of(change.patch)))


def _by_count(cap: int, changes: Sequence[Change], *, now: float) -> Block | None:
    today = [change for change in changes if now - change.decided_at < _DAY_SECONDS]
    if len(today) < cap:
        return None
    return Block(
        reason=BlockReason.DAILY_CAP,
        message=f"{len(today)} changes in 24 hours reach spec.apply.maxChangesPerDay",
        until=min(change.decided_at for change in today) + _DAY_SECONDS,
    )


def _by_cooldown(cooldown_seconds: int, changes: Sequence[Change], *, now: float) -> Block | None:
    latest = max((change.last_touched_at for change in changes), default=None)
    if latest is None or now - latest >= cooldown_seconds:
        return None
    return Block(
        reason=BlockReason.COOL_DOWN,
        message=f"the last change was at {to_text(latest)}, spec.apply.cooldownSeconds is {cooldown_seconds}",
        until=latest + cooldown_seconds,
    )


def by_window(rules: ApplyRules, *, now: float) -> Block | None:
    """Outside of all maintenance windows a change waits for the next; one that is under way is not held up."""
    opens = opens_next(rules.maintenance_windows, now)
    if opens is None:
        return None
    return Block(
        reason=BlockReason.OUTSIDE_WINDOW,
        message=f"spec.apply.maintenanceWindows opens next at {to_text(opens)}",
        until=opens,
    )
