"""`probetuner record` against an API server of its own: however it ends, what was recorded can be read."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from probetuner.model.problem import InvalidObjectError
from probetuner.sources.recording import Recording
from support.workloads import LIVENESS, container, deployment
from unit.cli.commands import probetuner

SECONDS_MOST = 60.0
WEB = container(livenessProbe=LIVENESS)
OBJECTS: dict[str, dict[str, Any]] = {
    "deployments": deployment(WEB),
    "pods": {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web-5d-a",
            "namespace": "shop",
            "uid": "uid-web-a",
            "labels": {"pod-template-hash": "5d"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d", "controller": True}],
        },
        "spec": {"containers": [WEB], "nodeName": "node-1"},
        "status": {},
    },
}
NODE = {"metadata": {"name": "node-1"}, "status": {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}]}}


class Api(ThreadingHTTPServer):
    """It tells of a Deployment, a pod and a node as soon as it is watched, and of nothing more."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.over = threading.Event()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Api

    def do_GET(self) -> None:
        """Answer as an API server does."""
        path, _, query = self.path.partition("?")
        if "watch=1" in query:
            self._tell(path.rpartition("/")[2])
        elif path == "/version":
            self._send(json.dumps({"gitVersion": "v1.35.4"}))
        elif "/proxy/" in path:
            self._send("# TYPE prober_probe_total counter\n")
        else:
            self._send(json.dumps({"items": [NODE] if path.endswith("/nodes") else [], "metadata": {}}))

    def _tell(self, resource: str) -> None:
        """Begin a watch with what there is, and let it go on until the server ends."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if resource in OBJECTS:
            line = json.dumps({"type": "ADDED", "object": OBJECTS[resource]}).encode() + b"\n"
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.server.over.wait()
        self.close_connection = True

    def _send(self, text: str) -> None:
        content = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    """Where the API server is told of."""
    with Api() as api:
        thread = threading.Thread(target=api.serve_forever)
        thread.start()
        content = {
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{api.server_port}"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(content))
        yield tmp_path / "kubeconfig"
        api.over.set()
        api.shutdown()
        thread.join()


@pytest.fixture
def recorder(kubeconfig: Path, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that records for a day, and is never left behind."""
    script = "from probetuner.cli.main import app; app()"
    command = [sys.executable, "-c", script, "record", str(tmp_path / "r"), "--seconds", "86400"]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path), "COLUMNS": "200"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def is_on_disk(folder: Path) -> bool:
    """Whether what the API server tells of can be read from the recording, and what the kubelet said."""
    try:
        return len(list(Recording(folder).records())) >= len(OBJECTS) + 1
    except InvalidObjectError:
        return False


def wait_for(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + SECONDS_MOST
    while not holds():
        assert time.monotonic() < until, f"{what} did not come within {SECONDS_MOST} s"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_recording_in_order(
    recorder: "subprocess.Popen[str]", asked: signal.Signals, tmp_path: Path
) -> None:
    """All that was recorded is there, with its end, and nothing is wrong with it; exit code 0."""
    wait_for(lambda: is_on_disk(tmp_path / "r"), "the first records")
    recorder.send_signal(asked)
    _, said = recorder.communicate(timeout=SECONDS_MOST)
    recording = Recording(tmp_path / "r")

    assert len(list(recording.records())) >= len(OBJECTS) + 1
    assert recording.problems == []
    assert recording.ended is not None
    assert recorder.returncode == 0, said
    assert "ended before the 86400 s were over" in said
    assert f"probetuner analyze {tmp_path / 'r'} reads them" in said


@pytest.mark.slow
def test_what_a_killed_process_recorded_is_judged(recorder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    """What was on disk is analysed; standard error says that each file is cut off, and where; exit code 2."""
    wait_for(lambda: is_on_disk(tmp_path / "r"), "the first records")
    recorder.kill()
    recorder.communicate(timeout=SECONDS_MOST)
    done = probetuner("analyze", tmp_path / "r", "-o", "json")

    (workload,) = json.loads(done.stdout)["workloads"]
    assert (workload["kind"], workload["name"]) == ("Deployment", "web")
    for name in ("watch.ndjson.gz", "metrics.ndjson.gz"):
        assert f"{tmp_path / 'r' / name} ends early after line " in done.stderr
    assert done.stderr.count("it is cut off at ") == 2
    assert done.exit_code == 2
