"""The operator's own Deployment, as it finds it: no flag need say what the API server knows."""

from probetuner.cluster import workloads
from probetuner.cluster.api import Api
from probetuner.facts.owner import owner_of
from probetuner.model.workload import Workload, WorkloadKind, parse_workload


async def own_deployment(api: Api, namespace: str, hostname: str) -> Workload | None:
    """Return the Deployment of the pod with that host name; None where there is none. Raises ApiError.

    A host name is the pod's name, cut to 63 characters (pkg/kubelet/util: GetNodenameForKernel). Raises
    InvalidObjectError for a pod or a Deployment that is not understood.
    """
    async for pod in api.each(f"/api/v1/namespaces/{namespace}/pods", metadata_only=True):
        name = str(pod["metadata"]["name"])
        if name == hostname or name[:_HOSTNAME_CHARACTERS].rstrip("-.") == hostname:
            owner = owner_of(pod)
            if owner.kind is not WorkloadKind.DEPLOYMENT:
                return None
            return parse_workload(await workloads.read(api, owner))
    return None


_HOSTNAME_CHARACTERS = 63
