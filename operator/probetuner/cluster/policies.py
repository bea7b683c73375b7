"""ProbePolicies in the cluster: made, deleted, and their status kept up to date."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from probetuner.change.enrolment import PolicyObject, parse_policy_object
from probetuner.cluster.api import APPLY, FIELD_MANAGER, Api
from probetuner.cluster.errors import ConflictError, NotFoundError
from probetuner.cluster.owned import API_VERSION, collection, owned_metadata, owned_name
from probetuner.model.workload import WorkloadRef


class NameTakenError(Exception):
    """Another workload's ProbePolicy has the name that this workload's would get; the text says what to do."""


async def create(api: Api, ref: WorkloadRef, *, uid: str) -> PolicyObject:
    """Make the operator's own policy of a workload. Raises ApiError and NameTakenError.

    One that belongs to a workload of the same name that is gone is in the way, and deleted; the ConflictError then
    asks to try again. In a dry run the policy is what it would have been.
    """
    body = {
        "apiVersion": API_VERSION,
        "kind": "ProbePolicy",
        "metadata": owned_metadata(ref, uid=uid),
        "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": str(ref.kind), "name": ref.name}},
    }
    try:
        made = await api.write("POST", collection("probepolicies", ref.namespace), body, query=_FIELD_MANAGER)
    except ConflictError:
        found = await _existing(api, ref)
        if found.is_orphaned(uid):
            await delete(api, found)
            raise
        return found
    return parse_policy_object(made or body)


async def read(api: Api, policy: PolicyObject) -> PolicyObject | None:
    """Return the policy as it is now, None when it is gone. Raises ApiError."""
    try:
        return parse_policy_object(await api.get(_path(policy)))
    except NotFoundError:
        return None


async def write_status(api: Api, policy: PolicyObject, status: Mapping[str, Any]) -> PolicyObject:
    """Write the status if it says something else than the one there; return the policy as it is then.

    It is written only onto exactly this version of the policy, so that nothing is decided on a status that has moved
    on. Raises ApiError; ConflictError when it has. In a dry run the policy is what it would have been.
    """
    if policy.status == status:
        return policy
    body = {
        "apiVersion": API_VERSION,
        "kind": "ProbePolicy",
        "metadata": {
            "name": policy.name,
            "namespace": policy.namespace,
            "resourceVersion": policy.resource_version,
        },
        "status": status,
    }
    # Strict: a field that the schema does not know would be dropped, missed, and written again for ever.
    query = [*_FIELD_MANAGER, ("force", "true"), ("fieldValidation", "Strict")]
    written = await api.write("PATCH", f"{_path(policy)}/status", body, query=query, content_type=APPLY)
    return replace(policy, status=status) if written is None else parse_policy_object(written)


async def delete(api: Api, policy: PolicyObject) -> None:
    """Delete exactly this policy, if it is still there. Raises ApiError."""
    try:
        await api.write("DELETE", _path(policy), {"preconditions": {"uid": policy.uid}})
    except (NotFoundError, ConflictError):
        return


async def _existing(api: Api, ref: WorkloadRef) -> PolicyObject:
    path = f"{collection('probepolicies', ref.namespace)}/{owned_name(ref)}"
    found = parse_policy_object(await api.get(path))
    if found.target != ref:
        raise NameTakenError(f"{found} is for {found.target}; give it another name, so that {ref} can have its own")
    return found


def _path(policy: PolicyObject) -> str:
    return f"{collection('probepolicies', policy.namespace)}/{policy.name}"


_FIELD_MANAGER = [("fieldManager", FIELD_MANAGER)]
