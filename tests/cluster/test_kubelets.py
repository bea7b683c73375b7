"""Asking kubelets for their counters: the real one, and ones that do everything wrong."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from lab import Lab
from probetuner.facts.feed import FAMILIES
from probetuner.sources import kubelet
from probetuner.sources.kubelet import KubeletAccess, KubeletAddress, KubeletError, Kubelets
from support.tokens import showing

pytestmark = pytest.mark.cluster

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def test_the_real_kubelet_gives_its_counters(lab: Lab) -> None:
    """Both pages are read from a kubelet whose certificate the cluster's CA signed."""
    url = urlsplit(lab.kubelet_url)
    address = KubeletAddress(node="node-1", host=str(url.hostname), port=int(url.port or 0))
    pki = lab.state / "pki"
    access = KubeletAccess(
        bearer_token=showing(None),
        certificate_file=str(pki / "admin.crt"),
        key_file=str(pki / "admin.key"),
        authority_file=str(lab.authority),
    )
    kubelets = Kubelets(access)
    try:
        pages = [await kubelets.read(address, path, FAMILIES[path]) for path in kubelet.PATHS]
    finally:
        await kubelets.close()

    assert "process_start_time_seconds" in pages[0].text or "prober_probe" in pages[0].text
    assert "container_processes{" in pages[1].text
    assert [page.problem for page in pages] == [None, None]


async def test_the_token_is_sent_as_it_is_now(lab: Lab) -> None:
    """The token is asked for anew with each request, since it changes on disk."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=request.headers["Authorization"] + "\n")

    async with _fake(lab, echo) as address:
        kubelets = Kubelets(KubeletAccess(bearer_token=showing("first", "second"), authority_file=str(lab.authority)))
        heard = [(await kubelets.read(address, "/metrics/probes", ("Bearer",))).text for _ in range(2)]
        await kubelets.close()

    assert heard == ["Bearer first\n", "Bearer second\n"]


@pytest.mark.parametrize(
    ("status", "next_step"),
    [(401, "authentication.webhook"), (403, "get on nodes/metrics"), (404, "kubelet's log"), (500, "kubelet's log")],
)
async def test_a_kubelet_that_refuses_is_told_of_with_the_next_step(lab: Lab, status: int, next_step: str) -> None:
    """Each refusal names the node, the page, the code and what to do."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with _fake(lab, refuse) as address:
        said = await _refusal(lab, address)

    assert said.startswith(f"The kubelet of node fake refuses /metrics/probes (HTTP {status})")
    assert next_step in said


async def test_a_kubelet_that_hangs_is_given_up(lab: Lab) -> None:
    """After the timeout there is an error, however the kubelet hangs: without an answer, or amid one."""

    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def stall(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"# HELP ")
        await asyncio.Event().wait()
        return answer

    for way in (hang, stall):
        async with _fake(lab, way) as address:
            assert "did not answer /metrics/probes within" in await _refusal(lab, address)


async def test_a_kubelet_that_is_not_there_is_told_of(lab: Lab) -> None:
    """A closed port is told of with the address."""
    async with _fake(lab, _empty) as address:
        pass

    assert f"cannot be reached at 127.0.0.1:{address.port}" in await _refusal(lab, address)


async def test_a_kubelet_of_another_authority_is_not_believed(lab: Lab) -> None:
    """A certificate of another CA ends the talk before the token is sent, unless verification was turned off."""
    asked: list[str] = []

    async def note(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="text\n")

    async with _fake(lab, note) as address:
        stranger = KubeletAccess(bearer_token=showing("secret"), authority_file=str(lab.state / "pki" / "kubelet.crt"))
        assert "does not prove who it is" in await _refusal(lab, address, access=stranger)
        assert asked == []

        trusting = Kubelets(KubeletAccess(bearer_token=showing("secret"), verify=False))
        assert (await trusting.read(address, "/metrics/probes", ("text",))).text == "text\n"
        await trusting.close()


async def _refusal(lab: Lab, address: KubeletAddress, *, access: KubeletAccess | None = None) -> str:
    """Ask, and return the sentence that it failed with."""
    kubelets = Kubelets(
        access or KubeletAccess(bearer_token=showing("token"), authority_file=str(lab.authority)), timeout_seconds=2.0
    )
    try:
        with pytest.raises(KubeletError) as problem:
            await kubelets.read(address, "/metrics/probes", FAMILIES["/metrics/probes"])
    finally:
        await kubelets.close()
    return str(problem.value)


async def _empty(_: web.Request) -> web.Response:
    return web.Response()


@asynccontextmanager
async def _fake(lab: Lab, answer: Answer) -> AsyncIterator[KubeletAddress]:
    """A kubelet on loopback that answers everything in one way, with the certificate of the lab's own kubelet."""
    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(lab.state / "pki" / "kubelet.crt", lab.state / "pki" / "kubelet.key")
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield KubeletAddress(node="fake", host="127.0.0.1", port=runner.addresses[0][1])
    finally:
        await runner.cleanup()
