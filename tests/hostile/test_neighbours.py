"""One workload that is as dear to decide about as it can be, and is changed all the time, beside nineteen others."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, watch

from cluster.operator_process import OperatorProcess, Space, deployment, wait_for
from lab import Lab
from probetuner.cluster import histories
from probetuner.cluster.api import Api
from probetuner.cluster.connection import connect
from probetuner.history.record import WorkloadHistory
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.facts import T0, remember
from support.trouble import months_of_trouble

pytestmark = pytest.mark.cluster

_OTHERS = [f"w{number}" for number in range(19)]
_HOSTILE = "hostile"
_CONTAINERS = 20
_ROUND_SECONDS = 15.0
_ROUNDS = 2
_CHANGES_PER_SECOND = 10
"""Each of the others is changed each two seconds: far more than a workload that has news of its probes."""
_LEAST_SHARE = 0.8


class Cluster:
    """The Deployments of a namespace, changed by one hand, and what an operator says of them, seen by another."""

    def __init__(self, lab: Lab, space: Space) -> None:
        self._api = config.new_client_from_config(str(lab.kubeconfig))  # type: ignore[no-untyped-call]  # has no types
        self._space = space
        self._modes = dict.fromkeys((*_OTHERS, _HOSTILE), "Recommend")
        self._shown: dict[str, str] = {}
        self.decisions: Counter[str] = Counter()

    def change(self, name: str) -> None:
        """Turn a workload from one mode into the other: its status shows when it was decided about."""
        self._modes[name] = mode = "Observe" if self._modes[name] == "Recommend" else "Recommend"
        body = {"metadata": {"annotations": {"probetuner.dev/mode": mode}}}
        client.AppsV1Api(self._api).patch_namespaced_deployment(name, self._space.name, body)

    def follow(self, over: threading.Event) -> None:
        """Count the statuses that show another mode, until it is over."""
        policies = client.CustomObjectsApi(self._api).list_namespaced_custom_object
        while not over.is_set():
            of = ("probetuner.dev", "v1alpha1", self._space.name, "probepolicies")
            stream: Callable[..., Iterator[dict[str, Any]]] = watch.Watch().stream  # type: ignore[no-untyped-call]
            for told in stream(policies, *of, timeout_seconds=5):
                self._see(told["object"])

    def _see(self, policy: dict[str, Any]) -> None:
        name = policy["spec"]["targetRef"]["name"]
        shown = (policy.get("status") or {}).get("mode", "")
        if shown and shown != self._shown.get(name, shown):
            self.decisions[name] += 1
        self._shown[name] = shown or self._shown.get(name, "")


@pytest.fixture
def operator(crds: Lab, tmp_path: Path) -> Iterator[Callable[[], OperatorProcess]]:
    """Starts the operator, which is ended after the test."""
    started: list[OperatorProcess] = []

    def start() -> OperatorProcess:
        started.append(OperatorProcess(crds, tmp_path / "log"))
        started[-1].wait_ready()
        return started[-1]

    yield start
    for one in started:
        one.kill()


def test_one_hostile_workload_leaves_the_others_four_fifths_of_their_decisions(
    crds: Lab, space: Space, operator: Callable[[], OperatorProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has as many containers and as much of a past as it may, and is changed as often as the API server takes."""
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(crds.kubeconfig))
    for name in _OTHERS:
        space.apply(deployment(name, "Recommend"))
    space.apply(_crowded())
    _give_past(space)
    running, cluster, over = operator(), Cluster(crds, space), threading.Event()
    wait_for(lambda: all(space.status(f"deployment-{n}").get("phase") for n in (*_OTHERS, _HOSTILE)), "all", seconds=60)
    following = threading.Thread(target=cluster.follow, args=(over,))
    following.start()
    try:
        calm = hostile = 0
        for _ in range(_ROUNDS):
            calm += _decisions(cluster)
            with _changed_all_the_time(cluster):
                hostile += _decisions(cluster)
    finally:
        over.set()
        following.join()

    print(f"decisions about 19 workloads in {_ROUNDS * _ROUND_SECONDS:.0f} s: {calm} alone, {hostile} beside it")
    print(f"about the hostile one: {cluster.decisions[_HOSTILE]}")
    assert calm > _ROUNDS * _ROUND_SECONDS * _CHANGES_PER_SECOND / 2
    assert hostile > _LEAST_SHARE * calm
    assert cluster.decisions[_HOSTILE] > 0
    assert running.page("/livez")[0] == 200


def _decisions(cluster: Cluster) -> int:
    """How many decisions about the others are seen while they are changed in turn for a while."""
    before = sum(cluster.decisions[name] for name in _OTHERS)
    began = time.monotonic()
    for turn in range(int(_ROUND_SECONDS * _CHANGES_PER_SECOND)):
        cluster.change(_OTHERS[turn % len(_OTHERS)])
        due = began + (turn + 1) / _CHANGES_PER_SECOND
        threading.Event().wait(max(0.0, due - time.monotonic()))
    return sum(cluster.decisions[name] for name in _OTHERS) - before


@contextmanager
def _changed_all_the_time(cluster: Cluster) -> Iterator[None]:
    over = threading.Event()

    def change() -> None:
        while not over.wait(0.02):
            cluster.change(_HOSTILE)

    hand = threading.Thread(target=change)
    hand.start()
    try:
        yield
    finally:
        over.set()
        hand.join()


def _crowded() -> dict[str, Any]:
    made = deployment(_HOSTILE, "Recommend")
    spec = made["spec"]["template"]["spec"]
    (web,) = spec["containers"]
    probe = {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 1}
    spec["containers"] = [
        {**web, "name": f"c{number}", "livenessProbe": probe, "readinessProbe": probe} for number in range(_CONTAINERS)
    ]
    return made


def _give_past(space: Space) -> None:
    """Save what an operator would have, had the workload's pods been in trouble for months."""
    uid = (space.get("deployment", _HOSTILE) or {})["metadata"]["uid"]
    ref = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace=space.name, name=_HOSTILE)

    async def save() -> None:
        api = Api(connect())
        try:
            await histories.save(api, ref, _past(), uid=uid, now=T0, version="")
        finally:
            api.close()

    asyncio.run(save())


def _past() -> WorkloadHistory:
    (web,) = remember(months_of_trouble(12, period=1, between=600, seed=1)).containers
    return WorkloadHistory(containers=tuple(replace(web, name=f"c{number}") for number in range(_CONTAINERS)))
