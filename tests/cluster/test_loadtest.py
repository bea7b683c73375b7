"""`probetuner loadtest` on a real API server: what it sends to, what it refuses, and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from cluster.operator_process import Space, deployment, wait_for
from lab import Lab, operator_image
from lab.images import DEMO

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

_JOB = "loadtest-deployment-web"


@pytest.fixture(scope="module")
def room(lab: Lab) -> Iterator[Space]:
    """A namespace with a web server behind a Service, into which only pods of the restricted standard are let."""
    lab.load_image(operator_image.build())
    space = Space(lab, f"room-{uuid4().hex[:8]}")
    lab.kubectl("create", "namespace", space.name)
    for name in ("web", "bare", "popular", "stray"):
        space.apply(_listening(name))
        space.kubectl("rollout", "status", f"deployment/{name}", "--timeout=120s")
    for name, spec in _SERVICES.items():
        space.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
    space.apply(_STRANGER)
    lab.kubectl("label", "namespace", space.name, "pod-security.kubernetes.io/enforce=restricted")
    yield space
    lab.kubectl("delete", "namespace", space.name, "--wait=false")


def _listening(name: str) -> dict[str, Any]:
    asked = deployment(name, replicas=1)
    asked["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 8000}]
    return asked


def _ports(*ports: int) -> list[dict[str, Any]]:
    return [{"name": f"p{port}", "port": port, "targetPort": 8000} for port in ports]


_SERVICES: dict[str, dict[str, Any]] = {
    "web": {"selector": {"app": "web"}, "ports": _ports(80)},
    "popular-1": {"selector": {"app": "popular"}, "ports": _ports(80, 81)},
    "popular-2": {"selector": {"app": "popular"}, "ports": _ports(80)},
    "stray": {"selector": {"app": "stray"}, "ports": _ports(80)},
    "away": {"type": "ExternalName", "externalName": "example.com"},
    "by-hand": {"ports": _ports(80)},
    "nobody": {"selector": {"app": "nobody"}, "ports": _ports(80)},
}
_STRANGER = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "stray-by-hand", "labels": {"kubernetes.io/service-name": "stray"}},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["192.0.2.1"]}],
    "ports": [{"name": "p80", "port": 80}],
}


def _command(space: Space, *arguments: str) -> list[str]:
    program = str(Path(sys.executable).with_name("probetuner"))
    return [program, "loadtest", *arguments, "-n", space.name]


def _environment(kubeconfig: Path) -> dict[str, str]:
    return {**os.environ, "KUBECONFIG": str(kubeconfig)}


def _loadtest(
    lab: Lab, space: Space, *arguments: str, kubeconfig: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Call it as somebody who agrees beforehand."""
    return subprocess.run(
        _command(space, f"--image={operator_image.NAME}", "--yes", *arguments),
        env=_environment(kubeconfig or lab.kubeconfig),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _left(space: Space) -> list[str]:
    return space.kubectl("get", "jobs,pods", "-l", "probetuner.dev/loadtest", "-o", "name").split()


def _assert_nothing_is_left(space: Space) -> None:
    assert space.names("jobs") == []
    wait_for(lambda: not _left(space), "the pod of the load goes")


def test_a_load_is_sent_and_nothing_is_left_of_it(lab: Lab, room: Space) -> None:
    """Every request is answered by the Service, the probe bears it, and the Job is gone when the command ends."""
    done = _loadtest(lab, room, "deployment/web", "-c", "2", "-r", "40", "-o", "json")
    found = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert (found["ended"], found["target"]["service"], found["lies"], found["kills"]) == ("complete", "web", [], [])
    assert [(step["answered"], step["failed"]) for step in found["steps"]] == [(40, {})]
    _assert_nothing_is_left(room)


def test_pods_without_a_service_are_asked_directly(lab: Lab, room: Space) -> None:
    """Where no Service leads to a workload its ready pods are loaded, at the port that they declare."""
    done = _loadtest(lab, room, "deploy/bare", "-c", "2", "-r", "10", "-o", "json")
    found = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert found["target"]["service"] is None
    assert found["target"]["urls"] == [f"http://{_pod_address(room, 'bare')}:8000/"]
    assert found["steps"][0]["answered"] == 10


def _pod_address(space: Space, app: str) -> str:
    return space.kubectl("get", "pods", "-l", f"app={app}", "-o", "jsonpath={.items[0].status.podIP}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["service/away"], "another host"),
        (["service/by-hand"], "selects no pods"),
        (["service/stray"], "also leads to 192.0.2.1"),
        (["deployment/stray"], "also leads to 192.0.2.1"),
        (["service/nobody"], "no workload"),
        (["deployment/popular"], "service/popular-1, service/popular-2"),
        (["service/popular-1"], "80 (p80), 81 (p81)"),
        (["service/web", "--port=81"], "port 81"),
        (["service/missing"], "there is no Service missing"),
        (["statefulset/web"], "there is no StatefulSet web"),
        (["deployment/web", "--path=//example.com/ x"], "is no path"),
        (["deployment/web", "--path=http://example.com/"], "is no path"),
    ],
)
def test_what_is_not_surely_the_named_workload_is_refused(
    lab: Lab, room: Space, arguments: Sequence[str], said: str
) -> None:
    """Another host, strangers behind a Service, an open choice: one sentence, exit code 2, and nothing is made."""
    done = _loadtest(lab, room, *arguments)

    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (done.returncode, done.stdout) == (2, "")
    assert _left(room) == []


