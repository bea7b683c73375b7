"""The command line on the real API server: what it reads of a cluster, and by which rights."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cluster.operator_process import Space, deployment, wait_for
from cluster.users import kubeconfig_with, probetuner, user
from lab import Lab

pytestmark = pytest.mark.cluster

Probetuner = Callable[..., "subprocess.CompletedProcess[str]"]

_READING = (
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]},
)


@pytest.fixture(scope="module")
def room(lab: Lab) -> Iterator[Space]:
    """A namespace with a container whose liveness probe asks a port where nobody listens."""
    space = Space(lab, f"room-{uuid4().hex[:8]}")
    lab.kubectl("create", "namespace", space.name)
    asked = deployment("web", replicas=1)
    container = asked["spec"]["template"]["spec"]["containers"][0]
    container["readinessProbe"] = container["livenessProbe"]
    container["livenessProbe"] = {"httpGet": {"path": "/", "port": 81}, "periodSeconds": 2}
    space.apply(asked)
    wait_for(lambda: _restarts(space) >= 2, "restarts by the probe", seconds=120)
    yield space
    lab.kubectl("delete", "namespace", space.name, "--wait=false")


def _restarts(space: Space) -> int:
    shown = space.kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}")
    return sum(map(int, shown.split()))


def _state(space: Space) -> str:
    return space.kubectl("get", "pods", "-o", "jsonpath={.items[0].status.containerStatuses[0].state}")


def _findings(printed: str) -> dict[str, set[str]]:
    report: dict[str, Any] = json.loads(printed)
    return {
        workload["name"]: {finding["name"] for container in workload["containers"] for finding in container["findings"]}
        for workload in report["workloads"]
    }


def test_a_cluster_is_analysed_by_what_it_still_tells(lab: Lab, room: Space) -> None:
    """One look at pods, events and the kubelet's counters finds the probe that never succeeds."""
    done = probetuner(lab.kubeconfig, "analyze", "-n", room.name, "-o", "json")

    assert "probe-never-succeeds" in _findings(done.stdout)["web"], done.stderr
    assert done.stderr == ""
    assert done.returncode == 1


def test_a_selector_chooses_workloads(lab: Lab, room: Space) -> None:
    """Workloads without the labels are left out, and that nothing was found is said."""
    done = probetuner(lab.kubeconfig, "analyze", "-n", room.name, "-l", "app=other")

    assert "no Deployment, StatefulSet or DaemonSet" in done.stderr
    assert done.returncode == 0


def test_what_is_recorded_is_analysed_like_the_cluster(lab: Lab, room: Space, tmp_path: Path) -> None:
    """A recording holds what happened while it was made, with the kubelet's counters, and of no other namespace.

    The pod is a fresh one, so that its first restarts come without the waits of a crash loop.
    """
    room.kubectl("delete", "pods", "--all", "--now", "--wait=false")
    recorded = probetuner(lab.kubeconfig, "record", tmp_path / "r", "-n", room.name, "--seconds", "25")
    done = probetuner(lab.kubeconfig, "analyze", tmp_path / "r", "-o", "json")

    assert recorded.returncode == 0, recorded.stderr
    assert "probe-never-succeeds" in _findings(done.stdout)["web"], done.stderr
    assert list(_findings(done.stdout)) == ["web"]


def test_watching_takes_in_what_comes(lab: Lab, room: Space) -> None:
    """With --watch-seconds the cluster is watched for that long, and what was before counts as well.

    It is watched right after a kill, while the kubelet waits with the next start: all that tells is from before.
    """
    wait_for(lambda: "running" in _state(room), "a container that runs", seconds=120)
    wait_for(lambda: "waiting" in _state(room), "a back-off", seconds=60)
    done = probetuner(lab.kubeconfig, "analyze", "-n", room.name, "--watch-seconds", "5", "-o", "json")

    assert "probe-never-succeeds" in _findings(done.stdout)["web"], done.stderr
    assert done.returncode == 1


@pytest.fixture
def modest(lab: Lab, room: Space, tmp_path: Path) -> Path:
    """The kubeconfig of somebody who may list the pods and Deployments of the namespace, and nothing else."""
    return user(lab, room, "modest", _READING, folder=tmp_path)


