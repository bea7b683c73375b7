"""Looks into running containers, by `exec` and with the rights of whoever asks: /proc is read, and nothing changed.

The operator never does this: it has no `pods/exec`.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import websocket
from kubernetes.client import ApiException
from kubernetes.stream.ws_client import ERROR_CHANNEL, STDOUT_CHANNEL, websocket_call

from probetuner.diagnosis.leak import leak_of
from probetuner.facts.inspection import MOST_CHARACTERS, SCRIPT, Inspection, read_inspection
from probetuner.model.probe import ProbeType
from probetuner.sources.gathering import Subject
from probetuner.sources.live import LiveCluster
from probetuner.sources.manifests import Tell

_SECONDS = 10.0
_MOST_PODS = 3
_FORBIDDEN = "Handshake status 403"
_NO_PROGRAM = ("executable file not found", "no such file or directory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A running container."""

    namespace: str
    pod: str
    container: str

    def __str__(self) -> str:
        return f"container {self.container} of pod {self.namespace}/{self.pod}"


class LookError(Exception):
    """A container could not be looked into; the text says why and what to do."""


def inspect(cluster: LiveCluster, subject: Subject, tell: Tell) -> tuple[Inspection, ...]:
    """Look into the containers of a workload whose probes may leave zombies; what cannot be looked into is told."""
    return tuple(_inspections(cluster, subject, tell))


def _inspections(cluster: LiveCluster, subject: Subject, tell: Tell) -> Iterator[Inspection]:
    for place in places_of(subject):
        try:
            yield look(cluster, place)
        except LookError as problem:
            tell(str(problem))


def places_of(subject: Subject) -> Iterator[Place]:
    """The containers worth a look, in a few of the workload's running pods."""
    for container in subject.workload.containers:
        probes = (container.probe(kind) for kind in ProbeType)
        history = subject.history.latest(container.name, replaced=subject.workload.rollout.replaced)
        if history is None or not any(probe is not None and leak_of(probe) for probe in probes):
            continue
        running = [life.pod for life in history.lives if life.ended_at is None and life.ending is None]
        for pod in list(dict.fromkeys(running))[-_MOST_PODS:]:
            yield Place(namespace=subject.workload.ref.namespace, pod=pod, container=container.name)


def look(cluster: LiveCluster, place: Place) -> Inspection:
    """Look into one container, for ten seconds at most. Raises LookError."""
    try:
        stream = _open(cluster, place)
    except (ApiException, OSError, websocket.WebSocketException) as problem:
        raise LookError(_why_not(str(problem), place)) from None
    try:
        text, failure = _read(stream)
    except (OSError, websocket.WebSocketException) as problem:
        raise LookError(f"{place} cannot be looked into: {problem}") from None
    finally:
        stream.close()
    found = read_inspection(text, pod=place.pod, container=place.container)
    if found is None:
        raise LookError(_why_nothing(failure, place))
    return found


def _open(cluster: LiveCluster, place: Place) -> Any:
    websocket.setdefaulttimeout(_SECONDS)
    query = [("container", place.container), ("stdout", "true"), ("stderr", "false")]
    query += [("command", word) for word in ("sh", "-c", SCRIPT)]
    path = f"/api/v1/namespaces/{place.namespace}/pods/{place.pod}/exec"
    _, url, headers, *_ = cluster.client.param_serialize("GET", path, query_params=query, auth_settings=["BearerToken"])
    return websocket_call(  # type: ignore[no-untyped-call]  # the client's stream has no annotations
        cluster.client.configuration, "GET", url, headers=headers, _preload_content=False
    )


def _read(stream: Any) -> tuple[str, str]:
    """What it printed, as much as is wanted of it, and what the API server says of its end."""
    text, end = "", time.monotonic() + _SECONDS
    while stream.is_open() and len(text) < MOST_CHARACTERS and time.monotonic() < end:
        text += stream.read_channel(STDOUT_CHANNEL, timeout=1)
    text += stream.read_channel(STDOUT_CHANNEL)
    return text, stream.read_channel(ERROR_CHANNEL)


def _why_not(problem: str, place: Place) -> str:
    if _FORBIDDEN in problem:
        return (
            f"{place} cannot be looked into: you may not `create` `pods/exec` in namespace {place.namespace}; "
            "ask for that right, or leave --inspect out"
        )
    return f"{place} cannot be looked into: {problem}"


def _why_nothing(failure: str, place: Place) -> str:
    try:
        message = str(json.loads(failure).get("message"))
    except (ValueError, AttributeError):
        message = f"it said nothing within {_SECONDS:.0f} s"
    if any(words in message for words in _NO_PROGRAM):
        return (
            f"{place} cannot be looked into: its image has no shell, as distroless images have none; "
            f"try kubectl debug -n {place.namespace} {place.pod} --target={place.container} --image=IMAGE-WITH-PS"
        )
    return f"{place} cannot be looked into: {message}"
