"""Requests to the API server, as JSON, without blocking the event loop.

The official client brings the credentials, TLS and the connection pool; its generated models are left out, because
they cost fifty times as much as the few fields that are needed. It blocks, so it runs in a few threads of our own.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import structlog
import urllib3
from kubernetes.client import ApiException
from kubernetes.config import ConfigException

from probetuner.cluster.connection import Connection
from probetuner.cluster.errors import LeaseExpiredError, StatusError, UnreachableError, status_error
from probetuner.cluster.pacing import RequestPace

FIELD_MANAGER = "probetuner"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC_MERGE = "application/strategic-merge-patch+json"

Query = Sequence[tuple[str, str]]
Object = Mapping[str, Any]

_JSON = "application/json"
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_TIMEOUT_SECONDS = (5.0, 15.0)  # to connect, and between bytes of the answer
_REQUESTS_AT_ONCE = 8
_PAGE = "500"
_WRITES_REMEMBERED = 4096

log = structlog.get_logger()


class Api:
    """The API server. With *dry_run* nothing that changes anything is sent; what would be is logged instead.

    `may_write` is asked at the last moment before a request that would change something, from any thread. Requests
    follow each other as `pace` allows.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        dry_run: bool = False,
        may_write: Callable[[], bool] = lambda: True,
        pace: RequestPace | None = None,
    ) -> None:
        self._client = connection.client
        self.dry_run = dry_run
        self._may_write = may_write
        self._pace = pace
        self._threads = ThreadPoolExecutor(_REQUESTS_AT_ONCE, thread_name_prefix="api")
        self._logged: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def get(self, path: str, *, query: Query = ()) -> dict[str, Any]:
        """Read one object. Raises ApiError."""
        return await self._send("GET", path, query=query)

    async def each(self, path: str, *, query: Query = (), metadata_only: bool = False) -> AsyncIterator[Object]:
        """Read all objects of a list, page by page. Raises ApiError.

        Where the place of a slow reader has expired (HTTP 410), the rest is read as it is by then: what was there all
        the time is in the list, what came or went meanwhile may be (apiserver: storage/continue.go).
        """
        accept = _METADATA_ONLY if metadata_only else _JSON
        token = ""
        while True:
            page_of = [*query, ("limit", _PAGE), *([("continue", token)] if token else [])]
            try:
                page = await self._send("GET", path, query=page_of, accept=accept)
            except StatusError as expired:
                if not token or expired.code != HTTPStatus.GONE or expired.rest in ("", token):
                    raise
                token = expired.rest
                continue
            for item in page.get("items") or ():
                yield item
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return

    async def few(self, path: str, *, query: Query = ()) -> list[Object] | None:
        """Read all objects of a list if one page holds them, None if it does not. Raises ApiError."""
        page = await self._send("GET", path, query=[*query, ("limit", _PAGE)])
        more = (page.get("metadata") or {}).get("continue")
        return None if more else list(page.get("items") or ())

    async def write(
        self,
        method: str,
        path: str,
        body: Object,
        *,
        query: Query = (),
        content_type: str = _JSON,
    ) -> dict[str, Any] | None:
        """Create, change or delete something; the answer is the object as it is then, None in a dry run.

        Raises ApiError; LeaseExpiredError when another operator may be at work by now.
        """
        if self.dry_run:
            self._tell(method, path, body)
            return None
        return await self._send(method, path, query=query, body=body, content_type=content_type, changes=True)

    async def ask(self, path: str, body: Object) -> dict[str, Any]:
        """Post a question that the API server answers and does not keep, in a dry run too. Raises ApiError."""
        return await self._send("POST", path, body=body, content_type=_JSON)

    def close(self) -> None:
        """Let the threads end; a request under way ends by its timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()  # type: ignore[no-untyped-call]  # the client annotates only a part of itself

    def _tell(self, method: str, path: str, body: Object) -> None:
        """Log what would be written, once until it changes: the same decision comes again with every look."""
        text = json.dumps(body, sort_keys=True)
        if self._logged.get((method, path)) == text:
            return
        self._logged[method, path] = text
        if len(self._logged) > _WRITES_REMEMBERED:
            self._logged.popitem(last=False)
        log.info("dry run: not written", method=method, path=path, body=text)

    async def _send(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        if self._pace is not None:
            await self._pace.turn()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self._request(*arguments, **options))

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: Object | None = None,
        content_type: str | None = None,
        accept: str = _JSON,
        changes: bool = False,
    ) -> dict[str, Any]:
        if changes and not self._may_write():
            raise LeaseExpiredError(f"not sent, since another operator may hold the Lease by now: {method} {path}")
        headers = {"Accept": accept, **({"Content-Type": content_type} if content_type else {})}
        try:
            request = self._client.param_serialize(
                method, path, query_params=list(query), header_params=headers, body=body, auth_settings=["BearerToken"]
            )
            answer = self._client.call_api(*request, _request_timeout=_TIMEOUT_SECONDS)
            data = answer.read()  # type: ignore[no-untyped-call]  # as above
        except (urllib3.exceptions.HTTPError, ApiException, ConfigException, OSError) as problem:
            raise UnreachableError(f"the API server did not answer {method} {path}: {problem}") from problem
        return _understood(answer.status, data, f"{method} {path}")


def _understood(status: int, data: bytes, request: str) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        content = {"message": data[:500].decode(errors="replace")}
        if status < HTTPStatus.BAD_REQUEST:
            raise UnreachableError(f"the answer to {request} is not an object: {content['message']!r}")
    if status >= HTTPStatus.BAD_REQUEST:
        metadata = content.get("metadata")
        rest = str(metadata.get("continue") or "") if isinstance(metadata, dict) else ""
        said = str(content.get("message") or request)
        raise status_error(status, str(content.get("reason") or ""), said, rest=rest)
    return content
