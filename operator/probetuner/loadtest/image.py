"""Which image the client runs from: the one that was named, or that of one operator, by its namespace and name.

A label proves nothing: whoever may make Deployments anywhere can make one that carries it. So nothing is looked for in
the whole cluster, and whose image it is, with its digest where it has one, stands in what is agreed to.
"""

from dataclasses import dataclass
from typing import Any

from probetuner.cluster import workloads
from probetuner.cluster.api import Api
from probetuner.cluster.errors import StatusError
from probetuner.loadtest.job import Image
from probetuner.loadtest.target import TargetError
from probetuner.model.fields import objects, text
from probetuner.model.workload import WorkloadKind, WorkloadRef, section

INSTALLED_AS = "probetuner-system/probetuner"
"""Where `docs/install.md` installs the operator: the namespace and the name of its Deployment."""

_LABEL, _OPERATORS = "app.kubernetes.io/name", "probetuner"
_CONTAINER = "operator"
_NAME_IT = "name an image with --image, or its Deployment with --operator=NAMESPACE/NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundImage:
    """An image, and in a few words whose it is."""

    image: Image
    origin: str

    def __str__(self) -> str:
        return f"image {self.image.name}, {self.origin}"


def parse_operator(written: str) -> WorkloadRef:
    """Read NAMESPACE/NAME of the operator's Deployment. Raises TargetError."""
    namespace, slash, name = written.partition("/")
    if not namespace or not slash or not name or "/" in name:
        raise TargetError(f"{written!r} is no operator; write --operator=NAMESPACE/NAME, such as {INSTALLED_AS}")
    return WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace=namespace, name=name)


async def find_image(api: Api, *, named: str | None, operator: WorkloadRef) -> FoundImage:
    """The image that was named, else that of the operator's own Deployment.

    Raises TargetError where it cannot be had, or what is there is no operator of the chart; ApiError.
    """
    if named is not None:
        return FoundImage(image=Image(name=named), origin="as named")
    try:
        raw = await workloads.read(api, operator)
    except StatusError as problem:
        raise TargetError(f"the operator's image is not known ({problem}); {_NAME_IT}") from None
    container = _operator_of(raw, str(operator))
    if container is None:
        raise TargetError(f"{operator} is no operator of probetuner's chart, so its image is not taken; {_NAME_IT}")
    policy = text(container, "imagePullPolicy", "container") or "IfNotPresent"
    return FoundImage(
        image=Image(name=text(container, "image", "container"), pull_policy=policy),
        origin=f"that of the operator {operator.namespace}/{operator.name}",
    )


def _operator_of(raw: dict[str, Any], place: str) -> Any | None:
    """The operator's container of a Deployment of the chart; None of any other."""
    if section(section(raw, "metadata", place), "labels", place).get(_LABEL) != _OPERATORS:
        return None
    pod = section(section(section(raw, "spec", place), "template", "spec"), "spec", "template")
    containers = objects(pod, "containers", "template.spec")
    return next((container for container in containers if container.get("name") == _CONTAINER), None)
