"""The users' workloads in the cluster: read, and patched when that was decided."""

from http import HTTPStatus
from typing import Any

from probetuner.change.situation import Refusal, RefusalReason, WorkloadPatch
from probetuner.change.warrant import Warrant
from probetuner.cluster.api import FIELD_MANAGER, STRATEGIC_MERGE, Api
from probetuner.cluster.errors import StatusError
from probetuner.model.workload import WorkloadKind, WorkloadRef

PLURALS = {
    WorkloadKind.DEPLOYMENT: "deployments",
    WorkloadKind.STATEFUL_SET: "statefulsets",
    WorkloadKind.DAEMON_SET: "daemonsets",
}


async def read(api: Api, ref: WorkloadRef) -> dict[str, Any]:
    """Return the workload as JSON. Raises ApiError."""
    return await api.get(path_of(ref))


async def patch(api: Api, wanted: WorkloadPatch, warrant: Warrant, *, now: float) -> dict[str, Any] | Refusal | None:
    """Patch the workload, if the warrant permits it, it is still what was decided upon and the server takes all of it.

    This is the only way in which a workload is written. The whole is tried in a dry run of the server first. Returns
    the workload as it is then, or the no to it; None in a dry run of ours. Raises ApiError where the answer says
    nothing about the patch.
    """
    problem = warrant.problem(wanted)
    if problem is not None:
        return Refusal(reason=RefusalReason.NOT_PERMITTED, message=problem, at=now)
    path = path_of(warrant.workload.ref)
    body = {**wanted.body, "metadata": {"resourceVersion": wanted.resource_version}}
    query = [("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict")]
    try:
        await api.write("PATCH", path, body, query=[*query, ("dryRun", "All")], content_type=STRATEGIC_MERGE)
        return await api.write("PATCH", path, body, query=query, content_type=STRATEGIC_MERGE)
    except StatusError as answer:
        if answer.code not in _REFUSALS:
            raise
        return Refusal(reason=_REFUSALS[answer.code], message=answer.message, at=now)


def path_of(ref: WorkloadRef) -> str:
    """Return where a workload of a kind that is followed is."""
    return f"/apis/apps/v1/namespaces/{ref.namespace}/{PLURALS[WorkloadKind(ref.kind)]}/{ref.name}"


_REFUSALS: dict[int, RefusalReason] = {
    HTTPStatus.CONFLICT: RefusalReason.CONFLICT,
    HTTPStatus.FORBIDDEN: RefusalReason.FORBIDDEN,
    HTTPStatus.BAD_REQUEST: RefusalReason.REJECTED,
    HTTPStatus.UNPROCESSABLE_ENTITY: RefusalReason.REJECTED,
}
