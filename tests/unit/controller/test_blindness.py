"""What is promised of an operator that kubelets give no counters to: it says so, by node and by cause."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, cast

import pytest

from probetuner.change.counters import ASKING, WAITING, NodeCounters, NodeState, counters_of
from probetuner.change.situation import Announcement
from probetuner.cluster.api import Api
from probetuner.cluster.errors import UnreachableError
from probetuner.cluster.self_reference import own_deployment
from probetuner.controller import scraping
from probetuner.controller.blindness import Blindness
from probetuner.controller.metrics import Metrics
from probetuner.controller.scraping import Scraper
from probetuner.controller.serving import Following
from probetuner.facts.page import Page
from probetuner.sources.failing import Failure
from probetuner.sources.kubelet import KubeletAddress, KubeletError, Kubelets
from support.loops import a_loop
from support.workloads import deployment

FINE = NodeCounters(state=NodeState.ANSWERING)
REFUSED = NodeCounters(state=NodeState.REFUSED, problem="node b refuses.")
AWAY = NodeCounters(state=NodeState.UNREACHABLE, problem="node c is away.")


@pytest.mark.parametrize(
    ("nodes", "available", "reason", "message"),
    [
        pytest.param({}, None, "NoPods", "No pod", id="no pod"),
        pytest.param({"a": FINE, "b": FINE}, True, "KubeletsAnswer", "", id="all answer"),
        pytest.param({"a": FINE, "b": WAITING}, True, "KubeletsAnswer", "", id="one is new"),
        pytest.param({"a": FINE, "b": REFUSED}, False, "KubeletsRefuse", "some of the nodes", id="one refuses"),
        pytest.param({"b": REFUSED}, False, "KubeletsRefuse", "any node that runs its pods: node b", id="all refuse"),
        pytest.param({"b": REFUSED, "c": AWAY, "d": AWAY}, False, "KubeletsUnreachable", "node c", id="most are away"),
    ],
)
def test_counters_are_there_where_no_node_is_known_to_give_none(
    nodes: Mapping[str, NodeCounters], *, available: bool | None, reason: str, message: str
) -> None:
    """One node that gives nothing is enough for no; the reason is that of most, and the sentence has the next step."""
    counters = counters_of(nodes)

    assert (counters.available, counters.reason) == (available, reason)
    assert message in counters.message


def test_before_the_first_answer_it_is_not_known() -> None:
    """That nothing failed yet is no sign that anything works."""
    assert counters_of({"a": WAITING}) == ASKING
    assert ASKING.available is None


class Pages:
    """Kubelets of which each answers in its own way."""

    threads = None

    async def read(self, address: KubeletAddress, _path: str, _families: tuple[str, ...]) -> Page:
        """Answer as the node's name says."""
        if address.node == "good":
            return Page(text="")
        raise KubeletError(f"{address.node}.", failure=Failure(address.node))


async def test_nodes_are_counted_by_how_their_kubelets_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """`probetuner_nodes` has each state, with zero for those in which no node is."""
    monkeypatch.setattr(scraping, "_LOOK_SECONDS", 0.01)
    metrics, following = Metrics(), Following(since=0.0, changed=lambda *_: None, loop=a_loop())
    nodes = {"good", "refused", "untrusted", "unreachable", "broken", "nowhere"}
    monkeypatch.setattr(following, "nodes", lambda: nodes)
    scraper = Scraper(
        following, cast("Kubelets", Pages()), metrics, interval_seconds=0.01, clock=lambda: 1.0, loop=a_loop()
    )
    for node in nodes - {"nowhere"}:
        scraper.addresses[node] = KubeletAddress(node=node, host="10.0.0.1", port=10250)
    expected = {"answering": 1, "unasked": 1, "refused": 1, "untrusted": 1, "unreachable": 1, "broken": 1, "waiting": 0}

    def shown() -> dict[str, int]:
        lines = (line for line in metrics.page().decode().splitlines() if line.startswith("probetuner_nodes{"))
        return {line.split('"')[1]: int(float(line.rpartition(" ")[2])) for line in lines}

    async def until(is_so: Callable[[], bool]) -> None:
        while not is_so():  # noqa: ASYNC110 - a page of metrics tells nobody that it changed
            await asyncio.sleep(0.01)

    async with asyncio.timeout(10):
        running = asyncio.create_task(scraper.run())
        await until(lambda: shown() == {**expected, "partial": 0})
        nodes.clear()
        await until(lambda: not any(shown().values()))
        running.cancel()


