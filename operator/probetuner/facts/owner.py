"""Whose pod a pod is."""

import math

from probetuner.model.fields import Object, moment, objects, text
from probetuner.model.workload import WorkloadKind, WorkloadRef, section

TEMPLATE_HASH_LABELS = ("pod-template-hash", "controller-revision-hash")
"""The labels by which Deployments, and StatefulSets and DaemonSets, mark the template that a pod was made from."""

_DIRECT = {kind.value: kind for kind in (WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET)}


def owner_of(pod: Object) -> WorkloadRef | None:
    """The workload that a Pod belongs to; None for bare pods and for those of other controllers.

    A Deployment's ReplicaSet is named after it and the template hash (deployment/sync.go getNewReplicaSet), so that no
    ReplicaSet need be read. Only the group apps counts: others have kinds of the same names. Raises InvalidObjectError.
    """
    metadata = section(pod, "metadata", "Pod")
    owner = next((o for o in objects(metadata, "ownerReferences", "Pod.metadata") if o.get("controller") is True), None)
    if owner is None or not text(owner, "apiVersion", "Pod: owner").startswith("apps/"):
        return None
    kind, name = text(owner, "kind", "Pod: owner"), text(owner, "name", "Pod: owner")
    namespace = text(metadata, "namespace", "Pod.metadata") or "default"
    if kind in _DIRECT:
        return WorkloadRef(kind=_DIRECT[kind], namespace=namespace, name=name)
    suffix = "-" + text(section(metadata, "labels", "Pod.metadata"), TEMPLATE_HASH_LABELS[0], "Pod.metadata.labels")
    if kind == "ReplicaSet" and suffix != "-" and name.endswith(suffix):
        return WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace=namespace, name=name.removesuffix(suffix))
    return None


def may_belong(pod: Object, *, made_at: float) -> bool:
    """Whether a Pod can be that of the workload of its owner's name, which was created at *made_at* (epoch seconds).

    A pod that was made before is of a namesake that was deleted, and may still end; or the workload adopted it, and
    then it is left out until the next rollout replaces it. Raises InvalidObjectError.
    """
    created_at = moment(section(pod, "metadata", "Pod"), "creationTimestamp", "Pod.metadata")
    return (math.inf if created_at is None else created_at) >= made_at