def test_a_dry_run_shows_a_job_that_the_server_takes(lab: Lab, room: Space) -> None:
    """Nothing is made; the Job on standard output, made by hand, sends the load, and the next load removes it."""
    shown = _loadtest(lab, room, "deployment/web", "-c", "1", "-r", "5", "--dry-run")
    before = _left(room)
    job = yaml.safe_load(shown.stdout)
    room.apply(job)
    room.kubectl("wait", "--for=condition=complete", f"job/{job['metadata']['name']}", "--timeout=60s")

    after = _loadtest(lab, room, "deployment/web", "-c", "1", "-r", "5", "-o", "json")

    assert before == []
    assert (shown.returncode, after.returncode) == (0, 0), after.stderr
    assert "was left by an earlier load" in after.stderr
    assert json.loads(after.stdout)["steps"][0]["answered"] == 5
    _assert_nothing_is_left(room)


def test_nobody_agrees_without_a_terminal(lab: Lab, room: Space) -> None:
    """A load must have been agreed to; a script that did not say so sends none."""
    done = subprocess.run(
        [*_command(room, "deployment/web"), f"--image={operator_image.NAME}"],
        env=_environment(lab.kubeconfig),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "give --yes" in done.stderr
    assert done.returncode == 2
    assert _left(room) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_load_ends_and_tells_what_it_measured(lab: Lab, room: Space, number: int) -> None:
    """While it runs no second one can begin; after the signal nothing is left, and the figures so far are printed."""
    with subprocess.Popen(
        [
            *_command(room, "deployment/web", "-c1", "-r100000", "--seconds=600", "-ojson"),
            f"--image={operator_image.NAME}",
            "--yes",
        ],
        env=_environment(lab.kubeconfig),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        said = [running.stderr.readline() for _ in range(2)]
        second = _loadtest(lab, room, "service/web")
        running.send_signal(number)
        printed, rest = running.communicate(timeout=60)

    assert "step 1 of 1" in said[1]
    assert f"kubectl delete job {_JOB}" in second.stderr
    assert second.returncode == 2
    assert json.loads(printed)["ended"] == "interrupted"
    assert json.loads(printed)["steps"][0]["answered"] > 0
    assert "nothing is left" in rest
    assert running.returncode == 2
    _assert_nothing_is_left(room)


def test_an_image_without_the_client_is_told(lab: Lab, room: Space) -> None:
    """It starts, and prints something else: the answer says so, and nothing is left."""
    done = _loadtest(lab, room, "deployment/web", f"--image={DEMO.name}")
    absent = _loadtest(lab, room, "deployment/web", "--image=localhost/nothing/of:that-name")

    assert "No module named" in done.stderr
    assert "does not start" in absent.stderr
    assert (done.returncode, absent.returncode) == (2, 2)
    _assert_nothing_is_left(room)


@pytest.fixture
def reader(lab: Lab, room: Space, tmp_path: Path) -> Path:
    """The kubeconfig of somebody who may read everything in the namespace and make nothing."""
    room.kubectl("create", "serviceaccount", "reader")
    room.kubectl("create", "rolebinding", "reader", "--clusterrole=view", f"--serviceaccount={room.name}:reader")
    kubeconfig = yaml.safe_load(lab.kubeconfig.read_text())
    kubeconfig["users"][0]["user"] = {"token": room.kubectl("create", "token", "reader").strip()}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    return tmp_path / "kubeconfig"


def test_whoever_may_make_no_jobs_is_told(lab: Lab, room: Space, reader: Path) -> None:
    """The load is sent with the rights of who asks for it, and with no others."""
    done = _loadtest(lab, room, "deployment/web", kubeconfig=reader)

    assert "cannot create resource" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2
