"""An endpoint gets from us what the kubelet would ask it, and nothing that it answers leads us anywhere else."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import h2.config
import h2.connection
import h2.events
import pytest

from probetuner.facts.fact import FailureCause
from probetuner.model.endpoint import Endpoint
from probetuner.model.probe import Grpc, HttpGet, TcpSocket
from probetuner.sources.endpoints import Answer, EndpointClient

HOST = "127.0.0.1"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[int]:
    """A server on loopback; gives its port. What a handler says to a client that left is of no interest."""
    served: list[asyncio.Task[None]] = []

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await serve(reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.create_task(guarded(reader, writer)))

    server = await asyncio.start_server(accept, HOST, 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
    async with asyncio.timeout(5):
        await asyncio.gather(*served)


async def ask(endpoint: Endpoint, port: int, *, timeout_seconds: float = 5.0) -> Answer:
    client = EndpointClient(agent="probetuner/test")
    try:
        return await client.ask(endpoint, address=HOST, port=port, timeout_seconds=timeout_seconds)
    finally:
        await client.close()


def says(*answers: str, heard: list[bytes] | None = None) -> Serve:
    """Answers one request after the other with these heads, and keeps what it heard."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(request)
        writer.write(f"HTTP/1.1 {left.pop(0)}\r\nContent-Length: 2\r\n\r\nok".encode())
        await writer.drain()

    return serve


def is_busy(*, seconds: float) -> Serve:
    """Keeps this whole process from anything else for a while, then answers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
        await says("200 OK")(reader, writer)

    return serve


def waits(*, seconds: float) -> Serve:
    """Answers after a while."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await says("200 OK")(reader, writer)

    return serve


@pytest.mark.slow
async def test_a_timeout_counts_also_while_a_thread_computes() -> None:
    """Decisions are computed beside the trials, and most of them where endpoints fail.

    A machine with more to do than it has cores keeps the process from its work besides, now and then: of some attempts
    one is enough, and if computing made them late none would be.
    """
    done = threading.Event()

    def compute() -> None:
        while not done.is_set():
            pass

    computing = asyncio.create_task(asyncio.to_thread(compute))
    try:
        async with serving(waits(seconds=1.2)) as port:
            for _ in range(5):
                answer = await ask(HttpGet(port=port, path="/"), port, timeout_seconds=1.0)
                if not answer.heard_late:
                    break
    finally:
        done.set()
    await computing

    assert answer.cause is FailureCause.TIMEOUT
    assert not answer.heard_late


async def test_time_that_the_asking_process_lost_is_told_apart_from_a_slow_answer() -> None:
    """Only the former tells nothing of the endpoint."""
    async with serving(is_busy(seconds=0.4)) as port:
        busy = await ask(HttpGet(port=port, path="/"), port)
    async with serving(waits(seconds=0.4)) as port:
        slow = await ask(HttpGet(port=port, path="/"), port)

    assert busy.heard_late
    assert busy.late_seconds == pytest.approx(0.4, abs=0.2)
    assert slow.seconds >= 0.4
    assert slow.late_seconds < busy.late_seconds


@pytest.mark.parametrize(
    ("status", "cause", "client_error"),
    [
        (200, None, False),
        (201, None, False),
        (399, None, False),
        (404, FailureCause.HTTP_STATUS, True),
        (503, FailureCause.HTTP_STATUS, False),
        (100_000, FailureCause.OTHER, False),
    ],
)
async def test_the_status_decides(status: int, cause: FailureCause | None, *, client_error: bool) -> None:
    """From 200 to 399 is success; what is no HTTP at all is neither."""
    async with serving(says(f"{status} said")) as port:
        answer = await ask(HttpGet(port=port, path="/x"), port)

    assert (answer.cause, answer.client_error, answer.elsewhere) == (cause, client_error, False)


async def test_the_request_is_a_get_of_that_path_with_those_headers() -> None:
    """The path goes out as it was written, the method is GET, and no more headers are sent than were asked for."""
    heard: list[bytes] = []
    async with serving(says("200 OK", heard=heard)) as port:
        await ask(HttpGet(port=port, path="/a%2Fb?c=d", headers=(("Host", "shop.test"), ("X-Probe", "1"))), port)

    line, *headers = heard[0].decode().strip().split("\r\n")
    assert line == "GET /a%2Fb?c=d HTTP/1.1"
    assert {header.partition(":")[0] for header in headers} == {"Host", "X-Probe", "User-Agent", "Accept", "Connection"}
    assert "Host: shop.test" in headers
    assert "User-Agent: probetuner/test" in headers


async def test_a_redirect_to_another_host_is_not_followed() -> None:
    """It is a success that asked nobody, as the kubelet has it, and nobody hears of it."""
    heard: list[bytes] = []
    async with (
        serving(says("200 OK", heard=heard)) as other,
        serving(says(f"302 Found\r\nLocation: http://localhost:{other}/")) as port,
    ):
        answer = await ask(HttpGet(port=port), port)

    assert (answer.cause, answer.elsewhere) == (None, True)
    assert heard == []


