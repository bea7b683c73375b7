"""Rounds of asking kubelets while a cluster is watched: who is asked again, and what is told of it."""

from collections.abc import Callable
from typing import cast

import pytest
from kubernetes.client import ApiClient

from probetuner.facts.page import Page, page_of
from probetuner.sources.failing import Failure
from probetuner.sources.live import LiveCluster, LiveError, Scope
from probetuner.sources.placement import Placement
from probetuner.sources.scraping import NodeMetrics

GOOD = "process_start_time_seconds 1\n"


class Cluster(LiveCluster):
    """Gives what `answer` makes of a node and the number of times that it was asked, for the page of probes."""

    def __init__(self, answer: Callable[[str, int], str]) -> None:
        super().__init__(cast("ApiClient", None))
        self._answer = answer
        self.asked: list[str] = []

    def page(self, path: str, families: tuple[str, ...], *, begin_seconds: float) -> Page:
        """Answer for a node."""
        assert begin_seconds <= 5
        node = path.split("/")[4]
        if path.endswith("/metrics/probes"):
            self.asked.append(node)
        return page_of(self._answer(node, self.asked.count(node)), families)


def metrics_of(cluster: Cluster, *nodes: str) -> tuple[NodeMetrics, list[str]]:
    """Metrics of these nodes, and what will be told."""
    told: list[str] = []
    return NodeMetrics(cluster, None, Scope(), told.append, placement=Placement(only=nodes)), told


@pytest.mark.parametrize(("failure", "asked_again"), [(Failure.UNREACHABLE, True), (Failure.REFUSED, False)])
def test_who_was_out_of_reach_is_asked_again_and_who_refused_is_not(failure: Failure, *, asked_again: bool) -> None:
    """Two seconds are too short to give a node up for good; a right that is missing stays missing. Told once."""

    def answer(node: str, times: int) -> str:
        if node == "a" and times < 3:
            raise LiveError("a fails", failure=failure)
        return GOOD

    cluster = Cluster(answer)
    metrics, told = metrics_of(cluster, "a", "b")
    heard = [{scrape.node for scrape in metrics.scrape()} for _ in range(3)]

    assert heard == [{"b"}, {"b"}, {"a", "b"} if asked_again else {"b"}]
    assert cluster.asked.count("a") == (3 if asked_again else 1)
    assert len(told) == 1
    assert "are missing for 1 of 2 nodes (a: a fails" in told[0]


def test_three_that_refuse_end_all_asking() -> None:
    """The right to ask is missing then, and no round asks again."""

    def refuse(node: str, _: int) -> str:
        raise LiveError(f"{node} refuses", failure=Failure.REFUSED)

    cluster = Cluster(refuse)
    metrics, told = metrics_of(cluster, *(f"n{number}" for number in range(100)))
    for _ in range(3):
        assert list(metrics.scrape()) == []

    assert len(cluster.asked) <= 3 + 16
    assert len(told) == 1


def test_failures_of_different_kinds_do_not_add_up() -> None:
    """Two that are away and two that answer nonsense leave out nobody."""
    failures = {"a": Failure.UNREACHABLE, "b": Failure.UNREACHABLE, "c": Failure.BROKEN, "d": Failure.BROKEN}

    def answer(node: str, _: int) -> str:
        if node in failures:
            raise LiveError(f"{node} fails", failure=failures[node])
        return GOOD

    rest = [f"n{number}" for number in range(50)]
    cluster = Cluster(answer)
    metrics, told = metrics_of(cluster, *failures, *rest)

    assert {scrape.node for scrape in metrics.scrape()} == set(rest)
    (sentence,) = told
    assert "4 of 54 nodes" in sentence
    assert "a, b: a fails" in sentence
    assert "c, d: c fails" in sentence


def test_a_page_that_could_not_be_taken_whole_is_told_with_the_rest() -> None:
    """What is cut or unreadable of a page is not seen, and the node is named."""
    cluster = Cluster(lambda _node, _times: GOOD + "\x00\x01\n")
    metrics, told = metrics_of(cluster, "a")

    assert len(list(metrics.scrape())) == 2
    assert len(told) == 1
    assert "could not be read" in told[0]


def test_a_step_is_made_for_every_node_whatever_it_says() -> None:
    """A bar that counts nodes gets to its end."""

    def answer(node: str, _: int) -> str:
        if node < "n3":
            raise LiveError("away", failure=Failure.UNREACHABLE)
        return GOOD

    steps: list[int] = []
    metrics, _ = metrics_of(Cluster(answer), *(f"n{number}" for number in range(9)))
    list(metrics.scrape(lambda: steps.append(1)))

    assert len(steps) == 9


def test_pods_tell_which_nodes_are_asked() -> None:
    """Pods that are over or gone, and names that are none, leave no node to ask."""
    placement = Placement()
    for uid, node, phase in (("1", "n1", "Running"), ("2", "n2", "Succeeded"), ("3", "../..", "Running")):
        metadata = {"name": f"p{uid}", "uid": uid}
        placement.take({"kind": "Pod", "metadata": metadata, "spec": {"nodeName": node}, "status": {"phase": phase}})
    before = placement.nodes()
    placement.take({"kind": "Pod", "metadata": {"name": "p1", "uid": "1"}, "spec": {"nodeName": "n1"}}, "DELETED")

    assert before == ("n1",)
    assert placement.nodes() == ()
