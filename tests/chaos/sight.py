"""Everything in the chaos's namespace at one moment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.server import Server
from chaos.workloads import CYCLE, NAMESPACE

Object = Mapping[str, Any]

_OURS = f"/apis/probetuner.dev/v1alpha1/namespaces/{NAMESPACE}"
PLACES = {
    "Deployment": f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments",
    "ReplicaSet": f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets",
    "Pod": f"/api/v1/namespaces/{NAMESPACE}/pods",
    "ConfigMap": f"/api/v1/namespaces/{NAMESPACE}/configmaps",
    "ProbePolicy": f"{_OURS}/probepolicies",
    "ProbeHistory": f"{_OURS}/probehistories",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The objects of each kind; Deployments by their names."""

    deployments: Mapping[str, Object]
    pods: Sequence[Object]
    policies: Sequence[Object]
    histories: Sequence[Object]

    def policy_of(self, name: str, uid: str) -> Object | None:
        """Return the policy that names a workload, unless it goes with a predecessor of that name."""
        named = (item for item in self.policies if item["spec"]["targetRef"]["name"] == name)
        return next((item for item in named if owner_of(item) in ("", uid)), None)

    def started(self, name: str, cycle: int) -> int:
        """Return how many containers of that workload and cycle have started."""
        return sum(_has_started(pod) for pod in self._pods_of(name, cycle))

    def has_pods(self, name: str) -> bool:
        """Whether pods of any cycle of that name are there."""
        return any(pod["metadata"]["labels"].get("app") == name for pod in self.pods)

    def _pods_of(self, name: str, cycle: int) -> Iterator[Object]:
        for pod in self.pods:
            metadata = pod["metadata"]
            if metadata["labels"].get("app") == name and metadata["annotations"].get(CYCLE) == str(cycle):
                yield pod


def look(server: Server) -> Sight:
    """Take everything in. Raises AwayError."""
    histories, policies = server.items(PLACES["ProbeHistory"]), server.items(PLACES["ProbePolicy"])
    pods = server.items(PLACES["Pod"])
    # Last, so that what is seen of a workload is never older than the workload itself.
    deployments = {item["metadata"]["name"]: item for item in server.items(PLACES["Deployment"])}
    return Sight(deployments=deployments, pods=pods, policies=policies, histories=histories)


def owner_of(item: Object) -> str:
    """Return the uid of the workload that an object goes with, empty when it goes with none."""
    owners = item["metadata"].get("ownerReferences") or [{}]
    return str(owners[0].get("uid", ""))


def _has_started(pod: Object) -> bool:
    containers = pod.get("status", {}).get("containerStatuses", [])
    return any(one.get("state", {}).get("running") or one.get("restartCount") for one in containers)
