"""What is promised of what is held about served workloads."""

from typing import Any

import pytest

from probetuner.controller.serving import Following, Served, serve
from probetuner.facts.fact import (
    ContainerExited,
    ContainerStarted,
    Fact,
    PodRef,
    ProbeCounted,
    ProbeFailed,
    ProbeLatencySampled,
)
from probetuner.facts.fact import FailureCause as Cause
from probetuner.history.record import WorkloadHistory
from probetuner.model.probe import ProbeType
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.loops import a_loop

WEB = WorkloadRef(kind=WorkloadKind.STATEFUL_SET, namespace="shop", name="web")
POD = PodRef(namespace="shop", name="web-0", uid="u0", template_hash="h", node="node-1", workload=WEB)


class Told:
    """A following that notes which workloads changed."""

    def __init__(self) -> None:
        self.changes: list[WorkloadRef] = []
        self.within: list[float] = []
        self.following = Following(since=0.0, changed=self._note, loop=a_loop())
        self.following.add(serve(_workload(), WorkloadHistory(), at=0.0))

    def _note(self, ref: WorkloadRef, within_seconds: float) -> None:
        self.changes.append(ref)
        self.within.append(within_seconds)

    def learn(self, *facts: Fact) -> WorkloadHistory:
        """Learn facts and return what is remembered then."""
        self.following.learn(facts)
        return self.following.served[WEB].history


def test_facts_reach_the_workload_that_they_are_about() -> None:
    """A fact of a served workload is remembered and has it looked at, once for all of a scrape; others are nobody's."""
    told = Told()
    stranger = PodRef(namespace="shop", name="x", uid="x", template_hash="h", workload=None)

    history = told.learn(_failed(10.0), _failed(11.0), _failed(12.0, pod=stranger))

    assert [run.failures for run in history.containers[0].runs] == [2]
    assert told.changes == [WEB]


def test_what_merely_goes_on_is_looked_at_the_later_the_longer_it_has() -> None:
    """Passed attempts and quick answers ask for a look after a tenth of the time since something happened, or 300 s."""
    told = Told()

    for at in (10.0, 100.0, 1000.0, 9000.0):
        told.learn(_counted(at), _answered(at, quick=1))

    assert told.within == [1.0, 10.0, 100.0, 300.0]


@pytest.mark.parametrize("news", ["failed", "counted", "late"])
def test_what_happens_is_looked_at_at_once(news: str) -> None:
    """A failure, by whoever it is told, and an answer that took most of its timeout; what follows is looked at soon."""
    told = Told()
    told.learn(_counted(4000.0))
    facts: dict[str, Fact] = {
        "failed": _failed(4009.0),
        "counted": _counted(4009.0, failed=1),
        "late": _answered(4009.0, late=1),
    }
    told.learn(facts[news], _counted(4010.0))
    told.learn(_counted(4019.0))

    assert told.within == [300.0, 0.0, 1.0]


def test_what_is_in_a_loaded_history_is_not_counted_again() -> None:
    """After a restart the old pods and events are read once more; only what is newer adds to what was saved."""
    told = Told()
    saved = told.learn(_started(5.0), _failed(10.0), _failed(11.0))

    told.following.drop(WEB)
    told.following.add(serve(_workload(), saved, at=0.0))
    assert told.learn(_started(5.0), _failed(10.0), _failed(11.0)) == saved
    history = told.learn(_failed(12.0))

    assert sum(run.failures for run in history.containers[0].runs) == 3


def test_a_workload_is_watched_since_it_is_served() -> None:
    """How old its pods are says nothing of how long somebody looked; what was saved goes on."""
    fresh = serve(_workload(), WorkloadHistory(), at=900.0)
    fresh.learn(_started(5.0))
    resumed = serve(_workload(), fresh.history, at=5000.0)

    assert fresh.history.containers[0].first_seen_at == 900.0
    assert resumed.history == fresh.history


def test_an_exit_while_nobody_watched_is_learned_late() -> None:
    """The end of a life that the saved history has as open is taken in, though other facts in it are newer."""
    told = Told()
    saved = told.learn(_started(5.0), _failed(10.0))
    told.following.drop(WEB)
    told.following.add(serve(_workload(), saved, at=0.0))

    exited = ContainerExited(at=9.0, pod=POD, container="c", restarts=0, started_at=5.0, exit_code=137, reason="Error")
    history = told.learn(exited)

    assert [life.ended_at for life in history.containers[0].lives] == [9.0]


