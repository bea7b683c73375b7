"""A pod's workload is known from the pod alone."""

from typing import Any

import pytest

from probetuner.facts.owner import owner_of
from probetuner.model.workload import WorkloadKind, WorkloadRef
from unit.facts.objects import pod


def owned_by(kind: str, name: str, *, group: str = "apps/v1", controller: bool = True) -> dict[str, Any]:
    reference = {"apiVersion": group, "kind": kind, "name": name, "controller": controller}
    return pod(metadata={"ownerReferences": [reference]})


def labelled(kind: str, name: str, **labels: str) -> dict[str, Any]:
    raw = owned_by(kind, name, group="apps/v1" if kind == "ReplicaSet" else "v1")
    raw["metadata"]["labels"] = {label.replace("_", "-"): value for label, value in labels.items()}
    return raw


@pytest.mark.parametrize(
    ("owner", "kind", "name"),
    [
        (owned_by("ReplicaSet", "web-5d4f"), WorkloadKind.DEPLOYMENT, "web"),
        (owned_by("ReplicaSet", "a-b-c-5d4f"), WorkloadKind.DEPLOYMENT, "a-b-c"),
        (owned_by("StatefulSet", "db"), WorkloadKind.STATEFUL_SET, "db"),
        (owned_by("DaemonSet", "agent"), WorkloadKind.DAEMON_SET, "agent"),
    ],
)
def test_the_three_kinds_are_found(owner: dict[str, Any], kind: WorkloadKind, name: str) -> None:
    """StatefulSets and DaemonSets own their pods, Deployments through a ReplicaSet named with the template hash."""
    assert owner_of(owner) == WorkloadRef(kind=kind, namespace="shop", name=name)


@pytest.mark.parametrize(
    ("raw", "kind", "name"),
    [
        (owned_by("ReplicaSet", "web-other"), "ReplicaSet", "web-other"),
        (owned_by("StatefulSet", "db", group="apps.kruise.io/v1beta1"), "StatefulSet.apps.kruise.io", "db"),
        (owned_by("StatefulSet", "db", controller=False), "Pod", "web-5d4f-abcde"),
        (owned_by("Job", "nightly", group="batch/v1"), "Job", "nightly"),
        (owned_by("Node", "node-1", group="v1"), "Pod", "web-5d4f-abcde"),
        (pod(metadata={"ownerReferences": []}), "Pod", "web-5d4f-abcde"),
        (labelled("ReplicaSet", "shop-77", rollouts_pod_template_hash="77"), "Rollout", "shop"),
        (labelled("ReplicationController", "shop-3", deploymentconfig="shop"), "DeploymentConfig", "shop"),
    ],
    ids=[
        "bare ReplicaSet",
        "same kind of another group",
        "not its controller",
        "Job",
        "static pod",
        "bare pod",
        "Argo Rollout",
        "DeploymentConfig",
    ],
)
def test_any_other_pod_is_its_controllers_or_its_own(raw: dict[str, Any], kind: str, name: str) -> None:
    """Pods of other controllers are theirs, by a kind that the operator never follows; others stand alone."""
    owner = owner_of(raw)

    assert owner == WorkloadRef(kind=kind, namespace="shop", name=name)
    assert not owner.followed
