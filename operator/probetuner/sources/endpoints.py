"""Asking an endpoint of a pod what the kubelet's prober would ask it (pkg/probe/http, tcp and grpc).

Only the IP address that it is given is asked: what is asked is put together from parts, of which no other can name a
host; no name is resolved, no proxy of the environment used, no user information sent, no cookie kept, no connection
kept open, and no more of a body is read than the kubelet reads. A redirect to another host is not followed; the kubelet
does not either, and takes it for a success.
"""

import asyncio
import errno
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass, replace
from http import HTTPStatus

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from probetuner.facts.fact import FailureCause
from probetuner.model.endpoint import Endpoint
from probetuner.model.probe import Grpc, HttpGet, TcpSocket
from probetuner.sources.grpc_health import GrpcHealthError, NotServingError, check_health, hang_up
from probetuner.sources.http_target import request_target
from probetuner.sources.lateness import Lateness

_MOST_BODY_BYTES = 10 * 1024
_MOST_REDIRECTS = 10
_LATE_SECONDS, _LATE_SHARE = 0.1, 0.1
_REDIRECTS = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an attempt got; the other fields are those of `facts.fact.EndpointTried`.

    `late_seconds` is how long this process was late for what was due meanwhile.
    """

    seconds: float = 0.0
    late_seconds: float = 0.0
    cause: FailureCause | None = None
    client_error: bool = False
    elsewhere: bool = False

    @property
    def heard_late(self) -> bool:
        """Whether it came to a process that was too late for it to tell how long it took."""
        return self.late_seconds > max(_LATE_SECONDS, _LATE_SHARE * self.seconds)


class NoResolver(AbstractResolver):
    """Resolves nothing: whoever is asked for by name is not asked."""

    async def resolve(
        self,
        host: str,
        port: int = 0,  # noqa: ARG002 - the signature is aiohttp's
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - as above
    ) -> list[ResolveResult]:
        """Raise OSError."""
        raise OSError(f"{host} is not resolved: pods are asked at their addresses")

    async def close(self) -> None:
        """Do nothing; nothing is held."""


class EndpointClient:
    """Asks endpoints of pods. To be used and closed inside one event loop."""

    def __init__(self, *, agent: str) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=False, force_close=True, limit=0, resolver=NoResolver()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": agent, "Accept": "*/*"},
            skip_auto_headers=["Accept-Encoding"],
        )

    async def ask(self, endpoint: Endpoint, *, address: str, port: int, timeout_seconds: float) -> Answer:
        """Ask once, at an IP address; whatever goes wrong on the way is the answer.

        Raises ValueError where *address* is none: a name would ask whom it leads to.
        """
        host = str(ipaddress.ip_address(address))
        began = time.perf_counter()
        with Lateness() as lateness:
            try:
                async with asyncio.timeout(timeout_seconds):
                    answer = await self._ask(endpoint, host, port)
            except (TimeoutError, OSError, EOFError, ValueError, aiohttp.ClientError, GrpcHealthError) as problem:
                answer = Answer(cause=_cause(problem))
        return replace(answer, seconds=time.perf_counter() - began, late_seconds=lateness.seconds)

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    async def _ask(self, endpoint: Endpoint, host: str, port: int) -> Answer:
        match endpoint:
            case HttpGet():
                return await self._get(_url(endpoint, host, port), endpoint)
            case TcpSocket():
                _, writer = await asyncio.open_connection(host, port)
                await hang_up(writer)
            case Grpc():
                await check_health(host, port, endpoint.service)
        return Answer()

    async def _get(self, url: URL, endpoint: HttpGet) -> Answer:
        for _ in range(_MOST_REDIRECTS):
            async with self._session.get(url, headers=endpoint.headers, allow_redirects=False) as answer:
                await _read_some(answer)
                location = answer.headers.get("Location") if answer.status in _REDIRECTS else None
                if location is None:
                    return _judged(answer.status)
            target = url.join(URL(location)).with_user(None)
            if target.host != url.host or target.scheme not in ("http", "https"):
                return Answer(elsewhere=True)
            url = target
        return Answer(cause=FailureCause.OTHER)


def _url(endpoint: HttpGet, host: str, port: int) -> URL:
    """What is asked. Raises ValueError where the kubelet could not ask it."""
    path, query = request_target(endpoint.path)
    url = URL.build(
        scheme=endpoint.scheme.lower(),
        host=f"[{host}]" if ":" in host else host,
        port=port,
        path=path,
        query_string=query,
        encoded=True,
    )
    if (url.host, url.port, url.user) != (host, port, None):
        raise ValueError(f"{url} is not {host}:{port}")
    return url


async def _read_some(answer: aiohttp.ClientResponse) -> None:
    size = 0
    async for chunk in answer.content.iter_any():
        size += len(chunk)
        if size >= _MOST_BODY_BYTES:
            answer.close()
            return


def _judged(status: int) -> Answer:
    if HTTPStatus.OK <= status < HTTPStatus.BAD_REQUEST:
        return Answer()
    client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Answer(cause=FailureCause.HTTP_STATUS, client_error=client_error)


def _cause(problem: Exception) -> FailureCause:
    match problem:
        case TimeoutError():
            return FailureCause.TIMEOUT
        case NotServingError():
            return FailureCause.GRPC_NOT_SERVING
        case ssl.SSLError() | aiohttp.ClientSSLError():
            return FailureCause.TLS
        case aiohttp.ServerDisconnectedError() | ConnectionResetError() | BrokenPipeError():
            return FailureCause.RESET
        case OSError() if problem.errno == errno.ECONNREFUSED:
            return FailureCause.REFUSED
        case OSError() if problem.errno == errno.ECONNRESET:
            return FailureCause.RESET
    return FailureCause.OTHER
