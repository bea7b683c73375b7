"""A fleet as objects of a real API server, which gives them uids and times of creation of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from bench.scale.fleet import NAMESPACES, TEMPLATE_HASH, Fleet, Json, name_of, namespace_of, node
from bench.scale.live.client import Loader, all_of
from bench.scale.usage import PATH as METRICS_PATH

POLICIES = "/apis/probetuner.dev/v1alpha1/probepolicies"
AUTOSCALERS = "/apis/autoscaling.k8s.io/v1/verticalpodautoscalers"
_OWN_DEFINITIONS = Path(__file__).parents[4] / "crds"
_METRICS_SERVICE = "metrics-server"


async def define(loader: Loader, *others: Path) -> None:
    """Define our kinds and those in the other files, and make the namespaces."""
    documents: list[Json] = []
    for path in (*sorted(_OWN_DEFINITIONS.glob("*.yaml")), *others):
        documents += filter(None, yaml.safe_load_all(path.read_text()))
    await all_of(
        loader.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", document) for document in documents
    )
    await all_of(
        loader.create("/api/v1/namespaces", {"metadata": {"name": namespace_of(number)}})
        for number in range(NAMESPACES)
    )
    for collection in (POLICIES, AUTOSCALERS):
        await loader.answered(collection)


async def populate(loader: Loader, fleet: Fleet, ports: Sequence[int]) -> Fleet:
    """Create nodes, whose kubelets listen on those ports of loopback, and all else; the fleet with its true uids."""
    await all_of(loader.create("/api/v1/nodes", _node(number, port)) for number, port in enumerate(ports))
    deployments = await all_of(_created(loader, raw) for raw in fleet.deployments())
    sets = await all_of(loader.create(_path(raw), raw) for raw in map(_replica_set, deployments))
    owners = [raw["metadata"]["uid"] for raw in sets]
    pods = await all_of(_created(loader, _pod(fleet, number, owners)) for number in fleet.pods)
    await all_of(_autoscaled(loader, number) for number in range(fleet.workloads))
    return replace(fleet, uids=[raw["metadata"]["uid"] for raw in pods])


async def serve_metrics(loader: Loader, port: int) -> None:
    """Have the API server pass on the metrics API to that port of loopback, and wait until it does."""
    service = {
        "metadata": {"name": _METRICS_SERVICE},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
    }
    await loader.create("/api/v1/namespaces/default/services", service)
    aggregated = {
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"namespace": "default", "name": _METRICS_SERVICE, "port": port},
        },
    }
    await loader.create("/apis/apiregistration.k8s.io/v1/apiservices", aggregated)
    await loader.answered(f"{METRICS_PATH}/pods")


async def tell(loader: Loader, raw: Mapping[str, Any]) -> None:
    """Write what a watch is to give of a pod in the storm: its status, or an Event, whose count only grows later."""
    metadata = raw["metadata"]
    if raw["kind"] == "Pod":
        await loader.amend(f"{_path(raw)}/{metadata['name']}/status", {"status": raw["status"]})
    elif raw["count"] == 1:
        await loader.create(_path(raw), raw)
    else:
        again = {"count": raw["count"], "lastTimestamp": raw["lastTimestamp"]}
        await loader.amend(f"{_path(raw)}/{metadata['name']}", again)


async def _created(loader: Loader, raw: Mapping[str, Any]) -> Json:
    """Create an object and write its status, which nothing but the status's own path takes."""
    metadata = {name: value for name, value in raw["metadata"].items() if name != "resourceVersion"}
    created = await loader.create(_path(raw), {**raw, "metadata": metadata})
    await loader.amend(f"{_path(raw)}/{metadata['name']}/status", {"status": raw["status"]})
    return created


async def _autoscaled(loader: Loader, workload: int) -> Json:
    """Have the VPA recommender, and nobody else, look at a workload."""
    namespace, name = namespace_of(workload), name_of(workload)
    autoscaler = {
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "updatePolicy": {"updateMode": "Off"},
        },
    }
    path = f"/apis/autoscaling.k8s.io/v1/namespaces/{namespace}/verticalpodautoscalers"
    return await loader.create(path, autoscaler)


def _node(number: int, port: int) -> Json:
    raw = node(number)
    addressed = {
        **raw["status"],
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    return {**raw, "metadata": {"name": raw["metadata"]["name"]}, "status": addressed}


def _replica_set(deployment: Mapping[str, Any]) -> Json:
    metadata, spec = deployment["metadata"], deployment["spec"]
    labels = {**spec["template"]["metadata"]["labels"], "pod-template-hash": TEMPLATE_HASH}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{TEMPLATE_HASH}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": {
            "replicas": spec["replicas"],
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec["template"]["spec"]},
        },
    }


def _pod(fleet: Fleet, number: int, owners: Sequence[str]) -> Json:
    raw = fleet.pod(number, fleet.began)
    [owner] = raw["metadata"]["ownerReferences"]
    owned = [{**owner, "uid": owners[fleet.workload(number)]}]
    return {**raw, "metadata": {**raw["metadata"], "ownerReferences": owned}}


def _path(raw: Mapping[str, Any]) -> str:
    """The collection that an object belongs to."""
    group, plural = _COLLECTIONS[raw["kind"]]
    return f"/{group}/namespaces/{raw['metadata']['namespace']}/{plural}"


_COLLECTIONS = {
    "Pod": ("api/v1", "pods"),
    "Event": ("api/v1", "events"),
    "Deployment": ("apis/apps/v1", "deployments"),
    "ReplicaSet": ("apis/apps/v1", "replicasets"),
}
