"""What happened while nobody watched: the operator held up, the API server restarted, etcd compacted."""

import signal
from collections.abc import Callable

import pytest

from cluster.etcd import compact
from cluster.operator_process import OperatorProcess, Space, deployment, wait_for
from lab import Lab

pytestmark = pytest.mark.cluster


def test_watches_that_expired_miss_nothing(
    crds: Lab, space: Space, start_operator: Callable[..., OperatorProcess]
) -> None:
    """After 410 Gone, new workloads are served, and of deleted ones neither policy nor history nor metric is left."""
    for name in ("gone", "stays"):
        space.apply(deployment(name, "Observe", replicas=1))
    operator = start_operator()
    wait_for(lambda: len(space.names("probehistory")) == 2, "both are served", seconds=120)
    series = 'probetuner_false_restarts{kind="Deployment",name="%s",namespace="' + space.name + '"}'
    assert series % "gone" in operator.page("/metrics")[1]

    operator.send(signal.SIGSTOP)
    # Orphaned, its policy stays: only the operator knows that it is to go.
    space.kubectl("delete", "deployment", "gone", "--cascade=orphan")
    space.kubectl("annotate", "--overwrite", "deployment", "stays", "probetuner.dev/mode=Recommend")
    space.apply(deployment("new", "Observe"))
    crds.stop_component("apiserver")
    compact(crds)
    crds.start_component("apiserver")
    crds.wait_ready()
    operator.send(signal.SIGCONT)

    wait_for(lambda: space.status("deployment-new"), "the new one is served", seconds=60)
    wait_for(lambda: space.status("deployment-stays").get("mode") == "Recommend", "the change is seen", seconds=60)
    wait_for(lambda: "deployment-gone" not in space.names("probepolicy"), "the policy is gone", seconds=90)
    wait_for(lambda: "deployment-gone" not in space.names("probehistory"), "the history is gone", seconds=90)
    wait_for(lambda: series % "gone" not in operator.page("/metrics")[1], "the metric is gone", seconds=60)
    assert operator.stop() == 0
