"""What a real API server makes of the definition of ProbeHistory."""

import json
from typing import Any

import pytest

from cluster.policies import NAMESPACE, create
from lab import Lab
from lab.errors import LabError

pytestmark = pytest.mark.cluster


def history(state: str) -> dict[str, Any]:
    """A history that holds *state*."""
    return {
        "apiVersion": "probetuner.dev/v1alpha1",
        "kind": "ProbeHistory",
        "metadata": {"name": "deployment-rng", "namespace": NAMESPACE},
        "data": {"version": 1, "updated": "2026-01-01T00:00:00Z", "state": state},
    }


def test_history_is_kept_to_the_letter(crds: Lab) -> None:
    """What the operator saves is what it gets back, up to the size that the schema allows."""
    saved = history(json.dumps({"ledger": ["ü" * 131000]}, ensure_ascii=False))

    assert create(crds, saved, "--dry-run=server")["data"] == saved["data"]


def test_history_past_its_size_is_refused(crds: Lab) -> None:
    """A history that grew without bound is refused by the API server rather than kept."""
    with pytest.raises(LabError, match=r"data\.state: Too long"):
        create(crds, history("x" * 131073), "--dry-run=server")


def test_history_goes_with_its_workload(crds: Lab) -> None:
    """A history that a workload owns is collected when the workload is deleted."""
    workload = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "rng", "namespace": NAMESPACE},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "rng"}},
            "template": {
                "metadata": {"labels": {"app": "rng"}},
                "spec": {"containers": [{"name": "rng", "image": "localhost/none:1"}]},
            },
        },
    }
    uid = create(crds, workload)["metadata"]["uid"]
    saved = history("{}")
    saved["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "rng", "uid": uid, "controller": True}
    ]
    create(crds, saved)

    crds.kubectl("delete", "deployment", "rng", "-n", NAMESPACE)

    crds.kubectl("wait", "--for=delete", "probehistory/deployment-rng", "-n", NAMESPACE, "--timeout=60s")
