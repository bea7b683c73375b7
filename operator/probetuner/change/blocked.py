"""What the status of a ProbePolicy says when there is nothing to decide because something must be mended first."""

from typing import Any

from probetuner.change.conditions import Condition, ConditionType, write_conditions
from probetuner.change.enrolment import PolicyObject
from probetuner.change.status import Phase
from probetuner.model.workload import WorkloadRef


def target_not_found(policy: PolicyObject, target: WorkloadRef, *, now: float) -> dict[str, Any]:
    """Return the status of a policy whose workload does not exist. `now` is epoch seconds."""
    message = (
        f"There is no {target.kind} {target.name} in namespace {target.namespace}. "
        "Create it, or delete this ProbePolicy and write one for the workload that you mean."
    )
    return _blocked(policy, [_not_observing("TargetNotFound", message)], now=now)


def duplicate(policy: PolicyObject, *, in_force: PolicyObject, now: float) -> dict[str, Any]:
    """Return the status of a policy whose workload has another in force. `now` is epoch seconds."""
    message = (
        f"ProbePolicy {in_force.name} is older and in force for the same workload. "
        f"Move what you want into {in_force.name} and delete this one: one policy per workload."
    )
    conflict = Condition(type=ConditionType.CONFLICT, holds=True, reason="DuplicatePolicy", message=message)
    return _blocked(policy, [_not_observing("DuplicatePolicy", message), conflict], now=now)


def not_understood(policy: PolicyObject, problem: str, *, now: float) -> dict[str, Any]:
    """Return the status of a policy that cannot be followed; `problem` is the sentence that says why.

    The log of changes stays: what was changed is to be kept or undone once it can be followed again.
    """
    kept = {"history": policy.status["history"]} if "history" in policy.status else {}
    return {**_blocked(policy, [_not_observing("NotUnderstood", problem)], now=now), **kept}


def _not_observing(reason: str, message: str) -> Condition:
    return Condition(type=ConditionType.OBSERVING, holds=False, reason=reason, message=message)


def _blocked(policy: PolicyObject, conditions: list[Condition], *, now: float) -> dict[str, Any]:
    target = policy.target
    return {
        "observedGeneration": policy.generation,
        "phase": Phase.BLOCKED.value,
        **({"target": f"{target.kind}/{target.name}"} if target is not None else {}),
        "conditions": write_conditions(
            conditions, previous=policy.status.get("conditions"), generation=policy.generation, now=now
        ),
    }
