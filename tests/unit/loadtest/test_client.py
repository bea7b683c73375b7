"""The client against a server on this machine: what it sends, and what it makes of the answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from probetuner.loadtest.client import Client
from probetuner.loadtest.figures import Ending, Figures, Line
from probetuner.loadtest.plan import Plan

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """The address of a server that treats each connection like this."""

    async def treat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            writer.close()

    server = await asyncio.start_server(treat, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.close()
        await server.wait_closed()


def saying(text: bytes, *, after_seconds: float = 0.0) -> Answer:
    """Answer with these bytes."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(after_seconds)
        writer.write(text)
        await writer.drain()

    return answer


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def plan(*urls: str, **changes: Any) -> Plan:
    """A short load that goes on however much fails."""
    asked: dict[str, Any] = {"concurrency": (2,), "requests": 10, "seconds": 20, "abort_error_share": 1.0}
    return Plan(urls=urls, **{**asked, **changes})


async def sent(asked: Plan) -> tuple[list[Figures], Ending]:
    """Send the load, and return the last figures of each step, and how it ended."""
    lines: list[Line] = []
    ending = await Client(asked, lines.append).run()
    figures = {line.figures.step: line.figures for line in lines if line.figures is not None}
    assert lines[-1].ended is ending
    return list(figures.values()), ending


async def test_exactly_so_many_requests_are_sent() -> None:
    """A step ends with its requests; every one was answered on a connection of its own."""
    connections = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await saying(OK)(reader, writer)

    async with serving(answer) as url:
        steps, ending = await sent(plan(url, concurrency=(1, 3)))

    assert [(step.concurrency, step.answered, step.failures) for step in steps] == [(1, 10, 0), (3, 10, 0)]
    assert connections == 20
    assert ending is Ending.COMPLETE


async def test_never_more_at_a_time_than_asked_for() -> None:
    """So many requests are under way at once, and no more."""
    now = most = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await saying(OK, after_seconds=0.02)(reader, writer)
        now -= 1

    async with serving(answer) as url:
        await sent(plan(url, concurrency=(7,), requests=70))

    assert most == 7


@pytest.mark.slow
async def test_a_step_ends_with_its_seconds() -> None:
    """What is under way then is neither answered nor failed."""
    async with serving(saying(OK, after_seconds=30)) as url:
        (step,), ending = await sent(plan(url, seconds=1))

    assert (step.answered, step.failures, step.unfinished) == (0, 0, 2)
    assert step.seconds == pytest.approx(1.0, abs=0.5)
    assert ending is Ending.COMPLETE


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (saying(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), "status-503"),
        (saying(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), "status-404"),
        (saying(b""), "reset"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"), "reset"),
        (saying(OK, after_seconds=5), "timeout"),
        (saying(b"no http\r\n\r\n"), "other"),
    ],
)
async def test_failures_are_told_by_their_cause(answer: Answer, cause: str) -> None:
    """An answer from 400 up, a connection that ends early and silence are told apart; none counts as answered."""
    async with serving(answer) as url:
        (step,), _ = await sent(plan(url, requests=2, timeout_seconds=0.3))

    assert step.failed == {cause: 2}
    assert (step.answered, step.latency) == (0, None)


async def test_a_refused_connection_is_told() -> None:
    """Nobody listens."""
    async with serving(saying(OK)) as url:
        gone = url
    (step,), _ = await sent(plan(gone, requests=4))

    assert step.failed == {"refused": 4}


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    """The load goes where it was sent, whatever the service says."""
    async with serving(saying(b"HTTP/1.1 302 Go\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n")) as url:
        (step,), _ = await sent(plan(url))

    assert (step.answered, step.failures) == (10, 0)


async def test_too_many_failures_end_the_load() -> None:
    """With most requests failing, neither the step nor the steps after it are sent to their ends."""
    async with serving(saying(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")) as url:
        steps, ending = await sent(plan(url, concurrency=(5, 10), requests=1000, abort_error_share=0.5))

    assert [step.failures < 100 for step in steps] == [True]
    assert ending is Ending.ERROR_SHARE


@pytest.mark.slow
async def test_refused_clients_pause() -> None:
    """A service without a backend is not flooded: each client asks ten times a second at most."""
    async with serving(saying(OK)) as url:
        gone = url
    (step,), _ = await sent(plan(gone, concurrency=(5,), requests=10_000, seconds=1))

    assert 5 <= step.failures <= 60


@pytest.mark.slow
async def test_a_stop_ends_the_load_at_once() -> None:
    """Whoever sends SIGTERM gets the figures until then, and no further request."""
    lines: list[Line] = []

    def stop_when_answered(line: Line) -> None:
        lines.append(line)
        if line.figures and line.figures.answered:
            client.stop()

    async with serving(saying(OK, after_seconds=0.01)) as url:
        client = Client(plan(url, requests=10_000, concurrency=(2, 4)), stop_when_answered)
        ending = await asyncio.wait_for(client.run(), 10)

    assert ending is Ending.STOPPED
    assert {line.figures.step for line in lines if line.figures} == {0}


async def test_addresses_take_turns() -> None:
    """Without a Service in front, each pod gets its part."""
    async with serving(saying(OK)) as first, serving(saying(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")) as second:
        (step,), _ = await sent(plan(first, second))

    assert (step.answered, step.failed) == (5, {"status-500": 5})
