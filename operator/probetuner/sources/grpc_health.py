"""The standard gRPC health check (grpc.health.v1.Health/Check) over plain HTTP/2, as the kubelet makes it.

The gRPC library would be the largest dependency by far for one request of a few bytes, so only its HTTP/2 layer is a
library here. Request and response have one field each, and gRPC's framing is five bytes
(grpc/doc/health-checking.md and PROTOCOL-HTTP2.md).
"""

import asyncio
import contextlib
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions

_MOST_BYTES = 64 * 1024
_CHUNK_BYTES = 16 * 1024
_MOST_SERVICE_BYTES = 127
_FRAME_BYTES = 5
_SERVICE_FIELD, _STATUS_FIELD = b"\x0a", b"\x08"
_SERVING = 1


class GrpcHealthError(Exception):
    """What answered does not speak gRPC's health check, or ended before it had answered."""


class NotServingError(GrpcHealthError):
    """The answer is that the service does not serve."""


@dataclass(slots=True)
class _Reply:
    """What has been received of the one stream."""

    status: bytes = b""
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False


async def check_health(host: str, port: int, service: str) -> None:
    """Ask whether a service serves; the caller limits the time. Raises NotServingError, GrpcHealthError and OSError."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        reply = await _exchange(reader, writer, f"{host}:{port}", service)
    except h2.exceptions.H2Error as problem:
        raise GrpcHealthError(f"it does not speak HTTP/2: {problem}") from None
    finally:
        await hang_up(writer)
    _judge(reply)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """End a connection; whether the other side still listens to that is of no interest."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, authority: str, service: str) -> _Reply:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding=None))
    connection.initiate_connection()
    connection.send_headers(1, _headers(authority))
    connection.send_data(1, _request(service), end_stream=True)
    reply, size = _Reply(), 0
    while not reply.ended:
        writer.write(connection.data_to_send())
        await writer.drain()
        data = await reader.read(_CHUNK_BYTES)
        size += len(data)
        if not data or size > _MOST_BYTES:
            raise GrpcHealthError("the connection ended before the answer" if not data else "the answer is too long")
        for event in connection.receive_data(data):
            _take(reply, event, connection)
    return reply


def _headers(authority: str) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/grpc.health.v1.Health/Check"),
        (":authority", authority),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]


def _request(service: str) -> bytes:
    name = service.encode()
    if len(name) > _MOST_SERVICE_BYTES:
        raise GrpcHealthError(f"the name of the service is longer than {_MOST_SERVICE_BYTES} bytes")
    message = _SERVICE_FIELD + bytes([len(name)]) + name if name else b""
    return b"\0" + len(message).to_bytes(4, "big") + message


def _take(reply: _Reply, event: h2.events.Event, connection: h2.connection.H2Connection) -> None:
    match event:
        case h2.events.ResponseReceived() | h2.events.TrailersReceived():
            reply.status = dict(event.headers or ()).get(b"grpc-status", reply.status)
        case h2.events.DataReceived():
            reply.body += event.data or b""
            connection.acknowledge_received_data(event.flow_controlled_length or 0, 1)
        case h2.events.StreamEnded():
            reply.ended = True
        case h2.events.StreamReset() | h2.events.ConnectionTerminated():
            raise GrpcHealthError("the stream was ended before the answer")


def _judge(reply: _Reply) -> None:
    if reply.status != b"0":
        raise GrpcHealthError(f"the call ended with gRPC status {reply.status!r}")
    message = bytes(reply.body[_FRAME_BYTES:])
    if message[:1] != _STATUS_FIELD or message[1:2] != bytes([_SERVING]):
        raise NotServingError("the answer is that it does not serve")
