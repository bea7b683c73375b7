"""A list whose place has really expired: the API server came back without its cache, and etcd was compacted."""

import asyncio
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from cluster.etcd import compact
from cluster.operator_process import Space, deployment
from lab import Lab
from probetuner.controller import watching
from probetuner.controller.metrics import Metrics
from probetuner.controller.watching import Watches

pytestmark = pytest.mark.cluster

_KINDS = (("v1", "namespaces"), ("apps/v1", "deployments"))
_NAMES = [f"web-{number}" for number in range(6)]


class Seen:
    """What the watches tell; at the first Deployment of the space, before it is through, the list's place expires."""

    def __init__(self, lab: Lab, space: Space) -> None:
        self.told: set[tuple[str, str]] = set()
        self.namespaces_listed = threading.Event()
        self._lab = lab
        self._space = space
        self._expired = False

    def __call__(self, plural: str, raw: Any, _change: str | None) -> None:
        """Take what kopf's thread tells."""
        self.told.add((plural, raw["metadata"]["name"]))
        if ("namespaces", self._space.name) in self.told:
            self.namespaces_listed.set()
        if plural == "deployments" and raw["metadata"]["namespace"] == self._space.name and not self._expired:
            self._expired = True
            assert self.namespaces_listed.wait(30)
            self._expire()

    def _expire(self) -> None:
        self._space.kubectl("create", "configmap", "newer")
        self._lab.stop_component("apiserver")
        compact(self._lab)
        self._lab.start_component("apiserver")
        self._lab.wait_ready()


async def test_an_expired_place_costs_one_new_list_of_that_kind(
    lab: Lab, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All Deployments are told in the end; what happens later is told of both kinds, and one watch has ended once."""
    for name in _NAMES:
        space.create(deployment(name))
    monkeypatch.setattr(watching, "KINDS", _KINDS)
    monkeypatch.setattr(watching, "_CHUNK", 1)
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(lab.kubeconfig))
    seen, metrics = Seen(lab, space), Metrics()
    watches = Watches(seen, metrics, clock=time.monotonic)
    running = asyncio.create_task(watches.run())

    await _until(lambda: {("deployments", name) for name in _NAMES} <= seen.told, running)
    await _until(lambda: watches.problem is None, running)
    other = f"{space.name}-other"
    await asyncio.to_thread(lab.kubectl, "create", "namespace", other)
    await asyncio.to_thread(space.create, deployment("later"))
    await _until(lambda: {("deployments", "later"), ("namespaces", other)} <= seen.told, running)

    assert b"probetuner_watch_failures_total 1.0" in metrics.page()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    lab.kubectl("delete", "namespace", other, "--wait=false")


async def _until(holds: Any, running: "asyncio.Task[None]") -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert not running.done()
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
