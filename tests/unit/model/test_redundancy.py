"""Whether a workload of one replica has any redundancy: a rollout that overlaps, or something that scales it."""

from typing import Any

import pytest

from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.history.record import WorkloadHistory
from probetuner.model.autoscaler import parse_autoscaler
from probetuner.model.workload import parse_workload
from support.workloads import LIVENESS, Json, container, deployment

RECREATE: dict[str, Any] = {"strategy": {"type": "Recreate"}}
BOTH = container(livenessProbe=LIVENESS, readinessProbe=LIVENESS)


def rolling(**limits: Any) -> Json:
    return {"strategy": {"type": "RollingUpdate", "rollingUpdate": limits}}


def lone(kind: str = "Deployment", replicas: int = 1, **spec: Any) -> Json:
    raw = deployment(BOTH, replicas=replicas, kind=kind)
    raw["spec"] |= spec
    return raw


@pytest.mark.parametrize(
    ("raw", "waits"),
    [
        (lone(), True),
        (lone(**RECREATE), False),
        (lone(**rolling(maxSurge="25%", maxUnavailable="25%")), True),
        (lone(**rolling(maxSurge=1, maxUnavailable=0)), True),
        (lone(**rolling(maxSurge=0, maxUnavailable=1)), False),
        (lone(**rolling(maxSurge=1, maxUnavailable=1)), False),
        (lone(**rolling(maxSurge=1, maxUnavailable="100%")), False),
        (lone(**rolling(maxSurge=0, maxUnavailable="50%")), False),
        (lone(replicas=4), False),
        (lone("StatefulSet"), False),
        (lone("StatefulSet", updateStrategy={"type": "RollingUpdate"}), False),
        (lone("DaemonSet"), False),
        (lone("DaemonSet", updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}), True),
        (lone("DaemonSet", updateStrategy={"type": "OnDelete"}), False),
    ],
)
def test_a_rollout_overlaps_where_no_pod_may_be_missing(raw: Json, *, waits: bool) -> None:
    """As the controllers round maxSurge and maxUnavailable; a StatefulSet takes the old pod away first."""
    assert parse_workload(raw).replaces_gradually is waits


def names(raw: Json) -> set[str]:
    return {finding.name.value for finding in diagnose(cases(parse_workload(raw), WorkloadHistory()))}


def test_who_was_scaled_is_no_single_replica() -> None:
    """A field manager of the scale subresource may do it again; kubectl scale was a person."""
    scaled, by_hand = lone(), lone()
    scaled["metadata"]["managedFields"] = [{"manager": "kube-controller-manager", "subresource": "scale"}]
    by_hand["metadata"]["managedFields"] = [{"manager": "kubectl", "subresource": "scale"}]

    assert "single-replica-readiness" not in names(scaled)
    assert "single-replica-readiness" in names(by_hand)
    assert "single-replica-readiness" not in names(lone("DaemonSet"))


@pytest.mark.parametrize(
    ("target", "most", "scales"),
    [("web", 5, True), ("web", 1, False), ("other", 5, False)],
    ids=["it", "to one", "another"],
)
def test_an_autoscaler_is_known_by_its_target(target: str, most: int, *, scales: bool) -> None:
    """Only one that may give this very workload more than one replica counts."""
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": target}, "maxReplicas": most}
    raw = {"metadata": {"name": "a", "namespace": "shop"}, "spec": spec}

    assert parse_autoscaler(raw).scales(parse_workload(lone()).ref) is scales


def test_what_a_rolling_update_would_lose_is_said() -> None:
    """The evidence says whether a rollout relies on the probe."""
    (told,) = [f for f in diagnose(cases(parse_workload(lone()), WorkloadHistory())) if "single" in f.name]
    (useless,) = [f for f in diagnose(cases(parse_workload(lone(**RECREATE)), WorkloadHistory())) if "single" in f.name]

    assert "requests would be lost until the new one answers" in told.evidence[1]
    assert "takes the old pod away before the new one answers" in useless.evidence[1]
    assert (told.severity, useless.severity) == ("info", "info")
