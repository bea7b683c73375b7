"""The table of what is written and what is refused: mode x owner x state, one workload a row."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A workload as it is when the operator first sees it, and what is to become of it.

    `mode` is its annotation, and `spec` that of a ProbePolicy of the user's, if there is one. `owner` and `state` are
    words that `walk` knows. `applied` is the reason of the condition Applied; None where there is no ProbePolicy.
    """

    name: str
    mode: str | None = None
    spec: Json | None = None
    owner: str = "nobody"
    state: str = "at rest"
    applied: str | None
    phase: str | None = None
    mode_from: str | None = None
    patched: bool = False
    words: str = ""


def policy(mode: str | None = None, **spec: Any) -> Json:
    """The spec of a ProbePolicy."""
    return spec if mode is None else {"mode": mode, **spec}


OVERRIDE = policy("Apply", apply={"onConflict": "Override"})
SHUT = policy("Apply", apply={"maintenanceWindows": [{"start": "00:00", "durationMinutes": 1, "timeZone": "UTC"}]})
"""A window that is open for a minute after midnight; `walk` moves it where that is now."""

ROWS = (
    # Who speaks for the workload, and how far the operator may go.
    Row(name="mode-none", applied=None),
    Row(name="mode-off", mode="Off", applied=None),
    Row(name="mode-observe", mode="Observe", applied="NothingApplied", mode_from="Workload"),
    Row(name="mode-recommend", mode="Recommend", applied="ModeDoesNotApply", phase="Recommended", mode_from="Workload"),
    Row(name="mode-apply", mode="Apply", applied="Patched", phase="Applying", mode_from="Workload", patched=True),
    Row(name="mode-wrong", mode="apply", applied="NothingApplied", phase="Blocked", mode_from="Workload"),
    Row(name="policy-apply", spec=policy("Apply"), applied="Patched", mode_from="Policy", patched=True),
    Row(name="policy-off", mode="Apply", spec=policy("Off"), applied="NothingApplied", mode_from="Policy"),
    Row(name="policy-wins", mode="Apply", spec=policy("Recommend"), applied="ModeDoesNotApply", mode_from="Policy"),
    Row(name="policy-silent", mode="Apply", spec=policy(), applied="Patched", mode_from="Workload", patched=True),
    Row(name="approved", mode="Recommend", state="approved", applied="Patched", patched=True),
    Row(name="approved-stale", mode="Recommend", state="stale approval", applied="StaleApproval", words="but the rec"),
    Row(name="approved-observe", mode="Observe", state="approved", applied="NothingApplied"),
    Row(name="kind-set", mode="Apply", state="StatefulSet", applied="Patched", patched=True),
    Row(name="kind-daemon", mode="Apply", state="DaemonSet", applied="Patched", patched=True),
    Row(name="kind-sidecar", mode="Apply", state="sidecar", applied="Patched", patched=True),
    # Who else writes it.
    Row(name="owner-file", mode="Apply", owner="kubectl apply", applied="Patched", patched=True, words="the old file"),
    Row(name="owner-ssa", mode="Apply", owner="kubectl", applied="Patched", patched=True),
    Row(name="owner-hpa", mode="Apply", owner="autoscaler", applied="Patched", patched=True),
    Row(name="owner-argo", mode="Apply", owner="Argo CD", applied="ManagedElsewhere", words="Argo CD (shop)"),
    Row(name="owner-argo-id", mode="Apply", owner="Argo CD tracking", applied="ManagedElsewhere"),
    Row(name="owner-flux", mode="Apply", owner="Flux", applied="ManagedElsewhere", words="Flux (shop)"),
    Row(name="owner-flux-helm", mode="Apply", owner="Flux Helm", applied="ManagedElsewhere"),
    Row(name="owner-helm", mode="Apply", owner="Helm", applied="ManagedElsewhere", words="Helm (shop)"),
    Row(name="owner-writes", mode="Apply", owner="kustomize-controller", applied="ManagedElsewhere", words="Flux"),
    Row(name="owner-other", mode="Apply", owner="platform", applied="FieldConflict", words="'platform' applies"),
    Row(name="owner-above", mode="Apply", owner="controller", applied="OwnedByController", words="shop-web"),
    Row(name="override-argo", spec=OVERRIDE, owner="Argo CD", applied="Patched", patched=True),
    Row(name="override-other", spec=OVERRIDE, owner="platform", applied="Patched", patched=True),
    Row(name="override-above", spec=OVERRIDE, owner="controller", applied="OwnedByController"),
    Row(name="owner-first", mode="Apply", owner="Flux", state="paused", applied="ManagedElsewhere"),
    Row(name="owner-approved", mode="Recommend", owner="Argo CD", state="approved", applied="ManagedElsewhere"),
    Row(name="owner-watched", mode="Recommend", owner="Argo CD", applied="ModeDoesNotApply"),
    # How the workload is.
    Row(name="state-paused", mode="Apply", state="paused", applied="Paused", phase="Blocked"),
    Row(name="state-rolling", mode="Apply", state="rolling", applied="RolloutInProgress", phase="Blocked"),
    Row(name="state-outage", mode="Apply", state="outage", applied="Outage", phase="Blocked", words="0 of 2 replicas"),
    Row(name="state-healthy", mode="Apply", state="healthy", applied="NothingApplied"),
    Row(name="state-unsure", mode="Apply", state="unsure", applied="LowConfidence", phase="Recommended"),
    Row(name="state-refused", mode="Apply", state="refused", applied="RefusedByServer", words="no template today"),
    Row(name="paused-watched", mode="Recommend", state="paused", applied="ModeDoesNotApply"),
    Row(name="paused-approved", mode="Recommend", state="approved and paused", applied="Paused"),
    Row(name="held", mode="Apply", state="held", applied="PausedByAnnotation", phase="Blocked", words="the workload"),
    Row(name="unwanted", mode="Apply", state="unwanted", applied="RollbackAsked", phase="Blocked"),
    # What the policy says, and what was done before.
    Row(name="few", spec=policy("Apply", apply={"minReplicas": 3}), applied="TooFewReplicas", phase="Blocked"),
    Row(name="not-allowed", spec=policy("Apply", allow=["Startup"]), applied="NotAllowed", words="Types"),
    Row(name="window-shut", spec=SHUT, applied="OutsideMaintenanceWindow", words="opens next at"),
    Row(
        name="left-out",
        spec=policy("Apply", containers=[{"name": "*", "mode": "Off"}]),
        applied="NothingApplied",
        mode_from="Policy",
    ),
    Row(name="past-cooldown", spec=policy("Apply"), state="changed lately", applied="CoolDown", phase="Blocked"),
    Row(
        name="past-cap",
        spec=policy("Apply", apply={"maxChangesPerDay": 2, "cooldownSeconds": 60, "verifySeconds": 60}),
        state="changed twice",
        applied="DailyCap",
        phase="Blocked",
    ),
    Row(name="past-reverted", spec=policy("Apply"), state="put back twice", applied="RevertedTwice"),
    Row(name="past-tried", spec=policy("Apply"), state="rolled back before", applied="TriedBefore", phase="RolledBack"),
)