def test_a_history_that_cannot_take_a_fact_in_keeps_it_from_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A saved history may hold anything that its types allow; what breaks on it breaks for one workload."""
    told = Told()
    other = WorkloadRef(kind=WorkloadKind.STATEFUL_SET, namespace="shop", name="other")
    told.following.add(serve(_workload("other"), WorkloadHistory(), at=0.0))

    broken, learn = told.following.served[WEB], Served.learn

    def learn_or_break(served: Served, fact: Fact) -> bool:
        if served is broken:
            raise ValueError("zip() argument 2 is shorter than argument 1")
        return learn(served, fact)

    monkeypatch.setattr(Served, "learn", learn_or_break)
    told.learn(
        _failed(10.0),
        _failed(10.0, pod=PodRef(namespace="shop", name="other-0", uid="o", template_hash="h", workload=other)),
    )

    assert told.changes == [other]


def test_pods_and_events_of_nobody_are_dropped_at_once() -> None:
    """Only pods whose owner is served, and events of namespaces that have such, are passed on at all."""
    following = Told().following

    assert following.concerns(_pod("web-0", owner="web"))
    assert not following.concerns(_pod("db-0", owner="db"))
    assert not following.concerns(_pod("web-0", owner="web", namespace="other"))
    assert following.concerns({"kind": "Event", "metadata": {"namespace": "shop"}})
    assert not following.concerns({"kind": "Event", "metadata": {"namespace": "other"}})
    assert not following.concerns({"kind": "Pod", "metadata": {"namespace": "shop", "ownerReferences": 7}})


def test_the_nodes_of_served_pods_are_known() -> None:
    """A node is of interest as long as it runs a pod of a served workload."""
    following = Told().following
    pod = _pod("web-0", owner="web")

    following.watch(pod, "ADDED", 1.0)
    assert following.nodes() == {"node-1"}
    assert following.on_node("node-1") == [WEB]
    following.watch(pod, "DELETED", 2.0)
    assert following.nodes() == set()


def test_a_list_does_not_undo_what_a_watch_told_meanwhile() -> None:
    """The pod that a watch gave while the list was under way is newer than the one in the list."""
    following = Told().following
    following.watch(_pod("web-0", owner="web", node="node-2"), "MODIFIED", 1.0)

    following.read_list(following.served[WEB], [_pod("web-0", owner="web", node="node-1")], 2.0)

    assert following.nodes() == {"node-2"}


def test_pods_that_were_deleted_unseen_are_forgotten() -> None:
    """What a full list no longer has is neither followed nor remembered by the reader."""
    following = Told().following
    following.watch(_pod("web-0", owner="web"), "ADDED", 1.0)

    following.forget_pods({"u-web-0"})

    assert following.pods_in("shop") == set()
    assert following.reader.pods_on("node-1") == []


def test_pods_of_a_deleted_namesake_are_nobody_s() -> None:
    """Pods that end after their workload was deleted and made anew are not taken for those of the new one."""
    following = Told().following
    following.drop(WEB)
    made = {**_workload()["metadata"], "creationTimestamp": "2026-01-01T00:00:10Z"}
    following.add(serve({**_workload(), "metadata": made}, WorkloadHistory(), at=0.0))

    for name, created in (("web-0", "2026-01-01T00:00:09Z"), ("web-1", "2026-01-01T00:00:10Z")):
        pod = _pod(name, owner="web")
        following.watch({**pod, "metadata": {**pod["metadata"], "creationTimestamp": created}}, "ADDED", 1.0)

    assert following.pods_in("shop") == {"u-web-1"}


def test_an_object_that_is_not_understood_is_left_out() -> None:
    """A pod of a shape that no API server would give is logged, and everything goes on."""
    following = Told().following

    following.watch({"kind": "Pod", "metadata": {"uid": 7}}, "ADDED", 1.0)

    assert following.nodes() == set()


@pytest.mark.parametrize(
    ("selector", "written"),
    [
        ({"matchLabels": {"app": "web", "tier": "x"}}, "app=web,tier=x"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "y"]}]}, "a in (x,y)"),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["x"]}]}, "a notin (x)"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, "a"),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, "!a"),
    ],
)
def test_selectors_are_written_as_list_requests_take_them(selector: dict[str, Any], written: str) -> None:
    """Every form of selector is put into the words of the labelSelector parameter."""
    assert serve(_workload(selector=selector), WorkloadHistory(), at=0.0).selector == written


def _started(at: float) -> ContainerStarted:
    return ContainerStarted(at=at, pod=POD, container="c", restarts=0)


def _counted(at: float, *, failed: int = 0) -> ProbeCounted:
    return ProbeCounted(
        at=at, pod=POD, container="c", probe=ProbeType.READINESS, since=at - 9, succeeded=1, failed=failed
    )


def _answered(at: float, *, quick: int = 0, late: int = 0) -> ProbeLatencySampled:
    counts = (quick, *[0] * 6, late, *[0] * 4)
    return ProbeLatencySampled(at=at, pod=POD, container="c", probe=ProbeType.LIVENESS, counts=counts)


def _failed(at: float, *, pod: PodRef = POD) -> ProbeFailed:
    return ProbeFailed(at=at, pod=pod, container="c", probe=ProbeType.LIVENESS, cause=Cause.TIMEOUT)


def _workload(name: str = "web", *, selector: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "shop", "uid": f"w-{name}"},
        "spec": {"selector": selector or {"matchLabels": {"app": name}}, "template": {"spec": {"containers": []}}},
    }


def _pod(name: str, *, owner: str, namespace: str = "shop", node: str = "node-1") -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": owner, "controller": True}
    metadata = {"name": name, "namespace": namespace, "uid": f"u-{name}", "ownerReferences": [reference]}
    return {"kind": "Pod", "metadata": metadata, "spec": {"nodeName": node, "containers": []}}
