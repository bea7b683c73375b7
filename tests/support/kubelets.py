"""Kubelets on loopback, with certificates of whoever is to have signed them."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

PAGE = 'prober_probe_total{container="a",namespace="shop",pod="p",probe_type="Liveness",result="successful"} 3\n'
_CONFIGURATION = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = IP:127.0.0.1,DNS:node-1
"""
_REQUEST = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9")


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A serving certificate with its key, and the certificate of the authority that signed it."""

    certificate: Path
    key: Path
    authority: Path


def sign(folder: Path, *, authority: str) -> Signed:
    """Make an authority of that name, and have it sign a certificate for a node on loopback."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "openssl.cnf").write_text(_CONFIGURATION)
    _run(folder, "authority", f"/CN={authority}", "ca.crt", "ca.key")
    _run(
        folder,
        "leaf",
        "/O=system:nodes/CN=system:node:node-1",
        "leaf.crt",
        "leaf.key",
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
    )
    return Signed(certificate=folder / "leaf.crt", key=folder / "leaf.key", authority=folder / "ca.crt")


def _run(folder: Path, extensions: str, subject: str, certificate: str, key: str, *signer: str) -> None:
    request = [*_REQUEST, "-config", "openssl.cnf", "-extensions", extensions, "-subj", subject]
    subprocess.run(
        [*request, "-out", certificate, "-keyout", key, *signer],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=30,
    )


@dataclass(kw_only=True)
class Kubelet:
    """One that answers everything with that status; `tokens` are those that it was shown."""

    signed: Signed
    status: int = 200
    port: int = 0
    tokens: list[str | None] = field(default_factory=list)

    def node(self, name: str) -> dict[str, Any]:
        """The Node that it runs on."""
        return a_node(name, self.port)


def a_node(name: str, port: int) -> dict[str, Any]:
    """A Node whose kubelet listens on that port of loopback."""
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    return {"kind": "Node", "metadata": {"name": name}, "status": status}


@contextmanager
def listening(kubelet: Kubelet) -> Iterator[Kubelet]:
    """The kubelet, on a free port, for as long as the context lasts."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kubelet.tokens.append(self.headers.get("Authorization"))
            content = PAGE.encode() if self.path == "/metrics/probes" else b"container_threads 1\n"
            self.send_response(kubelet.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(kubelet.signed.certificate, kubelet.signed.key)
    with _Server(("127.0.0.1", 0), Answer) as server:
        # Each connection speaks TLS in its own thread: one that ends early is no failure of the server.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        kubelet.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield kubelet
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Whoever does not believe the certificate hangs up, which is no fault."""
