"""The operator when what it lives on goes away: the API server, and kubelets that refuse or hang."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cluster.operator_process import OperatorProcess, Space, deployment, wait_for
from lab import Lab

pytestmark = pytest.mark.cluster

Start = Callable[..., OperatorProcess]

_AWAY_SECONDS = 60.0


def test_an_api_server_that_is_away_for_a_minute_changes_nothing(
    crds: Lab, space: Space, start_operator: Start
) -> None:
    """The operator stays alive meanwhile, and serves again soon after it is back."""
    space.apply(deployment("web", "Observe", replicas=1))
    operator = start_operator()
    wait_for(lambda: space.status("deployment-web").get("phase"), "served")
    with _api_server_away(crds):
        away_since = time.monotonic()
        wait_for(lambda: time.monotonic() - away_since > _AWAY_SECONDS, "a minute", seconds=2 * _AWAY_SECONDS)
        assert operator.page("/livez")[0] == 200

    space.apply(deployment("later", "Observe"))
    wait_for(lambda: space.status("deployment-later"), "served again", seconds=30)
    assert operator.is_alive()
    assert operator.metric("probetuner_watch_failures_total") == 0
    assert operator.stop() == 0


def test_a_kubelet_that_hangs_is_told_of_and_holds_up_nobody(crds: Lab, space: Space, start_operator: Start) -> None:
    """The status says that there are no counters and why; other workloads are served; it is told when it is over."""
    space.apply(deployment("web", "Observe", replicas=1))
    operator = start_operator("--scrape-interval-seconds=1")
    wait_for(lambda: space.names("probehistory"), "something is learned", seconds=60)
    crds.pause_component("kubelet")
    try:
        said = wait_for(lambda: _problem(space), "the problem in the status", seconds=60)
        assert re.search("node-1 did not answer /metrics/(probes|cadvisor) within 10 s", said)
        space.apply(deployment("later", "Observe"))
        wait_for(lambda: space.status("deployment-later"), "another workload is served")
        assert operator.page("/livez")[0] == 200
    finally:
        crds.resume_component("kubelet")
    wait_for(lambda: not _problem(space), "the problem is over", seconds=60)
    assert operator.stop() == 0


def test_a_kubelet_that_is_not_trusted_is_told_of(crds: Lab, space: Space, start_operator: Start) -> None:
    """With another CA the kubelet is not believed, and the status says with which flag it would be."""
    stranger = crds.state / "pki" / "kubelet.crt"
    space.apply(deployment("web", "Observe", replicas=1))
    operator = start_operator(f"--kubelet-ca={stranger}")

    said = wait_for(lambda: _problem(space), "the problem in the status", seconds=60)

    assert "does not prove who it is" in said
    assert "--kubelet-ca" in said
    operator.stop()


@contextmanager
def _api_server_away(lab: Lab) -> Iterator[None]:
    """Stop the API server meanwhile.

    Afterwards its clients are started afresh: they look again only after a minute and more (client-go's reflector backs
    off to 30 seconds, one after the other), in which the tests that follow would get no pods.
    """
    lab.stop_component("apiserver")
    try:
        yield
    finally:
        lab.start_component("apiserver")
        for client in ("controller-manager", "scheduler", "kubelet"):
            lab.stop_component(client)
            lab.start_component(client)
        lab.wait_ready()


def _problem(space: Space) -> str | None:
    counters = space.condition("deployment-web", "CountersAvailable")
    return str(counters.get("message")) if counters.get("status") == "False" else None
