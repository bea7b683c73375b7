"""Whatever a workload's own probe says, its pod is asked, at its own address, and nobody else hears of it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probetuner.facts.fact import FailureCause
from probetuner.model.endpoint import Endpoint, endpoints_of, port_of
from probetuner.model.policy import Endpoints, Policy
from probetuner.model.probe import Grpc, HttpGet, TcpSocket
from probetuner.model.workload import parse_workload
from probetuner.sources.endpoints import Answer, EndpointClient, NoResolver

POD, VICTIM = "127.0.0.2", "127.0.0.1"
IPV6 = []
with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
    IPV6.append("::1")


@asynccontextmanager
async def listening(address: str, *answer: str) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Something that answers HTTP at an address; gives its port and what it heard."""
    heard: list[bytes] = []
    left = list(answer)

    served: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            head = left.pop(0) if left else "200 OK"
            writer.write(f"HTTP/1.1 {head}\r\nContent-Length: 2\r\n\r\nok".encode())
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, address, 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1]), heard
    async with asyncio.timeout(5):
        await asyncio.gather(*served)


async def ask(endpoint: Endpoint, *, address: str = POD, port: int) -> Answer:
    client = EndpointClient(agent="probetuner/test")
    try:
        return await client.ask(endpoint, address=address, port=port, timeout_seconds=5.0)
    finally:
        await client.close()


def own_probe(path: str) -> Any:
    """The endpoint that is made of a workload's own readiness probe."""
    probe = {"httpGet": {"port": 8080, "path": path, "httpHeaders": [{"name": "Metadata-Flavor", "value": "Google"}]}}
    workload = parse_workload(
        {
            "kind": "Deployment",
            "metadata": {"name": "evil", "namespace": "tenant"},
            "spec": {"template": {"spec": {"containers": [{"name": "c", "readinessProbe": probe}]}}},
        }
    )
    policy = Policy(endpoints=Endpoints(discovery=True))
    candidate = endpoints_of(workload, workload.containers[0], policy)[0]
    assert port_of(candidate.handler, workload.containers[0]) == 8080
    return candidate.handler


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("@{victim}/latest/meta-data/iam", "GET /@{victim}/latest/meta-data/iam HTTP/1.1"),
        ("@localhost:{port}/by-name?x=1", "GET /@localhost:{port}/by-name%3Fx=1 HTTP/1.1"),
        ("//{victim}/x", "GET /x HTTP/1.1"),
        ("http://{victim}/x", "GET /x HTTP/1.1"),
        ("http://user:word@{victim}/x", "GET /x HTTP/1.1"),
        (".evil.example/x", "GET /.evil.example/x HTTP/1.1"),
        ("9999/x", "GET /9999/x HTTP/1.1"),
        ("/x HTTP/1.1\r\nHost: evil\r\n\r\nGET /y", "GET /x%20HTTP/1.1%0D%0AHost:%20evil%0D%0A%0D%0AGET%20/y HTTP/1.1"),
    ],
)
async def test_a_path_leads_nowhere_but_to_the_pod(path: str, line: str) -> None:
    """It is asked as the kubelet asks it, of the pod."""
    async with listening(VICTIM) as (port, heard_by_victim), listening(POD) as (pod_port, heard_by_pod):
        places = {"victim": f"{VICTIM}:{port}", "port": port}
        answer = await ask(own_probe(path.format(**places)), port=pod_port)

    assert heard_by_victim == []
    assert answer.cause is None
    first, *headers = heard_by_pod[0].decode().strip().split("\r\n")
    assert first == line.format(**places)
    assert "Metadata-Flavor: Google" in headers
    assert f"Host: {POD}:{pod_port}" in headers
    assert not [header for header in headers if header.startswith("Authorization")]


@given(st.text(st.sampled_from("/@:?#%[].\\ \r\n127.0.0.1localhost"), max_size=24))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_path_at_all_is_heard_elsewhere(path: str) -> None:
    """Whatever stands there, the machine's other addresses are not connected to."""

    async def heard() -> list[bytes]:
        async with listening(VICTIM) as (port, by_victim), listening(POD) as (pod_port, _):
            for place in (path, f"@{VICTIM}:{port}{path}", f"{path}@{VICTIM}:{port}/"):
                await ask(HttpGet(port=pod_port, path=place), port=pod_port)
            return by_victim

    assert asyncio.run(heard()) == []


@pytest.mark.parametrize("address", ["localhost", "pod.example", "127.0.0.2@127.0.0.1", "127.1", "0x7f.1", ""])
@pytest.mark.parametrize("endpoint", [HttpGet(port=1), TcpSocket(port=1), Grpc(port=1)], ids=str)
async def test_only_an_ip_address_is_asked(endpoint: Endpoint, address: str) -> None:
    """A name, or what the system would take for an address, is nobody's."""
    with pytest.raises(ValueError, match="address"):
        await ask(endpoint, address=address, port=80)


async def test_no_name_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a name ever get as far as the client, it ends there."""

    async def resolved(*_: Any, **__: Any) -> Any:
        pytest.fail("a name was looked up")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    with pytest.raises(OSError, match="localhost is not resolved"):
        await NoResolver().resolve("localhost")


async def test_a_redirect_sends_no_user_information() -> None:
    """Who answers cannot have a password header made either."""
    redirect = f"302 Found\r\nLocation: http://user:word@{POD}:%d/next"
    async with listening(POD, "200 OK") as (next_port, heard), listening(POD, redirect % next_port) as (port, _):
        answer = await ask(HttpGet(port=port), port=port)

    assert answer.cause is None
    assert b"GET /next HTTP/1.1" in heard[0]
    assert b"Authorization" not in heard[0]


async def test_a_header_that_would_be_two_is_none() -> None:
    """A line break in a header's value ends the attempt, not the header."""
    async with listening(POD) as (port, heard):
        answer = await ask(HttpGet(port=port, headers=(("X-Probe", "a\r\nX-Other: b"),)), port=port)

    assert answer.cause is FailureCause.OTHER
    assert heard == []


@pytest.mark.parametrize("address", ["127.0.0.1", *IPV6])
async def test_pods_of_both_families_are_asked(address: str) -> None:
    """An address with colons is one address, however it is written."""
    async with listening(address) as (port, heard):
        written = address.replace("::", "0:0:0:0:0:0:0:")
        answer = await ask(HttpGet(port=port, path="healthz"), address=written, port=port)

    host = f"[{address}]" if ":" in address else address
    assert answer.cause is None
    assert heard[0].startswith(f"GET /healthz HTTP/1.1\r\nHost: {host}:{port}\r\n".encode())
