"""Kubernetes Events on users' workloads and their policies, without repeating them.

The same words about the same object raise the count of the Event that is there already, as the kubelet's own
recorder does; the API server forgets an Event an hour after it was last touched. Its name is made from what it says,
so that an operator that was restarted finds it too.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from probetuner.change.enrolment import PolicyObject
from probetuner.change.situation import Announcement
from probetuner.change.times import to_text
from probetuner.cluster.api import FIELD_MANAGER, MERGE, Api
from probetuner.cluster.errors import ConflictError
from probetuner.cluster.owned import API_VERSION
from probetuner.model.workload import Workload

_COMPONENT = "probetuner"
_MESSAGE_CHARACTERS = 1024  # validation/events.go NoteLengthLimit
_NAME_CHARACTERS = 200
_HASH_CHARACTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An object that an Event is about."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str


def of_workload(workload: Workload) -> Subject:
    """The workload, which is where `kubectl describe` of it looks for Events."""
    return Subject(
        api_version="apps/v1",
        kind=str(workload.ref.kind),
        namespace=workload.ref.namespace,
        name=workload.ref.name,
        uid=workload.uid,
        resource_version=workload.resource_version,
    )


def of_policy(policy: PolicyObject) -> Subject:
    """The ProbePolicy that speaks for a workload."""
    return Subject(
        api_version=API_VERSION,
        kind="ProbePolicy",
        namespace=policy.namespace,
        name=policy.name,
        uid=policy.uid,
        resource_version=policy.resource_version,
    )


async def announce(api: Api, subject: Subject, announcement: Announcement, *, now: float) -> None:
    """Post the announcement as an Event on the object, or raise the count of the same one. Raises ApiError."""
    name = _name(subject, announcement)
    path = f"/api/v1/namespaces/{subject.namespace}/events"
    query = [("fieldManager", FIELD_MANAGER)]
    try:
        await api.write("POST", path, _event(subject, announcement, name, to_text(now)), query=query)
    except ConflictError:
        found = await api.get(f"{path}/{name}")
        more = {"count": int(found.get("count") or 0) + 1, "lastTimestamp": to_text(now)}
        await api.write("PATCH", f"{path}/{name}", more, query=query, content_type=MERGE)


def _event(subject: Subject, announcement: Announcement, name: str, at: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": subject.namespace},
        "involvedObject": {
            "apiVersion": subject.api_version,
            "kind": subject.kind,
            "namespace": subject.namespace,
            "name": subject.name,
            "uid": subject.uid,
            "resourceVersion": subject.resource_version,
        },
        "type": announcement.tone.value,
        "reason": announcement.reason,
        "message": announcement.message[:_MESSAGE_CHARACTERS],
        "source": {"component": _COMPONENT},
        "reportingComponent": _COMPONENT,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }


def _name(subject: Subject, announcement: Announcement) -> str:
    said = f"{subject.uid}\n{announcement.reason}\n{announcement.message}"
    digest = hashlib.sha256(said.encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{subject.name[:_NAME_CHARACTERS].rstrip('-.')}.{digest}"
