"""ProbeHistories in the cluster: what is remembered of a workload, saved beside it."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from probetuner.change.enrolment import owner_uid
from probetuner.change.times import to_text
from probetuner.cluster.api import APPLY, FIELD_MANAGER, Api
from probetuner.cluster.errors import NotFoundError
from probetuner.cluster.owned import API_VERSION, OWNED_SELECTOR, collection, owned_metadata, owned_name
from probetuner.history import codec
from probetuner.history.record import WorkloadHistory
from probetuner.model.workload import WorkloadRef

ALL_HISTORIES = f"/apis/{API_VERSION}/probehistories"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was saved. `problem` is a sentence when it is not for this version to read, and so not to be replaced."""

    history: WorkloadHistory = field(default_factory=WorkloadHistory)
    problem: str | None = None


NOTHING = Saved()


async def load(api: Api, ref: WorkloadRef, *, uid: str) -> Saved:
    """Return what was saved of the workload of that uid; an empty history when nothing was, or it cannot be read.

    What was saved of a workload of the same name that is gone is deleted: it is about another, and Kubernetes would
    delete it later, whatever stood in it by then. Raises ApiError.
    """
    try:
        found = await api.get(_path(ref))
    except NotFoundError:
        return NOTHING
    if owner_uid(found["metadata"]) not in ("", uid):
        await delete(api, ref)
        return NOTHING
    try:
        return Saved(history=_decode(found))
    except codec.NewerHistoryError as problem:
        log.warning("saved history left as it is, learning is not saved", workload=str(ref), problem=str(problem))
        return Saved(
            problem=f"What was saved of {ref} is left as it is, and what is learned now is not saved: {problem}. "
            "Run that version again, or delete the ProbeHistory and restart the operator to begin anew."
        )
    except codec.SavedHistoryError as problem:
        log.warning("saved history not used, learning starts afresh", workload=str(ref), problem=str(problem))
        return NOTHING


async def save(api: Api, ref: WorkloadRef, history: WorkloadHistory, *, uid: str, now: float) -> None:
    """Save the history of the workload of that uid. Raises ApiError."""
    state = await asyncio.to_thread(codec.encode, history)
    body = {
        "apiVersion": API_VERSION,
        "kind": "ProbeHistory",
        "metadata": owned_metadata(ref, uid=uid),
        "data": {"version": codec.VERSION, "updated": to_text(now), "state": state},
    }
    query = [("fieldManager", FIELD_MANAGER), ("force", "true"), ("fieldValidation", "Strict")]
    await api.write("PATCH", _path(ref), body, query=query, content_type=APPLY)


async def delete(api: Api, ref: WorkloadRef) -> None:
    """Delete what was saved of a workload, if anything was. Raises ApiError."""
    await _delete(api, _path(ref))


async def delete_strays(api: Api, wanted: Callable[[], Collection[WorkloadRef]]) -> None:
    """Delete what was saved of any but the wanted workloads, who are asked for when all is listed. Raises ApiError."""
    found = [
        f"{collection('probehistories', raw['metadata']['namespace'])}/{raw['metadata']['name']}"
        async for raw in api.each(ALL_HISTORIES, query=[("labelSelector", OWNED_SELECTOR)], metadata_only=True)
    ]
    kept = {_path(ref) for ref in wanted()}
    for path in found:
        if path not in kept:
            await _delete(api, path)


def _decode(found: Mapping[str, Any]) -> WorkloadHistory:
    data = found.get("data")
    data = data if isinstance(data, Mapping) else {}
    state, version = data.get("state"), data.get("version")
    if not isinstance(state, str) or not isinstance(version, int):
        raise codec.SavedHistoryError("it has no data.state and data.version")
    return codec.decode(state, version=version)


async def _delete(api: Api, path: str) -> None:
    try:
        await api.write("DELETE", path, {})
    except NotFoundError:
        return


def _path(ref: WorkloadRef) -> str:
    return f"{collection('probehistories', ref.namespace)}/{owned_name(ref)}"
