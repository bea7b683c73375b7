"""The namespaces of the demonstration: made, known by their label, and removed."""

import json

from demo.cluster import Cluster, DemoError

OPERATOR = "probetuner-demo"
RNG = "probetuner-demo-rng"
CATALOG = "probetuner-demo-catalog"
LABEL = "app.kubernetes.io/part-of=probetuner-demo"
_SECONDS_TO_REMOVE = 120


def make(cluster: Cluster, name: str) -> None:
    """Make a namespace with the demonstration's label. Raises DemoError when one of that name is somebody else's."""
    if name in _names(cluster):
        raise DemoError(f"namespace {name} is there and not the demonstration's own: remove or rename it first")
    labels = dict([LABEL.split("=")])
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    cluster.kubectl("create", "--filename=-", stdin=json.dumps(namespace))


def remove_all(cluster: Cluster) -> None:
    """Remove every namespace with the demonstration's label, and wait until they are gone."""
    cluster.kubectl(
        "delete",
        "namespace",
        f"--selector={LABEL}",
        "--ignore-not-found",
        f"--timeout={_SECONDS_TO_REMOVE}s",
    )


def _names(cluster: Cluster) -> list[str]:
    return [item["metadata"]["name"] for item in cluster.get("namespaces")["items"]]
