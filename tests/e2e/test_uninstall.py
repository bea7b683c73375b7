"""What is left when probetuner is taken away from workloads that it served."""

import pytest

from demo import installation
from demo.cluster import Cluster
from e2e.conftest import OPERATOR
from e2e.play import Play, deployment
from lab.boot import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_SECONDS_TO_GO = 60.0


def test_uninstalling_leaves_workloads_as_they_are(cluster: Cluster, play: Play) -> None:
    """Nothing of probetuner's stays in the cluster, and no workload changes or hangs because it is gone."""
    play.wait()
    before = {name: workload.deployment() for name, workload in play.untouched.items()}

    installation.uninstall(cluster, namespace=OPERATOR)

    kinds = "customresourcedefinitions,clusterroles,clusterrolebindings"
    left = cluster.kubectl("get", kinds, "--output=name").splitlines()
    assert [name for name in left if "probetuner" in name] == []
    wait_until(
        lambda: cluster.kubectl("get", "all", f"--namespace={OPERATOR}", "--output=name") == "",
        "the operator's pod does not go",
        seconds=_SECONDS_TO_GO,
    )
    after = {name: deployment(workload.stage) for name, workload in play.untouched.items()}
    assert {name: found["spec"] for name, found in after.items()} == {
        name: found["spec"] for name, found in before.items()
    }
