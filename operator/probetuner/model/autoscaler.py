"""Whether something gives a workload more replicas when it is busy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.model.workload import WorkloadKind, WorkloadRef, section


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscaler:
    """What scales a workload, reduced to whom and how far."""

    namespace: str
    name: str
    kind: str
    target: str
    most: int

    def scales(self, ref: WorkloadRef) -> bool:
        """Whether it may give that workload more than one replica."""
        return self.most > 1 and (self.namespace, self.kind, self.target) == (ref.namespace, ref.kind, ref.name)


def parse_autoscaler(raw: Mapping[str, Any]) -> Autoscaler:
    """Read a HorizontalPodAutoscaler of any version, or KEDA's ScaledObject, which makes one.

    Raises InvalidObjectError when a part has the wrong shape.
    """
    metadata = section(raw, "metadata", "autoscaler")
    kind, name = str(raw.get("kind") or "HorizontalPodAutoscaler"), str(metadata.get("name") or "")
    spec = section(raw, "spec", f"{kind}/{name}")
    target = section(spec, "scaleTargetRef", f"{kind}/{name}: spec")
    most = spec.get(*_MOST_REPLICAS[kind])
    return Autoscaler(
        namespace=str(metadata.get("namespace") or "default"),
        name=name,
        kind=str(target.get("kind") or WorkloadKind.DEPLOYMENT.value),
        target=str(target.get("name") or ""),
        most=most if isinstance(most, int) else 0,
    )


_MOST_REPLICAS: Mapping[str, tuple[str, int]] = {
    "HorizontalPodAutoscaler": ("maxReplicas", 0),
    "ScaledObject": ("maxReplicaCount", 100),
}
"""The field that says how many replicas there may be, and its default (keda scaledobject_types.go)."""

AUTOSCALERS = {"HorizontalPodAutoscaler": "autoscaling", "ScaledObject": "keda.sh"}
"""The kinds that can be read here, with their API groups."""
