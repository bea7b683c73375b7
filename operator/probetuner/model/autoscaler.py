"""Whether something gives a workload more replicas when it is busy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.model.workload import WorkloadRef, section


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscaler:
    """A HorizontalPodAutoscaler, reduced to what it scales and how far."""

    namespace: str
    name: str
    kind: str
    target: str
    most: int

    def scales(self, ref: WorkloadRef) -> bool:
        """Whether it may give that workload more than one replica."""
        return self.most > 1 and (self.namespace, self.kind, self.target) == (ref.namespace, ref.kind, ref.name)


def parse_autoscaler(raw: Mapping[str, Any]) -> Autoscaler:
    """Read a HorizontalPodAutoscaler of any version. Raises InvalidObjectError when a part has the wrong shape."""
    metadata = section(raw, "metadata", "HorizontalPodAutoscaler")
    name = str(metadata.get("name") or "")
    spec = section(raw, "spec", f"HorizontalPodAutoscaler/{name}")
    target = section(spec, "scaleTargetRef", f"HorizontalPodAutoscaler/{name}: spec")
    most = spec.get("maxReplicas")
    return Autoscaler(
        namespace=str(metadata.get("namespace") or "default"),
        name=name,
        kind=str(target.get("kind") or ""),
        target=str(target.get("name") or ""),
        most=most if isinstance(most, int) else 0,
    )
