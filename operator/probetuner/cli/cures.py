"""What somebody can do about a refusal, by its reason: the third column of docs/refusals.md, with the very command."""

from collections.abc import Mapping

from probetuner.change.block import BlockReason
from probetuner.cli.naming import approval, command, program
from probetuner.model.workload import WorkloadRef


def cure_of(reason: str, ref: WorkloadRef, identity: str) -> str:
    """Say what to do; `identity` is the id of what is recommended. Empty where nothing is known of the reason."""
    words = {
        "approve": approval(ref, identity),
        "apply": command("apply", ref),
        "diff": command("diff", ref),
        "why": command("why", ref, "-o", "json"),
        "mode": f"{command('mode', ref, 'Apply')}",
        "recommend": f"{command('mode', ref, 'Recommend')}",
        "resume": command("resume", ref),
        "doctor": f"{program()} doctor",
        "rollout": f"kubectl rollout status {ref.kind.lower()}/{ref.name} -n {ref.namespace}",
        "unpause": f"kubectl rollout resume {ref.kind.lower()}/{ref.name} -n {ref.namespace}",
        "policy": f"kubectl edit probepolicy -n {ref.namespace}",
    }
    return _CURES.get(reason, "").format(**words)


_HAND_OVER = "follow status.handover ({why}), or set spec.apply.onConflict to Override ({policy})"
_CURES: Mapping[str, str] = {
    BlockReason.MODE: "{approve} applies it once; {mode} has such changes made by themselves",
    BlockReason.STALE_APPROVAL: "look at what is recommended now ({diff}), and {approve} if you agree",
    BlockReason.APPROVAL_USED: "{mode} repeats what trouble asks for; {apply} applies it with your own rights",
    BlockReason.NOTHING_TO_APPLY: "follow the advice by hand, or widen spec.bounds ({policy})",
    BlockReason.NOT_ALLOWED: "add what is missing to spec.allow ({policy}), or {apply}",
    BlockReason.OWNED: "change it in the owner; {diff} shows what",
    BlockReason.GITOPS: _HAND_OVER,
    BlockReason.FIELD_CONFLICT: _HAND_OVER,
    BlockReason.NO_TROUBLE: "nothing, or {approve} applies all of it",
    BlockReason.LOW_CONFIDENCE: "wait, or {approve} lifts the bar",
    BlockReason.TOO_FEW_REPLICAS: "scale up, or lower spec.apply.minReplicas ({policy})",
    BlockReason.REVERTED_TWICE: "nothing: it is left alone; {recommend} says so for good",
    BlockReason.TRIED_BEFORE: "nothing: it is not tried again as long as it stands in the history",
    BlockReason.DAILY_CAP: "wait, or raise spec.apply.maxChangesPerDay ({policy})",
    BlockReason.COOL_DOWN: "wait, or lower spec.apply.cooldownSeconds ({policy})",
    BlockReason.PAUSED: "{unpause}",
    BlockReason.ROLLOUT_IN_PROGRESS: "wait for its end: {rollout}",
    BlockReason.OUTAGE: "wait until all replicas are ready, or mend what keeps them from it",
    BlockReason.OUTSIDE_WINDOW: "wait for the time in the message, or change spec.apply.maintenanceWindows ({policy})",
    BlockReason.TOO_MANY_ROLLOUTS: "nothing: it goes on by itself",
    BlockReason.OPERATOR_PAUSED: "whoever paused it lets it go on, by the chart's apply.paused or by resume --all",
    BlockReason.PAUSED_BY_ANNOTATION: "{resume}, and resume of the namespace, where that is paused",
    BlockReason.ROLLBACK_ASKED: "{approve} takes the wish for the rollback back, and applies it",
    BlockReason.REFUSED: "{doctor} says which permission is missing; it is tried again after ten minutes",
    BlockReason.TOO_LARGE: "{apply}",
    BlockReason.UNDO_WITHHELD: "{apply} puts the old values back with your own rights; {mode} lets the operator do it",
    BlockReason.NOT_PERMITTED: "{apply}, or permit it in the mode and in spec.allow ({policy})",
    "InvalidMode": "{recommend}, or another mode",
    "InvalidPolicy": "mend the ProbePolicy ({policy})",
    "OffByWorkload": "{recommend}, or another mode",
    "NotUnderstood": "mend what the message names",
    "TargetNotFound": "create the workload, or delete the ProbePolicy (kubectl delete probepolicy)",
    "DuplicatePolicy": "delete one of the two (kubectl delete probepolicy)",
}
