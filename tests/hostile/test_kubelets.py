"""A kubelet whose node somebody holds: what it answers costs little memory and time, and nobody else's counters."""

import asyncio
import threading
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from kubernetes.client import ApiClient

from hostile.tenants import BEGAN, Operator, counters, pod
from probetuner.change.counters import NodeState
from probetuner.controller.metrics import Metrics
from probetuner.controller.scraping import Scraper
from probetuner.facts.cadvisor import read_cadvisor
from probetuner.facts.feed import FAMILIES, Read
from probetuner.facts.page import MOST_BYTES, MOST_LINE_BYTES, MOST_SAMPLES, Page
from probetuner.facts.pods import read_pod
from probetuner.history import codec
from probetuner.sources.kubelet import KubeletAccess, KubeletAddress, KubeletError, Kubelets
from probetuner.sources.live import LiveCluster, LiveError
from probetuner.sources.pages import PageIntake, UnpackError
from support.loops import a_loop
from support.tokens import showing

pytestmark = pytest.mark.timeout(300)

MIB = 1024 * 1024
PROBES = FAMILIES["/metrics/probes"]
GOOD = counters("blue", "failed", 3)


def packed(pieces: Iterable[bytes]) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(squeeze.compress(piece) for piece in pieces) + squeeze.flush()


def taken(body: bytes, *, encoding: str | None = "gzip", whole: bool = True) -> Page:
    """What is taken of an answer that comes in chunks of 64 KiB."""
    intake = PageIntake(encoding, PROBES)
    for start in range(0, len(body), 64 * 1024):
        if not intake.take(body[start : start + 64 * 1024]):
            return intake.page(whole=False)
    return intake.page(whole=whole)


BOMBS = {
    "empty lines": [b"\n" * MIB] * 64,
    "short lines": [b"ab\n" * MIB] * 22,
    "lines of no metric": [b"1\n" * MIB] * 32,
    "one line": [b'prober_probe_total{x="', *[b"a" * MIB] * 63, b'"} 1\n'],
    "wanted lines": [b"prober_probe_total 1\n" * 50_000] * 64,
    "samples of nobody": [
        b'prober_probe_total{pod_uid="u",container="c",probe_type="Liveness",result="failed"} 1\n' * 12_000
    ]
    * 64,
}


@pytest.mark.parametrize("name", ["one line", "short lines", "wanted lines"])
def test_a_few_kib_that_unpack_to_much_take_little(name: str) -> None:
    """64 MiB of anything, packed a thousandfold: 16 MiB of it are looked at, and hardly more is held at any time."""
    body = packed([GOOD.encode(), *BOMBS[name]])
    tracemalloc.start()
    try:
        page = taken(body)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert page.text.startswith(GOOD)
    assert "and was read so far" in (page.problem or "")
    assert most_bytes < 64 * MIB


def test_a_line_without_end_is_not_kept() -> None:
    """However long it is, no more than a chunk of it is held."""
    intake = PageIntake(None, PROBES)
    chunk = b"prober_probe_total" * 3600
    tracemalloc.start()
    try:
        for _ in range(200):
            assert intake.take(chunk)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < MIB
    assert intake.page(whole=True).overlong == 1


def test_more_samples_than_a_node_can_have_are_not_read() -> None:
    """Each takes some time to read, so a page of the shortest ones is bounded by their number."""
    page = taken(b"prober_probe_total 1\n" * (MOST_SAMPLES + 9), encoding=None, whole=False)

    assert page.text.count("\n") == MOST_SAMPLES
    assert page.cut


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_what_was_read_before_the_bound_counts_and_the_rest_is_not_seen(name: str) -> None:
    """Counters that stand before the bound are counted; of others nothing is known, not that they are at zero."""
    operator = Operator()
    operator.watch(pod("blue"), at=10)
    bomb = taken(packed([GOOD.encode(), *BOMBS[name]]))
    read = operator.following.reader.scraping("n1", "/metrics/probes")
    assert read is not None
    reading = read(bomb.text, BEGAN + 20, bomb.problem)
    operator.following.learn(operator.following.reader.scraped("n1", "/metrics/probes", reading))
    first = operator.failures("blue")
    operator.scrape(counters("blue", "successful", 1), at=30)
    operator.following.reader.scrape("n1", "/metrics/probes", "", BEGAN + 40, bomb.problem)
    operator.scrape(counters("blue", "failed", 4), at=50)

    assert first == 3
    assert "was read so far" in (reading.problem or "")
    assert len(reading.scraped.values) == 1


