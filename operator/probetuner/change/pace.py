"""How many rollouts of ours may be in progress at once, over all workloads.

A rollout takes capacity away for a while, and a bad idea that is carried out everywhere at once is an outage. What is
in progress stands in the statuses of the policies, so it is counted, not queued, and survives any restart.
"""

from collections.abc import Mapping
from typing import Any

from probetuner.change.block import Block, BlockReason
from probetuner.change.record import Outcome
from probetuner.change.situation import Traffic
from probetuner.change.status import Phase
from probetuner.model.mode import Mode

_LOOK_AGAIN_SECONDS = 15.0


def is_rolling_out(status: Mapping[str, Any]) -> bool:
    """Whether the status of a policy tells of a change that is being rolled out, or undone.

    In modes that send nothing a change may stand there for ever; it counts only where it goes on.
    """
    if status.get("mode") not in (Mode.APPLY, Mode.RECOMMEND):
        return False
    entries = status.get("history")
    latest = entries[0] if isinstance(entries, list) and entries else None
    if status.get("phase") == Phase.ROLLED_BACK and isinstance(latest, Mapping):
        undone = "undoneAt" in latest or "revertedAt" in latest
        return latest.get("verdict") == Outcome.ROLLED_BACK and not undone
    return status.get("phase") == Phase.APPLYING


def by_traffic(traffic: Traffic, *, now: float) -> Block | None:
    """The refusal while as many rollouts are in progress as may be; `now` is epoch seconds."""
    if traffic.limit is None or traffic.elsewhere < traffic.limit:
        return None
    return Block(
        reason=BlockReason.TOO_MANY_ROLLOUTS,
        message=f"as many rollouts of probetuner are in progress as may be at once ({traffic.limit}); it has to wait",
        until=now + _LOOK_AGAIN_SECONDS,
    )
