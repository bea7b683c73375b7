"""ProbeHistories in the cluster: what is remembered of a workload, saved beside it."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from probetuner.change.enrolment import owner_uid
from probetuner.change.times import to_text
from probetuner.cluster.api import FIELD_MANAGER, MERGE, Api
from probetuner.cluster.errors import ConflictError, NotFoundError
from probetuner.cluster.names import lists_of
from probetuner.cluster.owned import API_VERSION, OWNED_SELECTOR, collection, owned_metadata, owned_name
from probetuner.history import codec
from probetuner.history.future import without_future
from probetuner.history.record import WorkloadHistory
from probetuner.model.shard import WHOLE
from probetuner.model.workload import WorkloadRef

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was saved. `problem` is a sentence when it is not for this version to read, and so not to be replaced.

    `version` is the resourceVersion of the ProbeHistory, empty when there is none.
    """

    history: WorkloadHistory = field(default_factory=WorkloadHistory)
    problem: str | None = None
    version: str = ""


NOTHING = Saved()


async def load(api: Api, ref: WorkloadRef, *, uid: str, now: float) -> Saved:
    """Return what was saved of the workload of that uid; an empty history when nothing was, or it cannot be read.

    What it says of times after `now` (epoch seconds) is dropped. What was saved of a workload of the same name that is
    gone is deleted: it is about another, and Kubernetes would delete it later, whatever stood in it by then. Raises
    ApiError.
    """
    try:
        found = await api.get(_path(ref))
    except NotFoundError:
        return NOTHING
    version = _version(found)
    if owner_uid(found["metadata"]) not in ("", uid):
        await _delete(api, _path(ref), version=version)
        return NOTHING
    try:
        return Saved(history=without_future(_decode(found), now=now), version=version)
    except codec.NewerHistoryError as problem:
        log.warning("saved history left as it is, learning is not saved", workload=str(ref), problem=str(problem))
        return Saved(
            problem=f"What was saved of {ref} is left as it is, and what is learned now is not saved: {problem}. "
            "Run that version again, or delete the ProbeHistory and restart the operator to begin anew.",
            version=version,
        )
    except codec.SavedHistoryError as problem:
        log.warning("saved history not used, learning starts afresh", workload=str(ref), problem=str(problem))
        return Saved(version=version)


async def save(api: Api, ref: WorkloadRef, history: WorkloadHistory, *, uid: str, now: float, version: str) -> str:
    """Save the history of the workload of that uid in place of that version; returns the version it has then.

    A request may be held up on its way until another operator leads and has saved what it learned. So none lands on
    anything but what was loaded or saved last, or on nothing where nothing was there. Raises ApiError; ConflictError or
    NotFoundError when something else is there by now.
    """
    state = await asyncio.to_thread(codec.encode, history)
    metadata: dict[str, Any] = owned_metadata(ref, uid=uid)
    body = {
        "apiVersion": API_VERSION,
        "kind": "ProbeHistory",
        "metadata": metadata,
        "data": {"version": codec.VERSION, "updated": to_text(now), "state": state},
    }
    query = [("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict")]
    if version:
        metadata["resourceVersion"] = version
        written = await api.write("PATCH", _path(ref), body, query=query, content_type=MERGE)
    else:
        written = await api.write("POST", collection("probehistories", ref.namespace), body, query=query)
    return version if written is None else _version(written)


async def delete(api: Api, ref: WorkloadRef) -> None:
    """Delete what was saved of a workload, if anything was. Raises ApiError."""
    try:
        found = await api.get(_path(ref))
    except NotFoundError:
        return
    await _delete(api, _path(ref), version=_version(found))


async def delete_strays(
    api: Api,
    wanted: Callable[[], Collection[WorkloadRef]],
    *,
    namespaces: Collection[str] = (),
    covers: Callable[[str], bool] = WHOLE.covers,
) -> None:
    """Delete what was saved of any but the wanted workloads, who are asked for when all is listed. Raises ApiError.

    With `namespaces`, only there; never in a namespace that `covers` does not: there they are another shard's.
    """
    ours = [("labelSelector", OWNED_SELECTOR)]
    found = {
        f"{collection('probehistories', raw['metadata']['namespace'])}/{raw['metadata']['name']}": _version(raw)
        for path in lists_of(API_VERSION, "probehistories", namespaces)
        async for raw in api.each(path, query=ours, metadata_only=True)
        if covers(raw["metadata"]["namespace"])
    }
    kept = {_path(ref) for ref in wanted()}
    for path, version in found.items():
        if path not in kept:
            await _delete(api, path, version=version)


def _decode(found: Mapping[str, Any]) -> WorkloadHistory:
    data = found.get("data")
    data = data if isinstance(data, Mapping) else {}
    state, version = data.get("state"), data.get("version")
    if not isinstance(state, str) or not isinstance(version, int):
        raise codec.SavedHistoryError("it has no data.state and data.version")
    return codec.decode(state, version=version)


async def _delete(api: Api, path: str, *, version: str) -> None:
    """Delete it as it was seen; what was saved there since is somebody's, and the next sweep sees to it."""
    try:
        await api.write("DELETE", path, {"preconditions": {"resourceVersion": version}})
    except (NotFoundError, ConflictError):
        return


def _version(found: Mapping[str, Any]) -> str:
    return str(found["metadata"].get("resourceVersion") or "")


def _path(ref: WorkloadRef) -> str:
    return f"{collection('probehistories', ref.namespace)}/{owned_name(ref)}"