async def test_a_redirect_on_the_same_host_is_followed() -> None:
    """The last answer counts."""
    heard: list[bytes] = []
    async with serving(says("302 Found\r\nLocation: /there", "503 Bad", heard=heard)) as port:
        answer = await ask(HttpGet(port=port), port)

    assert (answer.cause, answer.elsewhere) == (FailureCause.HTTP_STATUS, False)
    assert heard[1].startswith(b"GET /there ")


async def test_redirects_end() -> None:
    """Ten in a row are a failure."""
    async with serving(says(*["302 Found\r\nLocation: /"] * 11)) as port:
        assert (await ask(HttpGet(port=port), port)).cause is FailureCause.OTHER


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pod is asked, whatever the environment says."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with serving(says("200 OK")) as port:
        assert (await ask(HttpGet(port=port), port)).cause is None


async def test_no_cookie_comes_back() -> None:
    """Each attempt is a stranger's."""
    heard: list[bytes] = []
    async with serving(says("302 Found\r\nSet-Cookie: a=b\r\nLocation: /", "200 OK", heard=heard)) as port:
        await ask(HttpGet(port=port), port)

    assert b"Cookie" not in heard[1]


async def test_a_body_without_end_is_not_read_to_its_end() -> None:
    """Of a body as much is read as the kubelet reads, and the answer counts."""

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with serving(endless) as port:
        assert (await ask(HttpGet(port=port), port)).cause is None


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Takes the connection and never answers."""
    await reader.read()


@pytest.mark.parametrize("endpoint", [HttpGet(port=1), Grpc(port=1)])
async def test_silence_is_a_timeout(endpoint: Endpoint) -> None:
    """It is waited for no longer than the probe would."""
    async with serving(silence) as port:
        answer = await ask(endpoint, port, timeout_seconds=0.2)

    assert answer.cause is FailureCause.TIMEOUT
    assert 0.2 <= answer.seconds < 2.0


async def test_a_connection_is_all_that_tcp_asks() -> None:
    """Nothing is sent."""
    heard = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.read())

    async with serving(listen) as port:
        assert (await ask(TcpSocket(port=port), port)).cause is None
        assert await heard == b""


@pytest.mark.parametrize("endpoint", [HttpGet(port=1), TcpSocket(port=1), Grpc(port=1)])
async def test_a_closed_port_refuses(endpoint: Endpoint) -> None:
    """Whatever is asked, nobody listening is a refusal."""
    with socket.create_server((HOST, 0)) as closed:
        port = closed.getsockname()[1]

    assert (await ask(endpoint, port)).cause is FailureCause.REFUSED


async def test_where_tls_is_asked_tls_there_must_be() -> None:
    """A server that answers TLS's greeting with plain HTTP is told as such."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with serving(plain) as port:
        assert (await ask(HttpGet(port=port, scheme="HTTPS"), port)).cause is FailureCause.TLS


def health(message: bytes, *, status: str = "0", asked: list[bytes] | None = None) -> Serve:
    """A gRPC server that answers the health check with this message."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.DataReceived) and asked is not None and event.data:
                    asked.append(event.data)
                if isinstance(event, h2.events.StreamEnded) and event.stream_id is not None:
                    head = [(":status", "200"), ("content-type", "application/grpc")]
                    connection.send_headers(event.stream_id, head)
                    connection.send_data(event.stream_id, b"\0" + len(message).to_bytes(4, "big") + message)
                    connection.send_headers(event.stream_id, [("grpc-status", status)], end_stream=True)
            writer.write(connection.data_to_send())
            await writer.drain()

    return serve


@pytest.mark.parametrize(
    ("message", "status", "cause"),
    [
        (b"\x08\x01", "0", None),
        (b"\x08\x02", "0", FailureCause.GRPC_NOT_SERVING),
        (b"", "0", FailureCause.GRPC_NOT_SERVING),
        (b"", "12", FailureCause.OTHER),
    ],
    ids=["serving", "not serving", "unknown", "unimplemented"],
)
async def test_grpc_health_is_asked(message: bytes, status: str, cause: FailureCause | None) -> None:
    """SERVING is success, and the service is asked by its name."""
    asked: list[bytes] = []
    async with serving(health(message, status=status, asked=asked)) as port:
        assert (await ask(Grpc(port=port, service="shop"), port)).cause is cause

    assert asked == [b"\0\0\0\0\x06\x0a\x04shop"]


async def test_what_speaks_no_grpc_is_a_failure() -> None:
    """An HTTP/1 server is told from one that does not serve."""
    async with serving(says("200 OK")) as port:
        assert (await ask(Grpc(port=port), port)).cause in (FailureCause.OTHER, FailureCause.RESET)