def test_a_line_beyond_reason_is_left_out_and_those_around_it_are_read() -> None:
    """Of a wanted family it is counted; the next line begins behind it, wherever the chunks part."""
    long = 'prober_probe_total{x="' + "a" * (200 * 1024) + '"} 1\n'
    just = 'prober_probe_total{x="' + "a" * MOST_LINE_BYTES + '"} 1\n'
    page = taken((GOOD + long + just + "go_info" + "x" * MIB + "\n" + GOOD).encode(), encoding=None)

    assert page.text == GOOD + GOOD
    assert page.problem == "2 lines are longer than 4 KiB and were left out"


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
def test_however_the_chunks_part_the_lines_are_whole(size: int) -> None:
    """What is taken does not depend on where the network cuts."""
    text = (GOOD * 3 + "# HELP x\n\nprober_probe_total{} \n!\n" + "y" * 9000 + "\n") * 5 + GOOD + GOOD[:-1]
    intake = PageIntake(None, PROBES)
    body = text.encode()
    for start in range(0, len(body), size):
        assert intake.take(body[start : start + size])

    assert intake.page(whole=True) == taken(body, encoding=None)
    assert intake.page(whole=True).unreadable == 5 + 1


def test_packed_data_that_unpacks_to_nothing_ends() -> None:
    """Empty blocks without end give no byte; the wire has its bound too."""
    intake = PageIntake("gzip", PROBES)
    begun = packed([])[:10]
    empty_block = b"\x00\x00\x00\xff\xff" * 13_000
    assert intake.take(begun)
    for _ in range(MOST_BYTES // len(empty_block) + 2):
        if not intake.take(empty_block):
            break
    else:
        pytest.fail("it takes data without end")

    assert intake.page(whole=False).cut


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"no gzip", "gzip"), (packed([GOOD.encode()])[:-9], "gzip"), (GOOD.encode(), "br"), (GOOD.encode(), "x" * 9999)],
)
def test_what_cannot_be_unpacked_is_told(body: bytes, encoding: str) -> None:
    """Neither damage nor an encoding that nobody asked for gives half a page."""
    with pytest.raises(UnpackError) as refusal:
        taken(body, encoding=encoding)

    assert len(str(refusal.value)) < 200


def test_a_page_fills_no_history_with_containers_that_are_not_there() -> None:
    """The pod's own containers are the only ones that a kubelet can tell of."""
    operator = Operator()
    operator.watch(pod("blue"), at=10)
    labels = 'container="%s",namespace="blue",pod="web-5d-0",probe_type="Liveness",le="%s"'
    bucket = f"prober_probe_duration_seconds_bucket{{{labels}}} 9\n"
    lies = "".join(GOOD.replace('container="app"', f'container="c{number}"') for number in range(500))
    lies += "".join(bucket % (f"c{number}", "+Inf") + bucket % ("app", number) for number in range(500))
    operator.scrape(lies + GOOD, at=20)

    assert [entry.name for entry in operator.served("blue").history.containers] == ["app"]
    (scraped,) = operator.following.reader._scraped.values()
    assert len(scraped.values) <= 2


def test_cgroups_without_number_are_not_remembered() -> None:
    """A container has one cgroup, and for a while another; a thousand of them are none of ours."""
    state, _ = read_pod(None, pod("blue"), at=BEGAN + 10)
    line = 'container_cpu_cfs_periods_total{container="app",namespace="blue",pod="web-5d-0",id="/%d"} 5\n'
    before = None
    for scrape in range(20):
        text = "".join(line % (1000 * scrape + number) for number in range(1000))
        before = read_cadvisor(before, text, at=BEGAN + 20 + scrape, pods=(state,), problem="cut").scraped

    assert before is not None
    assert len(before.values) < 100


@pytest.mark.parametrize("value", ["1e300", "1e308", "9007199254740994", "NaN", "-5", "9" * 40])
def test_a_counter_beyond_reason_is_a_line_that_cannot_be_read(value: str) -> None:
    """It reaches no history, so it can be saved, read again and judged."""
    operator = Operator()
    operator.watch(pod("blue"), at=10)
    for number, told in enumerate(["0", value, "7"]):
        operator.scrape(counters("blue", "failed", told) + counters("blue", "successful", 5), at=20 + 10 * number)
    history = operator.served("blue").history

    assert operator.failures("blue") == 7
    assert codec.decode(codec.encode(history), version=codec.VERSION) == history


def test_a_counter_that_grows_beyond_reason_is_bounded() -> None:
    """What a kubelet adds up to, however it lies, stays a number that can be saved and computed with."""
    operator = Operator()
    operator.watch(pod("blue"), at=10)
    for number in range(200):
        operator.scrape(counters("blue", "failed", 2**53 if number % 2 else 0), at=20 + 10 * number)
    history = operator.served("blue").history

    assert 0 < operator.failures("blue") < 2**53
    assert codec.decode(codec.encode(history), version=codec.VERSION) == history


class _Plain(KubeletAddress):
    """A kubelet without TLS, which is no part of what is tried here."""

    def url(self, path: str) -> str:
        return f"http://{self.host}:{self.port}{path}"