def test_few_rights_are_told_and_used(room: Space, modest: Path) -> None:
    """What may not be read is told in a sentence each, and what pods tell by themselves is judged; exit code 2."""
    done = probetuner(modest, "analyze", "-n", room.name, "-o", "json")

    assert list(_findings(done.stdout)) == ["web"]
    assert "healthy" not in _findings(done.stdout)["web"]
    for missing in ("events", "services", "nodes"):
        assert re.search(rf"^probetuner: .*{missing}.*HTTP 403", done.stderr, re.MULTILINE), done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_a_cluster_that_does_not_answer_is_told(lab: Lab, tmp_path: Path) -> None:
    """A server that is not there, a kubeconfig that is not there and a context that it lacks each end in a sentence."""
    away = tmp_path / "away"
    away.write_text(re.sub("server: .*", "server: https://127.0.0.1:9", lab.kubeconfig.read_text()))

    for done in (
        probetuner(away, "analyze"),
        probetuner(tmp_path / "missing", "analyze"),
        probetuner(lab.kubeconfig, "analyze", "--context", "missing"),
        probetuner(away, "record", tmp_path / "r"),
    ):
        assert done.stderr.startswith("probetuner: ")
        assert "Traceback" not in done.stderr
        assert done.returncode == 2


@pytest.mark.parametrize("content", ["", "[", "a: b", "contexts: 5", "\x00", "current-context: x\ncontexts: [{}]"])
def test_a_kubeconfig_that_is_none_is_told(tmp_path: Path, content: str) -> None:
    """Whatever stands in the kubeconfig, the answer is a sentence that names the next step."""
    (tmp_path / "kubeconfig").write_text(content)
    done = probetuner(tmp_path / "kubeconfig", "analyze")

    assert "set KUBECONFIG to a kubeconfig file" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.returncode == 2


@pytest.fixture(scope="module")
def crowd(lab: Lab) -> Iterator[Space]:
    """A namespace of twenty workloads with a pod each, all on the lab's one node."""
    space = Space(lab, f"crowd-{uuid4().hex[:8]}")
    lab.kubectl("create", "namespace", space.name)
    for number in range(20):
        space.apply(deployment(f"web-{number}", replicas=1))
    wait_for(lambda: _scheduled(space) >= 20, "pods on the node", seconds=120)
    yield space
    lab.kubectl("delete", "namespace", space.name, "--wait=false")


def _scheduled(space: Space) -> int:
    return len(space.kubectl("get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}").split())


def test_a_viewer_has_an_answer_for_twenty_workloads_within_ten_seconds(lab: Lab, crowd: Space, tmp_path: Path) -> None:
    """The role `view` and no nodes/proxy: all workloads are judged, and one line says what was not seen."""
    crowd.kubectl("create", "serviceaccount", "viewer")
    crowd.kubectl("create", "rolebinding", "viewer", "--clusterrole=view", f"--serviceaccount={crowd.name}:viewer")
    token = crowd.kubectl("create", "token", "viewer").strip()
    kubeconfig = kubeconfig_with(token, lab, tmp_path / "kubeconfig")
    began = time.monotonic()
    done = probetuner(kubeconfig, "analyze", "-n", crowd.name, "-o", "json")
    seconds = time.monotonic() - began

    assert len(json.loads(done.stdout)["workloads"]) == 20
    assert re.fullmatch(r"probetuner: not all was seen: .*nodes/proxy.*\n", done.stderr), done.stderr
    assert done.returncode in (0, 1)
    assert seconds < 10, f"it took {seconds:.1f} s"


def test_four_unreachable_nodes_cost_three_seconds_at_most(lab: Lab, crowd: Space) -> None:
    """Nodes that exist and whose kubelets nobody reaches are waited for together, by the API server's proxy.

    Their addresses are of a range for documentation (RFC 5737), which no network routes.
    """
    names = [f"away-{number}-{uuid4().hex[:6]}" for number in range(4)]
    began = time.monotonic()
    probetuner(lab.kubeconfig, "analyze", "-n", crowd.name)
    usual_seconds = time.monotonic() - began
    try:
        for number, name in enumerate(names):
            _make_unreachable_node(lab, name, f"192.0.2.{number + 1}")
            crowd.kubectl("create", "-f", "-", input=json.dumps(_pod_on(name)))
        began = time.monotonic()
        done = probetuner(lab.kubeconfig, "analyze", "-n", crowd.name)
        seconds = time.monotonic() - began - usual_seconds
    finally:
        crowd.kubectl("delete", "pods", "-l", "app=away", "--force", "--grace-period=0", "--wait=false")
        lab.kubectl("delete", "nodes", *names, "--wait=false")

    assert "are missing for 4 of 5 nodes" in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert seconds <= 3, f"it took {seconds:.1f} s longer"


def _make_unreachable_node(lab: Lab, name: str, address: str) -> None:
    lab.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}))
    status = {
        "addresses": [{"type": "InternalIP", "address": address}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
    }
    lab.kubectl("patch", "node", name, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))


def _pod_on(node: str) -> dict[str, Any]:
    """A pod that is bound to the node, whatever stands there: no scheduler and no kubelet is asked."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"on-{node}", "labels": {"app": "away"}},
        "spec": {
            "nodeName": node,
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "app", "image": "web:1"}],
        },
    }
