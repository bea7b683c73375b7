"""What the commands about policies ask of the API server, with the rights of whoever calls them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import typer

from probetuner.change.enrolment import PolicyObject, in_order, parse_policy_object
from probetuner.cli.naming import command, named, program
from probetuner.cli.telling import note
from probetuner.cluster.api import MERGE, Api
from probetuner.cluster.connection import NoClusterError, connect
from probetuner.cluster.errors import ApiError, NotFoundError, StatusError
from probetuner.cluster.names import lists_of
from probetuner.cluster.owned import API_VERSION, collection
from probetuner.cluster.workloads import PLURALS, path_of
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadKind, WorkloadRef

FIELD_MANAGER = "kubectl-probetuner"
"""Whoever writes with kubectl, in all its ways, is a person who may hand over (`change.owners`)."""

_KINDS = {
    name: kind
    for kind, short in (
        (WorkloadKind.DEPLOYMENT, "deploy"),
        (WorkloadKind.STATEFUL_SET, "sts"),
        (WorkloadKind.DAEMON_SET, "ds"),
    )
    for name in (short, kind.value.lower(), f"{kind.value.lower()}s", f"{kind.value.lower()}.apps")
}

T = TypeVar("T")


class UnansweredError(Exception):
    """What was asked for is not there, or cannot be done; the text is a sentence with the next step."""


def ask(context: str | None, question: Callable[[Api, str], Awaitable[T]]) -> T:
    """Ask, given the API server and the namespace that is meant where none is named; what goes wrong is told."""
    try:
        connection = connect(context=context)
        api = Api(connection)
        try:
            return asyncio.run(_answered(question(api, connection.namespace)))
        finally:
            api.close()
    except (NoClusterError, UnansweredError, InvalidObjectError) as problem:
        note(str(problem))
    except ApiError as problem:
        note(explained(problem))
    raise typer.Exit(2)


async def _answered(answer: Awaitable[T]) -> T:
    return await answer


def explained(problem: ApiError) -> str:
    """What the API server said, with the next step where one is known."""
    if isinstance(problem, StatusError) and problem.code == HTTPStatus.FORBIDDEN:
        return f"{problem}; ask for that right: of Kubernetes' own roles view reads this, and edit writes it"
    return str(problem)


def parse_ref(word: str, namespace: str) -> WorkloadRef:
    """Read KIND/NAME. Raises UnansweredError."""
    kind, _, name = word.partition("/")
    if kind.lower() not in _KINDS or not name or "/" in name:
        raise UnansweredError(f"{word!r} names no workload; write deployment/NAME, statefulset/NAME or daemonset/NAME")
    return WorkloadRef(kind=_KINDS[kind.lower()], namespace=namespace, name=name)


async def policies_in(api: Api, namespace: str | None) -> list[PolicyObject]:
    """The policies of a namespace, of all where it is None. Raises ApiError and UnansweredError."""
    (path,) = lists_of(API_VERSION, "probepolicies", () if namespace is None else (namespace,))
    try:
        return [parse_policy_object(raw) async for raw in api.each(path)]
    except NotFoundError:
        raise UnansweredError(
            f"this cluster knows no ProbePolicies: install the chart, or take one look with {program()} analyze"
        ) from None


async def policy_of(api: Api, ref: WorkloadRef) -> PolicyObject:
    """The policy that speaks for a workload. Raises ApiError and UnansweredError."""
    found = await policy_if_any(api, ref)
    if found is None:
        raise UnansweredError(
            f"{ref} has no ProbePolicy, so it is not followed; {command('mode', ref, 'Recommend')} enrols it"
        )
    return found


async def policy_if_any(api: Api, ref: WorkloadRef) -> PolicyObject | None:
    """The policy that speaks for a workload, None where none does. Raises ApiError and UnansweredError."""
    about = (one for one in await policies_in(api, ref.namespace) if one.target == ref)
    return next(iter(in_order(about)), None)


async def read_workload(api: Api, ref: WorkloadRef) -> dict[str, Any]:
    """The workload as it is. Raises ApiError and UnansweredError."""
    try:
        return await api.get(path_of(ref))
    except NotFoundError:
        raise UnansweredError(
            f"there is no {named(ref)} in namespace {ref.namespace}; {program()} status -A shows what is followed"
        ) from None


async def selected(api: Api, namespace: str | None, labels: str) -> set[WorkloadRef]:
    """The workloads that have these labels. Raises ApiError."""
    return {
        WorkloadRef(kind=kind, namespace=raw["metadata"]["namespace"], name=raw["metadata"]["name"])
        for kind, plural in PLURALS.items()
        for path in lists_of("apps/v1", plural, () if namespace is None else (namespace,))
        async for raw in api.each(path, query=[("labelSelector", labels)], metadata_only=True)
    }


async def annotate(api: Api, path: str, annotations: Mapping[str, str | None]) -> None:
    """Write annotations, None takes one away. Raises ApiError."""
    await api.write(
        "PATCH",
        path,
        {"metadata": {"annotations": dict(annotations)}},
        query=[("fieldManager", FIELD_MANAGER)],
        content_type=MERGE,
    )


async def set_mode(api: Api, policy: PolicyObject, mode: str) -> None:
    """Write the mode into a policy that has one. Raises ApiError."""
    path = f"{collection('probepolicies', policy.namespace)}/{policy.name}"
    query = [("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict")]
    await api.write("PATCH", path, {"spec": {"mode": mode}}, query=query, content_type=MERGE)


def annotations_of(raw: Mapping[str, Any]) -> Mapping[str, str]:
    """The annotations of an object."""
    return raw["metadata"].get("annotations") or {}
