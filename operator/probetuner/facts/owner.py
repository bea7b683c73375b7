"""Whose pod a pod is."""

import math

from probetuner.model.fields import Object, moment, objects, text
from probetuner.model.pod_controllers import qualified_kind
from probetuner.model.workload import WorkloadKind, WorkloadRef, section

TEMPLATE_HASH_LABELS = ("pod-template-hash", "controller-revision-hash")
"""The labels by which Deployments, and StatefulSets and DaemonSets, mark the template that a pod was made from."""

_ROLLOUT_HASH_LABEL = "rollouts-pod-template-hash"
_DEPLOYMENT_CONFIG_LABEL = "deploymentconfig"


def owner_of(pod: Object) -> WorkloadRef:
    """The workload that a Pod belongs to: its controller, or the Pod itself where it has none.

    The ReplicaSets of Deployments and Argo Rollouts are named after them and the hash of the template
    (deployment/sync.go getNewReplicaSet), so no ReplicaSet need be read; OpenShift labels the pods of a
    DeploymentConfig. A Node controls static pods, which are judged one by one. Raises InvalidObjectError.
    """
    metadata = section(pod, "metadata", "Pod")
    namespace = text(metadata, "namespace", "Pod.metadata") or "default"
    owner = next((o for o in objects(metadata, "ownerReferences", "Pod.metadata") if o.get("controller") is True), None)
    if owner is None or owner.get("kind") == "Node":
        return WorkloadRef(kind="Pod", namespace=namespace, name=text(metadata, "name", "Pod.metadata"))
    kind = qualified_kind(text(owner, "kind", "Pod: owner"), text(owner, "apiVersion", "Pod: owner"))
    kind, name = _above(kind, text(owner, "name", "Pod: owner"), section(metadata, "labels", "Pod.metadata"))
    return WorkloadRef(kind=_FOLLOWED.get(kind, kind), namespace=namespace, name=name)


def _above(kind: str, name: str, labels: Object) -> tuple[str, str]:
    """The workload that made the controller of a pod with these labels, as far as they tell; else the controller."""
    if kind == "ReplicaSet":
        for label, maker in (
            (TEMPLATE_HASH_LABELS[0], WorkloadKind.DEPLOYMENT.value),
            (_ROLLOUT_HASH_LABEL, "Rollout"),
        ):
            suffix = "-" + text(labels, label, "Pod.metadata.labels")
            if suffix != "-" and name.endswith(suffix):
                return maker, name.removesuffix(suffix)
    if kind == "ReplicationController" and (config := text(labels, _DEPLOYMENT_CONFIG_LABEL, "Pod.metadata.labels")):
        return "DeploymentConfig", config
    return kind, name


_FOLLOWED = {kind.value: kind for kind in WorkloadKind}


def may_belong(pod: Object, *, made_at: float) -> bool:
    """Whether a Pod can be that of the workload of its owner's name, which was created at *made_at* (epoch seconds).

    A pod that was made before is of a namesake that was deleted, and may still end; or the workload adopted it, and
    then it is left out until the next rollout replaces it. Raises InvalidObjectError.
    """
    created_at = moment(section(pod, "metadata", "Pod"), "creationTimestamp", "Pod.metadata")
    return (math.inf if created_at is None else created_at) >= made_at
