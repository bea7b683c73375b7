"""What both stories wait for: the operator's patch, its rollout, and the verdict on it."""

from collections.abc import Mapping
from typing import Any

from demo.observation import Observation, PolicyView
from demo.outcome import Side
from demo.stage import Stage

_SECONDS_TO_DECIDE = 240
_SECONDS_TO_JUDGE = 300


def wait_for_change(stage: Stage, *, old: str) -> Observation:
    """Wait until the operator changed the workload, whose pods were of the template *old*, and all new pods are there.

    Raises DemoError when that does not happen.
    """
    return stage.until(
        lambda now: now if now.template not in (None, old) and now.rolled_out and _is_changed(now) else None,
        what="the operator's patch and its rollout",
        seconds=_SECONDS_TO_DECIDE,
    )


def wait_for_verdict(stage: Stage) -> Mapping[str, Any]:
    """Wait for the verdict on the latest change, return its entry in status.history. Raises DemoError without one."""
    return stage.until(
        lambda now: _judged(now.policy), what="probetuner's verdict on its change", seconds=_SECONDS_TO_JUDGE
    )


def sides(stage: Stage, change: Mapping[str, Any], *, old: str, old_probes: Mapping[str, Any]) -> tuple[Side, Side]:
    """What became of the pods of the template *old*, and of all later ones, of which *change* tells."""
    now = stage.look()
    later = stage.tally.templates() - {old}
    false_after = change.get("after", {}).get("falseRestarts", 0)
    false_in_all = now.policy.false_restarts if now.policy else 0
    before = Side(
        restarts=stage.tally.restarts(frozenset({old})),
        kills=stage.tally.killed(frozenset({old})),
        false_restarts=false_in_all - false_after,
        probes=old_probes,
    )
    after = Side(
        restarts=stage.tally.restarts(later),
        kills=stage.tally.killed(later),
        false_restarts=false_after,
        probes=now.probes,
    )
    return before, after


def _is_changed(now: Observation) -> bool:
    """Whether a change arrived; by then the phase may be that of the next recommendation."""
    return now.policy is not None and any(change.get("appliedAt") for change in now.policy.changes)


def _judged(policy: PolicyView | None) -> Mapping[str, Any] | None:
    latest = policy.changes[0] if policy and policy.changes else {}
    return latest if latest.get("verdict") else None