@asynccontextmanager
async def _kubelet(body: bytes, **headers: str) -> AsyncIterator[_Plain]:
    """A kubelet on loopback that gives this answer to everything."""

    async def answer(request: web.Request) -> web.Response:
        del request
        return web.Response(body=body, headers=headers)

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield _Plain(node="n1", host="127.0.0.1", port=runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def test_a_bomb_from_a_kubelet_leaves_the_event_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """While its pages are unpacked and read, in threads for that, all else goes on; what it did tell is counted."""
    operator = Operator()
    operator.watch(pod("blue"), at=10)
    threads: set[str] = set()
    take, scraping = PageIntake.take, operator.following.reader.scraping

    def noted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            threads.add(threading.current_thread().name.partition("_")[0])
            return function(*arguments)

        return call

    monkeypatch.setattr(PageIntake, "take", noted(take))
    monkeypatch.setattr(operator.following.reader, "scraping", lambda *of: noted(cast("Read", scraping(*of))))
    body = packed([GOOD.encode(), *BOMBS["one line"]])
    kubelets = Kubelets(KubeletAccess(bearer_token=showing(None)))
    clock = lambda: BEGAN + 20  # noqa: E731 - it stands still
    scraper = Scraper(
        operator.following,
        kubelets,
        Metrics(),
        interval_seconds=10,
        clock=clock,
        loop=a_loop(),
    )
    late = 0.0

    async def feel() -> None:
        nonlocal late
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            late = max(late, time.perf_counter() - began - 0.01)

    async with _kubelet(body, **{"Content-Encoding": "gzip"}) as address:
        scraper.addresses["n1"] = address
        feeling = asyncio.create_task(feel())
        heard = await scraper._scrape("n1")
        feeling.cancel()
        await kubelets.close()

    assert operator.failures("blue") == 3
    assert threads == {"kubelet"}
    assert heard.state is NodeState.PARTIAL
    assert "/metrics/probes of node n1: 1 lines are longer than 4 KiB and were left out; it is larger" in heard.problem
    assert late < 2.0, "read in one go, the line holds everything up for minutes"
    scraper._note("n1", heard)
    assert "kubelet_scrape_errors_total 1.0" in scraper._metrics.page().decode()


async def test_a_kubelet_that_answers_what_was_not_asked_for_is_told_of() -> None:
    """The sentence names the node and the page."""
    async with _kubelet(b"x", **{"Content-Encoding": "gzip"}) as address:
        kubelets = Kubelets(KubeletAccess(bearer_token=showing(None)))
        with pytest.raises(KubeletError, match=r"node n1 answers to /metrics/probes cannot be unpacked"):
            await kubelets.read(address, "/metrics/probes", PROBES)
        await kubelets.close()


class _Proxied:
    """The API server's proxy, as the client for Kubernetes gives its answers."""

    def __init__(self, body: bytes, encoding: str) -> None:
        self.headers = {"Content-Encoding": encoding}
        self.closed = False
        self._body = body

    def stream(self, size: int, *, decode_content: bool) -> Iterator[bytes]:
        assert not decode_content
        for start in range(0, len(self._body), size):
            yield self._body[start : start + size]

    def close(self) -> None:
        self.closed = True


def _proxied(body: bytes, encoding: str) -> tuple[LiveCluster, _Proxied]:
    response = _Proxied(body, encoding)
    client = SimpleNamespace(
        param_serialize=lambda *_, **__: (), call_api=lambda **_: SimpleNamespace(status=200, response=response)
    )
    return LiveCluster(cast("ApiClient", client)), response


def test_the_same_bounds_hold_by_the_api_servers_proxy() -> None:
    """Somebody's command line reads a node's page by the proxy: the node decides what it gets."""
    cluster, response = _proxied(packed([GOOD.encode(), *BOMBS["one line"]]), "gzip")
    page = cluster.page("/api/v1/nodes/n1/proxy/metrics/probes", PROBES, begin_seconds=2)

    assert page.text == GOOD
    assert page.cut
    assert response.closed
    with pytest.raises(LiveError, match="cannot be unpacked"):
        _proxied(b"x", "gzip")[0].page("/api/v1/nodes/n1/proxy/metrics/probes", PROBES, begin_seconds=2)


def test_a_kubelet_that_never_comes_to_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte now and then keeps no reader for ever: after ten seconds the page is given up, and the answer closed."""
    cluster, response = _proxied(b"#" * 100_000, "identity")
    clock = iter(range(0, 10_000, 3))
    monkeypatch.setattr("probetuner.sources.live.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("probetuner.sources.live.CHUNK_BYTES", 1)

    with pytest.raises(LiveError, match="took longer than 10 s"):
        cluster.page("/api/v1/nodes/n1/proxy/metrics/probes", PROBES, begin_seconds=2)
    assert response.closed
