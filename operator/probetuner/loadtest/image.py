"""Which image the client runs from."""

from probetuner.cluster.api import Api
from probetuner.cluster.errors import StatusError
from probetuner.loadtest.job import Image
from probetuner.loadtest.target import TargetError
from probetuner.model.fields import objects, text
from probetuner.model.workload import section

_OPERATORS = "app.kubernetes.io/name=probetuner"
_CONTAINER = "operator"


async def find_image(api: Api, named: str | None) -> Image:
    """The image that was named, else that of the operator that the chart installed in this cluster.

    Raises TargetError where there is neither, ApiError.
    """
    if named is not None:
        return Image(name=named)
    try:
        async for raw in api.each("/apis/apps/v1/deployments", query=[("labelSelector", _OPERATORS)]):
            pod = section(section(section(raw, "spec", "Deployment"), "template", "spec"), "spec", "template")
            for container in objects(pod, "containers", "template.spec"):
                if container.get("name") == _CONTAINER:
                    policy = text(container, "imagePullPolicy", "container") or "IfNotPresent"
                    return Image(name=text(container, "image", "container"), pull_policy=policy)
    except StatusError as problem:
        raise TargetError(f"the operator's image is not known ({problem}); name one with --image") from None
    raise TargetError("no operator of the chart runs in this cluster, whose image would be used; name one with --image")
