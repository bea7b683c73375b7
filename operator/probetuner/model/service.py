"""Whether a Service sends traffic to a workload's pods."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.model.fields import objects
from probetuner.model.workload import Workload, section


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service, reduced to whom it selects; `for_metrics` where nothing but metrics is asked through it."""

    namespace: str
    name: str
    selector: Mapping[str, str]
    for_metrics: bool = False

    def exposes(self, workload: Workload) -> bool:
        """Whether it sends users' requests to the workload's pods; a scraper can do without an answer."""
        return self.selects(workload) and not self.for_metrics

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
        for_metrics=_is_for_metrics(section(raw, "spec", f"Service/{name}"), metadata),
    )


def _is_for_metrics(spec: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    """Whether all its ports are called after metrics, or its only one is what Prometheus is told to scrape."""
    ports = objects(spec, "ports", "Service.spec")
    if ports and all(_METRICS.search(f"{port.get('name')} {port.get('targetPort')}".lower()) for port in ports):
        return True
    annotations = section(metadata, "annotations", "Service.metadata")
    asked = str(annotations.get("prometheus.io/port") or "")
    return len(ports) == 1 and asked in {str(ports[0].get("port")), str(ports[0].get("targetPort"))}


_METRICS = re.compile(r"metric|prom|telemetry|exporter|monitoring")
