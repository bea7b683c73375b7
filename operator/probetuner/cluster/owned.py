"""The objects that the operator makes for a workload: how they are named and whose they are."""

import hashlib
from typing import Any

from probetuner.change.enrolment import MANAGED_BY_LABEL, MANAGER
from probetuner.model.workload import WorkloadRef

API_VERSION = "probetuner.dev/v1alpha1"
IGNORED_BY_ARGO_CD = "argocd.argoproj.io/ignore-resource-updates"
OWNED_SELECTOR = f"{MANAGED_BY_LABEL}={MANAGER}"

_MOST_CHARACTERS = 253
_HASH_CHARACTERS = 10


def owned_name(ref: WorkloadRef) -> str:
    """`<kind>-<name>` in lower case; one that is too long for Kubernetes ends in a hash of the whole instead."""
    name = f"{ref.kind}-{ref.name}".lower()
    if len(name) <= _MOST_CHARACTERS:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{name[: _MOST_CHARACTERS - _HASH_CHARACTERS - 1].rstrip('-.')}-{digest}"


def owned_metadata(ref: WorkloadRef, *, uid: str) -> dict[str, Any]:
    """Return the metadata of an object that goes when the workload of that uid goes.

    The reference neither claims to control the workload's life nor holds up its deletion. By the annotation Argo CD,
    which sees what a workload of an Application owns, applies its rules for updates that are to be ignored to these
    objects too (Argo CD: operator-manual/reconcile.md); else each of our writes would refresh the Application.
    """
    return {
        "name": owned_name(ref),
        "namespace": ref.namespace,
        "labels": {MANAGED_BY_LABEL: MANAGER},
        "annotations": {IGNORED_BY_ARGO_CD: "true"},
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": str(ref.kind),
                "name": ref.name,
                "uid": uid,
                "blockOwnerDeletion": False,
            }
        ],
    }


def collection(plural: str, namespace: str) -> str:
    """Return the path of one of our kinds in a namespace."""
    return f"/apis/{API_VERSION}/namespaces/{namespace}/{plural}"
