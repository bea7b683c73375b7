"""EndpointSlices (discovery.k8s.io/v1) to whether a Service has anybody who answers for it."""

from collections.abc import Collection, Iterable

from probetuner.model.fields import Object, objects, text
from probetuner.model.workload import section

SERVICE_LABEL = "kubernetes.io/service-name"


def backed_services(slices: Iterable[Object], *, besides: Collection[str]) -> dict[str, bool]:
    """For each Service of a namespace whether it has a ready endpoint.

    Services that send traffic to one of the pods in *besides* (uids) are left out: they follow those pods. An endpoint
    whose readiness is not known counts as ready, as the API asks of its consumers. Raises InvalidObjectError.
    """
    backed: dict[str, bool] = {}
    own = set()
    for raw in slices:
        labels = section(section(raw, "metadata", "EndpointSlice"), "labels", "EndpointSlice.metadata")
        service = text(labels, SERVICE_LABEL, "EndpointSlice.metadata.labels")
        if not service:
            continue
        endpoints = objects(raw, "endpoints", f"EndpointSlice of {service}")
        backed[service] = backed.get(service, False) or any(_is_ready(endpoint) for endpoint in endpoints)
        if any(_pod_uid(endpoint) in besides for endpoint in endpoints):
            own.add(service)
    return {service: ready for service, ready in backed.items() if service not in own}


def _is_ready(endpoint: Object) -> bool:
    return section(endpoint, "conditions", "EndpointSlice.endpoints").get("ready") is not False


def _pod_uid(endpoint: Object) -> str:
    return text(section(endpoint, "targetRef", "EndpointSlice.endpoints"), "uid", "EndpointSlice.endpoints.targetRef")
