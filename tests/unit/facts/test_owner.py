"""A pod's workload is known from the pod alone."""

from typing import Any

import pytest

from probetuner.facts.owner import owner_of
from probetuner.model.workload import WorkloadKind, WorkloadRef
from unit.facts.objects import pod


def owned_by(kind: str, name: str, *, group: str = "apps/v1", controller: bool = True) -> dict[str, Any]:
    reference = {"apiVersion": group, "kind": kind, "name": name, "controller": controller}
    return pod(metadata={"ownerReferences": [reference]})


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
    "raw",
    [
        owned_by("ReplicaSet", "web-other"),
        owned_by("StatefulSet", "db", group="apps.kruise.io/v1beta1"),
        owned_by("StatefulSet", "db", controller=False),
        owned_by("Job", "nightly", group="batch/v1"),
        pod(metadata={"ownerReferences": []}),
        pod(metadata={"labels": {}}),
    ],
    ids=["bare ReplicaSet", "same kind of another group", "not its controller", "job", "bare pod", "no template hash"],
)
def test_other_pods_have_none(raw: dict[str, Any]) -> None:
    """What no workload of ours controls is nobody's."""
    assert owner_of(raw) is None