class Bench:
    """A blindness with a clock that is set by hand, and an API server that may be away."""

    def __init__(self, **heard: NodeCounters) -> None:
        self.heard: dict[str, NodeCounters] = heard
        self.now, self.away = 0.0, False
        self.posted: list[Announcement] = []
        self.attempts = 0
        self.blindness = Blindness(cast("Scraper", self), self.post, clock=lambda: self.now, loop=a_loop())

    async def post(self, announcement: Announcement) -> None:
        """Take an Event."""
        self.attempts += 1
        if self.away:
            raise UnreachableError("away")
        self.posted.append(announcement)

    async def look_for(self, seconds: int) -> None:
        """Look every ten seconds for so long."""
        for _ in range(0, seconds, 10):
            await self.blindness.look()
            self.now += 10.0


async def test_each_cause_is_told_once_however_long_it_lasts() -> None:
    """The Event is a warning, says of how many nodes, why, and who says what to set."""
    bench = Bench(a=FINE, b=REFUSED)
    await bench.look_for(3600)
    (told,) = bench.posted
    assert (told.reason, told.tone) == ("NoCounters", "Warning")
    assert told.message.startswith(
        "KubeletsRefuse: no counters from 1 of 2 nodes that run served pods: node b refuses."
    )
    assert "probetuner doctor" in told.message

    bench.heard["c"] = AWAY
    bench.heard["d"] = NodeCounters(state=NodeState.REFUSED, problem="node d refuses too.")
    await bench.look_for(3600)

    assert [one.message.split(":")[0] for one in bench.posted] == ["KubeletsRefuse", "KubeletsUnreachable"]


async def test_what_passes_within_a_minute_is_not_told() -> None:
    """A kubelet that restarts now and then is nobody's business."""
    bench = Bench(a=FINE)
    for _ in range(20):
        bench.heard["a"] = AWAY
        await bench.look_for(50)
        bench.heard["a"] = FINE
        await bench.look_for(10)

    assert bench.posted == []


async def test_an_event_that_cannot_be_posted_is_tried_again_and_not_for_ever() -> None:
    """A network that keeps kubelets away may keep the API server away too, for a while."""
    bench = Bench(b=AWAY)
    bench.away = True
    await bench.look_for(80)
    bench.away = False
    await bench.look_for(60)
    assert len(bench.posted) == 1

    bench = Bench(b=AWAY)
    bench.away = True
    await bench.look_for(3600)
    assert bench.attempts == 5


HASH = "6bd9f8c7d4"
OTHER = {"metadata": {"name": "other-1", "namespace": "ours"}}


def own_pod(name: str, owner: str) -> dict[str, Any]:
    """The metadata of a pod of a Deployment's ReplicaSet."""
    controller = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{owner}-{HASH}", "controller": True}
    return {
        "metadata": {
            "name": name,
            "namespace": "ours",
            "labels": {"pod-template-hash": HASH},
            "ownerReferences": [controller],
        }
    }


class Server:
    """An API server with these pods, and every Deployment that it is asked for."""

    def __init__(self, *pods: dict[str, Any]) -> None:
        self.pods = pods

    async def each(self, path: str, *, metadata_only: bool) -> AsyncIterator[dict[str, Any]]:
        """List the pods of the operator's namespace."""
        assert (path, metadata_only) == ("/api/v1/namespaces/ours/pods", True)
        for pod in self.pods:
            yield pod

    async def get(self, path: str) -> dict[str, Any]:
        """Return a Deployment of that name."""
        made = deployment()
        made["metadata"] |= {"namespace": "ours", "name": path.rpartition("/")[2]}
        return made


@pytest.mark.parametrize("release", ["probetuner", "a-name-as-long-as-the-chart-lets-a-release-have-it-here"])
async def test_the_operator_finds_its_own_deployment_by_its_host_name(release: str) -> None:
    """Also where the pod's name is longer than a host name may be."""
    pod = f"{release}-{HASH}-x7k2p"
    server = Server(OTHER, own_pod(pod, release))

    own = await own_deployment(cast("Api", server), "ours", pod[:63])

    assert own is not None
    assert (own.ref.namespace, own.ref.name) == ("ours", release)


async def test_a_pod_of_no_deployment_has_none() -> None:
    """A bare pod, as of a test, and a host that is no pod's."""
    server = Server(OTHER)

    assert await own_deployment(cast("Api", server), "ours", "other-1") is None
    assert await own_deployment(cast("Api", server), "ours", "laptop") is None
