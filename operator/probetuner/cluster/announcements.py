"""Kubernetes Events on users' workloads, without repeating them.

The same words about the same workload raise the count of the Event that is there already, as the kubelet's own
recorder does; the API server forgets an Event an hour after it was last touched. Its name is made from what it says,
so that an operator that was restarted finds it too.
"""

import hashlib
from typing import Any

from probetuner.change.situation import Announcement
from probetuner.change.times import to_text
from probetuner.cluster.api import FIELD_MANAGER, MERGE, Api
from probetuner.cluster.errors import ConflictError
from probetuner.model.workload import Workload

_COMPONENT = "probetuner"
_MESSAGE_CHARACTERS = 1024  # validation/events.go NoteLengthLimit
_NAME_CHARACTERS = 200
_HASH_CHARACTERS = 16


async def announce(api: Api, workload: Workload, announcement: Announcement, *, now: float) -> None:
    """Post the announcement as an Event on the workload, or raise the count of the same one. Raises ApiError."""
    name = _name(workload, announcement)
    path = f"/api/v1/namespaces/{workload.ref.namespace}/events"
    query = [("fieldManager", FIELD_MANAGER)]
    try:
        await api.write("POST", path, _event(workload, announcement, name, to_text(now)), query=query)
    except ConflictError:
        found = await api.get(f"{path}/{name}")
        more = {"count": int(found.get("count") or 0) + 1, "lastTimestamp": to_text(now)}
        await api.write("PATCH", f"{path}/{name}", more, query=query, content_type=MERGE)


def _event(workload: Workload, announcement: Announcement, name: str, at: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": workload.ref.namespace},
        "involvedObject": {
            "apiVersion": "apps/v1",
            "kind": str(workload.ref.kind),
            "namespace": workload.ref.namespace,
            "name": workload.ref.name,
            "uid": workload.uid,
            "resourceVersion": workload.resource_version,
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


def _name(workload: Workload, announcement: Announcement) -> str:
    said = f"{workload.uid}\n{announcement.reason}\n{announcement.message}"
    digest = hashlib.sha256(said.encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{workload.ref.name[:_NAME_CHARACTERS].rstrip('-.')}.{digest}"
