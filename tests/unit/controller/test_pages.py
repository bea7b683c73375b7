"""What is promised of the operator's own pages."""

import socket
import time
import urllib.error
import urllib.request
from asyncio import to_thread
from contextlib import suppress

import pytest

from probetuner.controller.metrics import Metrics
from probetuner.controller.pages import open_pages


def _loopbacks() -> list[str]:
    """Each loopback address that this machine has."""
    found = []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with suppress(OSError), socket.create_server((address, 0), family=family):
            found.append(f"[{address}]" if family is socket.AF_INET6 else address)
    return found


@pytest.mark.parametrize("host", _loopbacks())
async def test_the_pages_answer_at_the_port_that_was_named(host: str) -> None:
    """A free port is the same one for both versions of IP: a kubelet asks at the address that its pod has."""
    pages, port = await open_pages(
        port=0, alive=list, ready=lambda: ["one", "other"], metrics=Metrics().page, clock=time.monotonic
    )
    try:
        assert await to_thread(_get, f"http://{host}:{port}/livez") == (200, "ok\n")
        assert await to_thread(_get, f"http://{host}:{port}/readyz") == (500, "one\nother\n")
        status, text = await to_thread(_get, f"http://{host}:{port}/metrics")
        assert status == 200
        assert "# TYPE probetuner_patches_total counter" in text
    finally:
        await pages.cleanup()


async def test_a_port_that_is_taken_is_an_error() -> None:
    """Two operators on one machine do not share a port unnoticed."""
    pages, port = await open_pages(port=0, alive=list, ready=list, metrics=Metrics().page, clock=time.monotonic)
    try:
        with pytest.raises(OSError, match="in use"):
            await open_pages(port=port, alive=list, ready=list, metrics=Metrics().page, clock=time.monotonic)
    finally:
        await pages.cleanup()


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
