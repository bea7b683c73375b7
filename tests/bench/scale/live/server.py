"""A real API server on loopback, with etcd and nothing else: what is written stays as it is.

No controller runs, so that objects without a kubelet are what they are told to be. An audit log has each request of
the programs that are measured.
"""

import json
import secrets
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.api import Api
from lab.binaries import binaries
from lab.boot import wait_until
from lab.errors import LabError
from lab.network import NODE_ADDRESS, SERVICE_RANGE
from lab.pki import write_pki

OPERATOR, RECOMMENDER = "admin", "recommender"
"""The users of the programs that are measured: the first has a client certificate, which kubelets take too."""
LOADER = "loader"
"""The user of the measurement itself, whose requests are not counted."""
_READY_SECONDS = 120.0
_LAST_SECONDS = 20.0
_LAST_WORDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where it listens on loopback, with what certificates, and who signs in with which token."""

    folder: Path
    port: int
    tokens: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def pki(self) -> Path:
        """The folder of its certificates, those of kubelets among them."""
        return self.folder / "pki"

    @property
    def audit(self) -> Path:
        """Its audit log, a line of JSON for each request."""
        return self.folder / "audit.log"

    def kubeconfig(self, user: str) -> Path:
        """Write the kubeconfig of a user."""
        token = self.tokens.get(user)
        files = {"client-certificate": f"{self.pki}/{user}.crt", "client-key": f"{self.pki}/{user}.key"}
        document: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "bench", "cluster": {"server": self.url, "certificate-authority": f"{self.pki}/ca.crt"}}
            ],
            "users": [{"name": user, "user": {"token": token} if token else files}],
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": user}}],
            "current-context": "bench",
        }
        path = self.folder / f"{user}.kubeconfig"
        path.write_text(yaml.safe_dump(document))
        return path


@contextmanager
def api_server(folder: Path) -> Iterator[Server]:
    """Run one with everything that it keeps in that folder. Raises LabError when it does not become ready."""
    etcd, peers, port = free_ports(3)
    server = Server(folder=folder, port=port, tokens={user: secrets.token_hex(16) for user in (RECOMMENDER, LOADER)})
    write_pki(server.pki)
    (folder / "tokens.csv").write_text(
        "".join(f'{token},{user},{user},"system:masters"\n' for user, token in server.tokens.items())
    )
    (folder / "audit.json").write_text(json.dumps(_AUDITED))
    with ExitStack() as running:
        running.enter_context(started(_etcd(folder, etcd, peers), folder / "etcd.log"))
        log = folder / "apiserver.log"
        process = running.enter_context(started(_apiserver(server, etcd), log))
        asked = Api(port=port, pki=server.pki)
        wait_until(
            lambda: process.poll() is not None or asked.ready(), "the API server is not ready", seconds=_READY_SECONDS
        )
        if process.poll() is not None:
            raise LabError(f"the API server ended, with the last words {log.read_text()[-_LAST_WORDS:]}")
        yield server


@contextmanager
def started(
    command: Sequence[str], log: Path, *, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the context ends, or this process, in whatever way it does."""
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=environment,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_LAST_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _etcd(folder: Path, port: int, peers: int) -> list[str]:
    return [
        f"{binaries()}/etcd",
        f"--data-dir={folder}/etcd",
        f"--listen-client-urls=http://127.0.0.1:{port}",
        f"--advertise-client-urls=http://127.0.0.1:{port}",
        f"--listen-peer-urls=http://127.0.0.1:{peers}",
        "--unsafe-no-fsync",
    ]


def _apiserver(server: Server, etcd: int) -> list[str]:
    pki, folder = server.pki, server.folder
    return [
        f"{binaries()}/kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        # No loopback address may be told to others; nobody is told.
        f"--advertise-address={NODE_ADDRESS}",
        "--endpoint-reconciler-type=none",
        f"--secure-port={server.port}",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--token-auth-file={folder}/tokens.csv",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",  # nobody makes a default account in new namespaces
        f"--requestheader-client-ca-file={pki}/ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        f"--proxy-client-cert-file={pki}/front-proxy.crt",
        f"--proxy-client-key-file={pki}/front-proxy.key",
        f"--audit-policy-file={folder}/audit.json",
        f"--audit-log-path={server.audit}",
    ]


def free_ports(count: int) -> list[int]:
    """Ports of loopback on which nobody listens now."""
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


_AUDITED = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "users": [OPERATOR, RECOMMENDER]}, {"level": "None"}],
}
