"""What metrics-server would say of a fleet: the metrics API, which the VPA recommender reads."""

import json

from bench.scale.fleet import Fleet, clock, name_of, namespace_of, pod_name

PATH = "/apis/metrics.k8s.io/v1beta1"
DISCOVERY = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": "metrics.k8s.io/v1beta1",
    "resources": [
        {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}
    ],
}
_WINDOW_SECONDS = 15
"""How often metrics-server asks kubelets by default; its values are as old as that at most."""


def usage(fleet: Fleet, at: float) -> bytes:
    """The PodMetricsList of all pods at that time: some tens of millicores and MiB, other ones each time."""
    stamp = clock(at - at % _WINDOW_SECONDS)
    items = [_pod(fleet, pod, stamp, int(at // _WINDOW_SECONDS)) for pod in (*fleet.pods, *fleet.strangers)]
    whole = {"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items}
    return json.dumps(whole).encode()


def _pod(fleet: Fleet, pod: int, stamp: str, turn: int) -> dict[str, object]:
    workload = fleet.workload(pod)
    varied = (pod * 31 + turn * 17) % 50
    return {
        "metadata": {
            "name": pod_name(pod, workload),
            "namespace": namespace_of(workload),
            "creationTimestamp": stamp,
            "labels": {"app": name_of(workload)},
        },
        "timestamp": stamp,
        "window": f"{_WINDOW_SECONDS}s",
        "containers": [{"name": "app", "usage": {"cpu": f"{20 + varied}m", "memory": f"{64 + varied}Mi"}}],
    }
