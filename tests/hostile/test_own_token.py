"""Who gets to see a person's credentials when the kubelets' counters are asked for."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from unit.cli.commands import probetuner

TOKEN = "A-PERSONS-TOKEN"
NODES = ("n1", "n2")


class Kubelet(socketserver.ThreadingTCPServer):
    """Where the kubelets of all nodes listen; it hangs up on whoever calls, and counts them."""

    calls = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)

    def verify_request(self, *_: object) -> bool:
        """Hang up."""
        self.calls += 1
        return False


class ApiServer(ThreadingHTTPServer):
    """An API server with two nodes and a pod on each of them, which may refuse to proxy to kubelets."""

    def __init__(self, *, kubelet_port: int, proxies: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.kubelet_port = kubelet_port
        self.proxies = proxies


class _Answer(BaseHTTPRequestHandler):
    server: ApiServer

    def do_GET(self) -> None:
        """Answer as an API server does."""
        if "/proxy/" in self.path and self.server.proxies:
            self._send(200, b"")
        elif "/proxy/" in self.path:
            self._send(403, json.dumps({"message": "nodes proxy is forbidden"}).encode())
        else:
            of_kind = {"nodes": self._node, "pods": self._pod}.get(self.path.partition("?")[0].rpartition("/")[2])
            items = [of_kind(name) for name in NODES] if of_kind else []
            self._send(200, json.dumps({"items": items, "metadata": {}}).encode())

    def _node(self, name: str) -> dict[str, object]:
        address = {"type": "InternalIP", "address": "127.0.0.1"}
        endpoints = {"kubeletEndpoint": {"Port": self.server.kubelet_port}}
        return {"metadata": {"name": name}, "status": {"addresses": [address], "daemonEndpoints": endpoints}}

    def _pod(self, node: str) -> dict[str, object]:
        metadata = {"name": f"on-{node}", "namespace": "default", "uid": node}
        return {"metadata": metadata, "spec": {"nodeName": node, "containers": [{"name": "app"}]}}

    def _send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def kubelet() -> Iterator[Kubelet]:
    """The kubelets."""
    with Kubelet() as server, _serving(server):
        yield server


@pytest.fixture(params=[True, False], ids=["proxied", "proxy-refused"])
def proxies(
    request: pytest.FixtureRequest, kubelet: Kubelet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[bool]:
    """A cluster that the kubeconfig names; whether its API server proxies to kubelets."""
    with ApiServer(kubelet_port=kubelet.server_address[1], proxies=request.param) as server, _serving(server):
        content = {
            "current-context": "prod",
            "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "jane"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "jane", "user": {"token": TOKEN}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(content))
        kubeconfig = "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"
        monkeypatch.setattr(kubeconfig, str(tmp_path / "kubeconfig"))
        yield bool(request.param)


def test_by_itself_nobodys_token_goes_to_a_node(*, proxies: bool, kubelet: Kubelet) -> None:
    """No kubelet is called, may the proxy be used or not; where it may not, that is told once for all nodes."""
    done = probetuner("analyze")

    assert kubelet.calls == 0
    assert done.stderr.count("nodes proxy is forbidden") == (0 if proxies else 1)
    assert ("--kubelets direct" in done.stderr) is not proxies


@pytest.mark.usefixtures("proxies")
def test_where_it_was_asked_for_it_is_said_whose_token_goes_where(kubelet: Kubelet) -> None:
    """The sentence names the user, the context and each node, comes once, and holds no token."""
    done = probetuner("analyze", "--kubelets", "direct")

    assert kubelet.calls == len(NODES)
    said = "the bearer token of user jane of context prod goes to the kubelets of these nodes: "
    assert done.stderr.count(f"probetuner: {said}n1 at 127.0.0.1, n2 at 127.0.0.1\n") == 1
    assert TOKEN not in done.stderr


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
