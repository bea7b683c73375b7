"""How many rollouts of ours may be in progress at once, over all workloads and in one namespace.

A rollout takes capacity away for a while, and a bad idea that is carried out everywhere at once is an outage. What is
in progress stands in the statuses of the policies, so it is counted, not queued, and survives any restart.
"""

from collections.abc import Mapping
from typing import Any

from probetuner.change.block import Block, BlockReason
from probetuner.change.record import Outcome
from probetuner.change.situation import Traffic
from probetuner.change.status import Phase
from probetuner.change.times import from_text
from probetuner.model.mode import Mode
from probetuner.model.pausing import PAUSED_ANNOTATION, PausedBy, says_paused
from probetuner.model.workload import Workload

_LOOK_AGAIN_SECONDS = 15.0
_LEASE_AGAIN_SECONDS = 30.0
"""When to see whether the Lease lets changes begin again: it is no object that is watched."""

SLOT_SECONDS = 3600.0
"""How long a rollout is counted at most. One that stands still for ten minutes is undone (`verify`), so one that takes
longer moves on, and must not keep everybody else waiting for it."""

_AHEAD_SECONDS = 60.0
"""How far the clock of the operator that wrote a status may be ahead of this one's."""


def rolling_since(status: Mapping[str, Any]) -> float | None:
    """Since when a change is being rolled out, or undone, by the status of a policy; None where none is.

    In modes that send nothing a change may stand there for ever, and so may one that is paused or refused, whose phase
    is Blocked: it counts only where it goes on.
    """
    entries = status.get("history")
    latest = entries[0] if isinstance(entries, list) and entries else None
    if status.get("mode") not in (Mode.APPLY, Mode.RECOMMEND) or not isinstance(latest, Mapping):
        return None
    if status.get("phase") == Phase.APPLYING:
        return from_text(latest.get("appliedAt")) or from_text(latest.get("decidedAt"))
    undone = "undoneAt" in latest or "revertedAt" in latest
    if status.get("phase") == Phase.ROLLED_BACK and latest.get("verdict") == Outcome.ROLLED_BACK and not undone:
        return from_text(latest.get("verdictAt"))
    return None


def holds_slot(since: float, *, now: float) -> bool:
    """Whether what is being rolled out since then still counts; `now` is epoch seconds."""
    return -_AHEAD_SECONDS <= now - since < SLOT_SECONDS


def share_of(limit: int) -> int:
    """How many of the rollouts at once may be in one namespace: half of them, and one at least.

    So no namespace, however many of its workloads want a change or never come up, keeps all others from theirs.
    """
    return max(1, limit // 2)


def by_pause(workload: Workload, traffic: Traffic, *, now: float) -> Block | None:
    """The refusal while somebody has no change begin; `now` is epoch seconds."""
    by = PausedBy.WORKLOAD if says_paused(workload.pause_annotation) else traffic.paused
    if by is None:
        return None
    reason = BlockReason.OPERATOR_PAUSED if by in (PausedBy.CHART, PausedBy.LEASE) else BlockReason.PAUSED_BY_ANNOTATION
    until = now + _LEASE_AGAIN_SECONDS if by is PausedBy.LEASE else None
    return Block(reason=reason, message=_PAUSES[by], until=until)


_PAUSES = {
    PausedBy.CHART: "probetuner is paused and begins no change; apply.paused=false of its chart lets it go on",
    PausedBy.LEASE: (
        f"probetuner is paused ({PAUSED_ANNOTATION} on its Lease) and begins no change; "
        "probetuner resume --all lets it go on"
    ),
    PausedBy.NAMESPACE: (
        f"{PAUSED_ANNOTATION} on the Namespace has no change begin; take the annotation away, or set it to false"
    ),
    PausedBy.WORKLOAD: (
        f"{PAUSED_ANNOTATION} on the workload has no change begin; take the annotation away, or set it to false"
    ),
}


def by_traffic(traffic: Traffic, *, now: float) -> Block | None:
    """The refusal while as many rollouts are in progress as may be; `now` is epoch seconds."""
    if traffic.limit is not None and traffic.elsewhere >= traffic.limit:
        where, most = "", traffic.limit
    elif traffic.share is not None and traffic.beside >= traffic.share:
        where, most = " in this namespace", traffic.share
    else:
        return None
    return Block(
        reason=BlockReason.TOO_MANY_ROLLOUTS,
        message=f"as many rollouts of probetuner are in progress{where} as may be at once ({most}); it has to wait",
        until=now + _LOOK_AGAIN_SECONDS,
    )
