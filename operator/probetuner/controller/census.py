"""Counting what there is: at the start, and every so often, because a watch may miss that something was deleted."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any

import structlog

from probetuner.change.enrolment import PolicyObject, parse_policy_object
from probetuner.cluster.api import Api
from probetuner.cluster.errors import NotFoundError
from probetuner.cluster.names import lists_of
from probetuner.cluster.owned import API_VERSION
from probetuner.cluster.workloads import PLURALS
from probetuner.controller.supervising import Loop
from probetuner.controller.view import Census, Known, NamespaceWords, PolicyKey, known_of, words_of
from probetuner.model.problem import InvalidObjectError
from probetuner.model.shard import WHOLE
from probetuner.model.workload import WorkloadKind, WorkloadRef

log = structlog.get_logger()


async def take_census(
    api: Api, loop: Loop, namespaces: Collection[str] = (), *, covers: Callable[[str], bool] = WHOLE.covers
) -> Census:
    """List namespaces and workloads, their metadata only, and policies; *loop* turns with each. Raises ApiError.

    Workloads and policies are listed in these namespaces only, and in all where none is named; none is kept in a
    namespace that `covers` does not.
    """
    words: dict[str, NamespaceWords] = {}
    workloads: dict[WorkloadRef, Known] = {}
    policies: dict[PolicyKey, PolicyObject] = {}
    async for raw in _each(api, ["/api/v1/namespaces"], loop, metadata_only=True):
        with loop.turn(_named(raw)):
            if covers(raw["metadata"]["name"]):
                words[raw["metadata"]["name"]] = words_of(raw)
    for kind, plural in PLURALS.items():
        async for raw in _each(api, lists_of("apps/v1", plural, namespaces), loop, metadata_only=True):
            with loop.turn(_named(raw)):
                if covers(raw["metadata"]["namespace"]):
                    workloads[ref_of(kind, raw)] = known_of(raw)
    async for raw in _each(api, lists_of(API_VERSION, "probepolicies", namespaces), loop):
        with loop.turn(_named(raw)):
            policy = policy_of(raw) if covers(raw["metadata"]["namespace"]) else None
            if policy is not None:
                policies[policy.namespace, policy.name] = policy
    return Census(namespaces=words, workloads=workloads, policies=policies)


async def _each(
    api: Api, paths: Collection[str], loop: Loop, *, metadata_only: bool = False
) -> AsyncIterator[Mapping[str, Any]]:
    for path in paths:
        async for raw in api.each(path, metadata_only=metadata_only):
            loop.beat()
            yield raw


def _named(raw: Mapping[str, Any]) -> str:
    metadata = raw.get("metadata") or {}
    return f"{raw.get('kind') or 'object'} {metadata.get('namespace') or ''}/{metadata.get('name')}"


async def make_sure_of_discovery(api: Api) -> None:
    """See that our kind can be found, not only listed: kopf never watches what it does not find when it starts.

    Raises ApiError; NotFoundError until the API server has taken the definition in.
    """
    path = f"/apis/{API_VERSION}"
    found = await api.get(path)
    if not any(resource.get("name") == "probepolicies" for resource in found.get("resources") or ()):
        raise NotFoundError(HTTPStatus.NOT_FOUND, "NotFound", f"{path} does not name probepolicies")


async def pod_uids(api: Api, namespace: str) -> set[str]:
    """Return the uids of the pods of a namespace. Raises ApiError."""
    pods = api.each(f"/api/v1/namespaces/{namespace}/pods", metadata_only=True)
    return {raw["metadata"]["uid"] async for raw in pods}


def ref_of(kind: WorkloadKind, raw: Mapping[str, Any]) -> WorkloadRef:
    """Return the name of a workload."""
    return WorkloadRef(kind=kind, namespace=raw["metadata"]["namespace"], name=raw["metadata"]["name"])


def policy_of(raw: Mapping[str, Any]) -> PolicyObject | None:
    """Read a ProbePolicy; one that names no workload is told of in the log, since no workload shows it."""
    try:
        policy = parse_policy_object(raw)
    except InvalidObjectError as invalid:
        log.warning("policy not understood and left out", problem=str(invalid))
        return None
    if policy.target is None:
        log.warning("policy not understood and left out", policy=str(policy), problem=policy.problem)
    return policy
