"""A live cluster, read with the rights of whoever asks: lists, watches and the kubelets' metrics.

What may not be read is told in a sentence, and the rest is read all the same.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import urllib3
from kubernetes.client import ApiClient, ApiException
from kubernetes.config import ConfigException

from probetuner.facts.page import Page
from probetuner.sources.failing import Failure
from probetuner.sources.pages import CHUNK_BYTES, PageIntake, UnpackError

_PAGE = "500"
_TIMEOUT_SECONDS = (5.0, 30.0)  # to connect, and between bytes of the answer
_PAGE_SECONDS = 10.0
_MOST_LINE_BYTES = 64 * 1024 * 1024

Object = Mapping[str, Any]


class LiveError(Exception):
    """The cluster did not give what was asked for; the text is a sentence, `failure` says which way.

    `status` is the HTTP status of the answer, None where none came.
    """

    def __init__(self, sentence: str, *, failure: Failure = Failure.BROKEN, status: int | None = None) -> None:
        super().__init__(sentence)
        self.failure = failure
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind of object as it is listed; `telling` says what is not known without it."""

    kind: str
    version: str
    plural: str
    telling: str
    namespaced: bool = True
    selected: bool = False


NODES = Resource(
    kind="Node",
    version="v1",
    plural="nodes",
    namespaced=False,
    telling="disturbances of nodes",
)
AUTOSCALERS = Resource(
    kind="HorizontalPodAutoscaler",
    version="autoscaling/v2",
    plural="horizontalpodautoscalers",
    telling="whether a single replica is to stay one",
)
DEFINING = (
    AUTOSCALERS,
    Resource(kind="Service", version="v1", plural="services", telling="which workloads get traffic"),
    Resource(kind="Deployment", version="apps/v1", plural="deployments", selected=True, telling="Deployments"),
    Resource(kind="StatefulSet", version="apps/v1", plural="statefulsets", selected=True, telling="StatefulSets"),
    Resource(kind="DaemonSet", version="apps/v1", plural="daemonsets", selected=True, telling="DaemonSets"),
)
TELLING = (
    Resource(kind="Pod", version="v1", plural="pods", telling="restarts and readiness"),
    Resource(kind="Event", version="v1", plural="events", telling="why probes failed and who killed"),
)
RECORDED = (
    Resource(kind="ReplicaSet", version="apps/v1", plural="replicasets", telling="the course of rollouts"),
    Resource(
        kind="EndpointSlice", version="discovery.k8s.io/v1", plural="endpointslices", telling="who serves a Service"
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which objects are read: those of these namespaces, of all when there is none; `selector` is on workloads."""

    namespaces: tuple[str, ...] = ()
    selector: str | None = None

    def paths(self, resource: Resource) -> Sequence[str]:
        """Where the resource is listed."""
        root = "/api/v1" if resource.version == "v1" else f"/apis/{resource.version}"
        if not resource.namespaced or not self.namespaces:
            return (f"{root}/{resource.plural}",)
        return tuple(f"{root}/namespaces/{namespace}/{resource.plural}" for namespace in self.namespaces)

    def query(self, resource: Resource) -> list[tuple[str, str]]:
        """The query that selects objects of the resource."""
        return [("labelSelector", self.selector)] if resource.selected and self.selector else []


class LiveCluster:
    """Requests that change nothing, one after the other or from several threads."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client

    def each(self, resource: Resource, scope: Scope) -> Iterator[Object]:
        """All objects of a resource. Raises LiveError."""
        for path in scope.paths(resource):
            yield from self.listed(path, resource, scope)

    def listed(self, path: str, resource: Resource, scope: Scope) -> Iterator[Object]:
        """The objects of a resource that are listed there, page by page. Raises LiveError."""
        token = ""
        while True:
            query = [*scope.query(resource), ("limit", _PAGE), *([("continue", token)] if token else [])]
            page = _object(self._read(path, query), path)
            for item in page.get("items") or ():
                yield {"apiVersion": resource.version, "kind": resource.kind, **item}
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return

    def watch(self, path: str, query: Sequence[tuple[str, str]], *, seconds: int) -> Iterator[Object]:
        """The watch events of that time, beginning with ADDED for everything that is there. Raises LiveError.

        The server ends the watch (API concepts: watch without resourceVersion, timeoutSeconds).
        """
        asked = [*query, ("watch", "1"), ("timeoutSeconds", str(seconds))]
        for line in self.lines(path, asked, seconds=seconds):
            yield _object(line, path)

    def lines(self, path: str, query: Sequence[tuple[str, str]], *, seconds: int) -> Iterator[bytes]:
        """The lines of an answer as they come, at most that many seconds apart. Raises LiveError."""
        answer = self._ask(path, query, timeout=(_TIMEOUT_SECONDS[0], seconds + _TIMEOUT_SECONDS[1]))
        try:
            pending = b""
            for chunk in answer.response.stream(64 * 1024):
                *lines, pending = (pending + chunk).split(b"\n")
                yield from (line for line in lines if line.strip())
                if len(pending) > _MOST_LINE_BYTES:
                    raise LiveError(f"a line of {path} is larger than {_MOST_LINE_BYTES >> 20} MiB")
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise LiveError(f"the answer to {path} broke off: {problem}", failure=_failure(problem)) from problem
        finally:
            answer.response.close()

    def version(self) -> str:
        """The version of Kubernetes, empty when it does not say. Raises LiveError."""
        return str(self.get("/version").get("gitVersion") or "")

    def get(self, path: str) -> dict[str, Any]:
        """One object. Raises LiveError."""
        return _object(self._read(path, ()), path)

    def post(self, path: str, body: Object) -> dict[str, Any]:
        """The answer to a question that the API server does not keep, such as a review of access. Raises LiveError."""
        return _object(self._read(path, (), body=body), path)

    def page(self, path: str, families: tuple[str, ...], *, begin_seconds: float) -> Page:
        """What is to be taken of a kubelet's page: lines of these families. Raises LiveError.

        The answer has to begin within `begin_seconds`, and to be there within ten.
        """
        until = time.monotonic() + _PAGE_SECONDS
        answer = self._ask(path, (), timeout=(begin_seconds, begin_seconds))
        try:
            intake = PageIntake(answer.response.headers.get("Content-Encoding"), families)
            for chunk in answer.response.stream(CHUNK_BYTES, decode_content=False):
                if not intake.take(chunk):
                    return intake.page(whole=False)
                if time.monotonic() > until:
                    raise LiveError(f"{path} took longer than {_PAGE_SECONDS:.0f} s", failure=Failure.UNREACHABLE)
            return intake.page(whole=True)
        except UnpackError as problem:
            raise LiveError(f"the answer to {path} cannot be unpacked: {problem}") from problem
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise LiveError(f"the answer to {path} broke off: {problem}", failure=_failure(problem)) from problem
        finally:
            answer.response.close()

    def _read(self, path: str, query: Sequence[tuple[str, str]], *, body: Object | None = None) -> bytes:
        answer = self._ask(path, query, timeout=_TIMEOUT_SECONDS, body=body)
        try:
            data: bytes = answer.read()
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise LiveError(f"the answer to {path} broke off: {problem}", failure=_failure(problem)) from problem
        return data

    def _ask(
        self, path: str, query: Sequence[tuple[str, str]], *, timeout: tuple[float, float], body: Object | None = None
    ) -> Any:
        """The answer to a GET, or to a POST of the body where there is one. Raises LiveError."""
        method, headers = ("GET", {}) if body is None else ("POST", {"Content-Type": "application/json"})
        try:
            request = self.client.param_serialize(
                method, path, query_params=list(query), header_params=headers, body=body, auth_settings=["BearerToken"]
            )
            answer: Any = self.client.call_api(*request, _request_timeout=timeout)
            status = answer.status
            if status >= HTTPStatus.BAD_REQUEST:
                failure = _FAILURES.get(status, Failure.BROKEN)
                raise LiveError(_refusal(path, status, answer.read()), failure=failure, status=status)
        except urllib3.exceptions.TimeoutError as problem:
            seconds = timeout[0] if isinstance(problem, urllib3.exceptions.ConnectTimeoutError) else timeout[1]
            sentence = f"the API server did not answer {path} within {seconds:.0f} s"
            raise LiveError(sentence, failure=Failure.UNREACHABLE) from problem
        except (urllib3.exceptions.HTTPError, ApiException, ConfigException, OSError) as problem:
            sentence = f"the API server did not answer {path}: {problem}"
            raise LiveError(sentence, failure=_failure(problem)) from problem
        return answer


_FAILURES: dict[int, Failure] = {
    HTTPStatus.UNAUTHORIZED: Failure.REFUSED,
    HTTPStatus.FORBIDDEN: Failure.REFUSED,
    HTTPStatus.BAD_GATEWAY: Failure.UNREACHABLE,
    HTTPStatus.SERVICE_UNAVAILABLE: Failure.UNREACHABLE,
    HTTPStatus.GATEWAY_TIMEOUT: Failure.UNREACHABLE,
}
"""An API server that does not reach a kubelet answers 502, 503 or 504 in its place (apimachinery: util/proxy)."""


def _failure(problem: Exception) -> Failure:
    """Whether nobody is there; a connection that breaks off, or a certificate that is not believed, says otherwise."""
    nobody = (urllib3.exceptions.TimeoutError, urllib3.exceptions.NewConnectionError, OSError)
    return Failure.UNREACHABLE if isinstance(problem, nobody) else Failure.BROKEN


def _refusal(path: str, status: int, data: bytes) -> str:
    try:
        message = str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        message = data[:200].decode(errors="replace")
    return f"{path} cannot be read (HTTP {status}): {message}"


def _object(data: bytes, path: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise LiveError(f"the answer to {path} is not a JSON object")
    return value
