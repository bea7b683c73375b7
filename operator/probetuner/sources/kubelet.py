"""The kubelets' own metrics, asked of each kubelet directly.

Only `get` on `nodes/metrics` is needed for that. The way through the API server's proxy would need `nodes/proxy`, which
lets its holder run commands in any pod of the node.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

from probetuner.facts.page import Page
from probetuner.model.fields import objects
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import section
from probetuner.sources.failing import Failure
from probetuner.sources.pages import CHUNK_BYTES, PageIntake, UnpackError

PATHS = ("/metrics/probes", "/metrics/cadvisor")

_PORT, _LAST_PORT = 10250, 65535
_TIMEOUT_SECONDS = 10.0
_THREADS = 2
"""Pages are taken in chunk by chunk, so one that is dear holds up no other; and the core has other things to do."""


class KubeletError(Exception):
    """A kubelet could not be asked; `failure` is the way, the text a sentence for the user with the next step.

    `status` is the HTTP status of the answer, None where none came.
    """

    def __init__(self, sentence: str, *, failure: Failure = Failure.BROKEN, status: int | None = None) -> None:
        super().__init__(sentence)
        self.failure = failure
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeletAddress:
    """Where the kubelet of a node listens."""

    node: str
    host: str
    port: int

    def url(self, path: str) -> str:
        """The URL of one of its pages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeletAccess:
    """Who we are to the kubelets, and how we know them: files are paths, None where there are none.

    `bearer_token` gives the token that is good now, None for no token; it may raise KubeletError. Every node gets to
    know it, and can use it elsewhere until it expires. A client certificate proves itself, and is of no use to who sees
    it. Without `verify`, whoever answers at a node's address is believed and is sent the token.
    """

    bearer_token: Callable[[], Awaitable[str | None]]
    certificate_file: str | None = None
    key_file: str | None = None
    authority_file: str | None = None
    verify: bool = True


def parse_address(raw: Mapping[str, Any]) -> KubeletAddress | None:
    """Read where a Node's kubelet listens; None while the Node has no internal address. Raises InvalidObjectError.

    A node writes that into its own status, so what is no IP address and port is refused before it becomes a URL.
    """
    name = section(raw, "metadata", "Node").get("name")
    if not isinstance(name, str) or not name:
        raise InvalidObjectError("Node.metadata.name", "is missing")
    status = section(raw, "status", f"Node/{name}")
    endpoints = section(status, "daemonEndpoints", f"Node/{name}.status")
    port = section(endpoints, "kubeletEndpoint", f"Node/{name}.status.daemonEndpoints").get("Port")
    for address in objects(status, "addresses", f"Node/{name}.status"):
        if address.get("type") == "InternalIP" and address.get("address"):
            return KubeletAddress(node=name, host=_ip(address["address"], name), port=_port_of(port, name))
    return None


def _ip(address: Any, node: str) -> str:
    try:
        return str(ipaddress.ip_address(address if isinstance(address, str) else ""))
    except ValueError:
        raise InvalidObjectError(f"Node/{node}.status.addresses", "has an InternalIP that is no IP address") from None


def _port_of(port: Any, node: str) -> int:
    """The kubelet's port; its usual one where the Node names none."""
    if port is None or port == 0:
        return _PORT
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port <= _LAST_PORT:
        raise InvalidObjectError(f"Node/{node}.status.daemonEndpoints.kubeletEndpoint.Port", "is no port")
    return port


class Kubelets:
    """The kubelets of a cluster. To be used and closed inside one event loop.

    Their pages are unpacked and read in `threads`, which nothing else waits for. One that takes longer than
    `connect_seconds` to be connected to is given up, if that is given.
    """

    def __init__(
        self,
        access: KubeletAccess,
        *,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        connect_seconds: float | None = None,
    ) -> None:
        self._access = access
        self._timeout_seconds, self._connect_seconds = timeout_seconds, connect_seconds
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="kubelet")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=_trust(access), limit=0),
            timeout=aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=connect_seconds),
            auto_decompress=False,
        )

    async def read(self, address: KubeletAddress, path: str, families: tuple[str, ...]) -> Page:
        """Return what is to be taken of one of a kubelet's pages: lines of these families. Raises KubeletError."""
        token = await self._access.bearer_token()
        headers = {"Accept-Encoding": "gzip", **({"Authorization": f"Bearer {token}"} if token else {})}
        try:
            async with self._session.get(address.url(path), headers=headers, allow_redirects=False) as answer:
                if answer.status != HTTPStatus.OK:
                    refused = answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
                    failure = Failure.REFUSED if refused else Failure.BROKEN
                    raise KubeletError(_refusal(address, path, answer.status), failure=failure, status=answer.status)
                return await self._taken(answer, families)
        except UnpackError as problem:
            raise KubeletError(
                f"What the kubelet of node {address.node} answers to {path} cannot be unpacked: {problem}; "
                "look at the kubelet's log."
            ) from None
        except TimeoutError as problem:
            connecting = isinstance(problem, aiohttp.ConnectionTimeoutError) and self._connect_seconds
            seconds = connecting or self._timeout_seconds
            raise KubeletError(
                f"The kubelet of node {address.node} did not answer {path} within {seconds:.0f} s; "
                "look at the node's load and at network policies towards it.",
                failure=Failure.UNREACHABLE,
            ) from None
        except (ssl.SSLError, aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch) as problem:
            raise KubeletError(
                f"The kubelet of node {address.node} does not prove who it is ({_disbelief(problem)}); give probetuner "
                "run the CA that signed its certificate with --kubelet-ca, or let --kubelet-insecure-tls believe it "
                "(chart values kubelet.ca and kubelet.tls).",
                failure=Failure.UNTRUSTED,
            ) from None
        except (aiohttp.ClientError, OSError) as problem:
            raise KubeletError(
                f"The kubelet of node {address.node} cannot be reached at {address.host}:{address.port} ({problem}); "
                "allow connections to that port.",
                failure=Failure.UNREACHABLE,
            ) from None

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()
        self.threads.shutdown(wait=False, cancel_futures=True)

    async def _taken(self, answer: aiohttp.ClientResponse, families: tuple[str, ...]) -> Page:
        loop = asyncio.get_running_loop()
        intake = PageIntake(answer.headers.get("Content-Encoding"), families)
        async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
            if not await loop.run_in_executor(self.threads, intake.take, chunk):
                answer.close()
                return intake.page(whole=False)
        return intake.page(whole=True)


def _trust(access: KubeletAccess) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=access.authority_file)
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate_file is not None:
        context.load_cert_chain(access.certificate_file, access.key_file)
    return context


def _disbelief(problem: Exception) -> str:
    """What is wrong with a certificate, in OpenSSL's words where there are some."""
    cause = problem.certificate_error if isinstance(problem, aiohttp.ClientConnectorCertificateError) else problem
    words = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else ""
    return words.rstrip(".") or str(problem)


def _refusal(address: KubeletAddress, path: str, status: int) -> str:
    opening = f"The kubelet of node {address.node} refuses {path} (HTTP {status})"
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return f"{opening}; turn on authentication.webhook in the kubelet's configuration."
        case HTTPStatus.FORBIDDEN:
            return f"{opening}; give whoever asks get on nodes/metrics, as the chart does."
        case _:
            return f"{opening}; look at the kubelet's log."
