"""Jobs that a person asked for: made, looked at, and removed."""

from collections.abc import Mapping
from typing import Any

from probetuner.cluster.api import Api
from probetuner.cluster.errors import ConflictError, NotFoundError


class JobExistsError(Exception):
    """There is a Job of that name already; `job` is as the API server has it."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        super().__init__(str(job["metadata"]["name"]))
        self.job = job


async def create(api: Api, job: Mapping[str, Any]) -> str:
    """Make the Job and return its uid. Raises JobExistsError when one of its name is there, ApiError."""
    namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
    try:
        made = await api.write("POST", _path(namespace), job, query=[("fieldValidation", "Strict")])
    except ConflictError:
        raise JobExistsError(await api.get(f"{_path(namespace)}/{name}")) from None
    return str((made or {}).get("metadata", {}).get("uid") or "")


async def delete(api: Api, namespace: str, name: str) -> None:
    """Remove the Job and its pods, if it is there. Raises ApiError."""
    try:
        await api.write("DELETE", f"{_path(namespace)}/{name}", {"propagationPolicy": "Background"})
    except NotFoundError:
        return


def has_ended(job: Mapping[str, Any]) -> bool:
    """Whether a Job has no more pods to run, as its conditions say."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(c.get("type") in ("Complete", "Failed") and c.get("status") == "True" for c in conditions)


def _path(namespace: str) -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"
