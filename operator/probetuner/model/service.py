"""Whether a Service sends traffic to a workload's pods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.model.workload import Workload, section


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service, reduced to whom it selects."""

    namespace: str
    name: str
    selector: Mapping[str, str]

    def selects(self, workload: Workload) -> bool:
        """Whether the workload's pods are among the Service's endpoints; an empty selector selects none."""
        return (
            bool(self.selector)
            and self.namespace == workload.ref.namespace
            and self.selector.items() <= workload.pod_labels.items()
        )


def parse_service(raw: Mapping[str, Any]) -> Service:
    """Read a Service. Raises InvalidObjectError when a part has the wrong shape."""
    metadata = section(raw, "metadata", "Service")
    name = str(metadata.get("name") or "")
    selector = section(section(raw, "spec", f"Service/{name}"), "selector", f"Service/{name}: spec")
    return Service(
        namespace=str(metadata.get("namespace") or "default"),
        name=name,
        selector={str(key): str(value) for key, value in selector.items()},
    )
