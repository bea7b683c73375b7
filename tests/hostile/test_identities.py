"""What the two identities of the chart may do, as a real API server and a real kubelet see it."""

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import aiohttp
import pytest

from cluster.charts import NAMESPACE
from cluster.operator_process import OperatorProcess, Space, deployment, network_of, wait_for, within
from cluster.users import Person, account, kubeconfig_with
from lab import Lab
from probetuner.cluster.api import Api
from probetuner.cluster.connection import Connection, connect
from probetuner.cluster.errors import StatusError
from probetuner.cluster.names import NamespacedName
from probetuner.cluster.tokens import LIFETIME_SECONDS, AccountToken
from probetuner.sources.kubelet import PATHS

pytestmark = pytest.mark.cluster

KUBELET_ACCOUNT = NamespacedName(namespace=NAMESPACE, name="probetuner-kubelet")


@pytest.fixture
def operator(installed: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """The way to the API server of who holds the operator's own token."""
    kubeconfig = str(account(installed, NAMESPACE, "probetuner", folder=tmp_path))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", kubeconfig)
    return connect()


@pytest.fixture
async def scrape_token(operator: Connection) -> str:
    """The token that the operator shows to kubelets, as it gets it."""
    api = Api(operator)
    try:
        return await AccountToken(api, KUBELET_ACCOUNT, clock=lambda: 0.0).current()
    finally:
        api.close()


async def test_the_scrape_token_reads_the_two_pages_and_nothing_else_of_a_kubelet(lab: Lab, scrape_token: str) -> None:
    """The kubelet gives its counters for it; pods, configuration, logs and commands it refuses."""
    asked = {path: await _status(lab, path, scrape_token) for path in (*PATHS, *_FORBIDDEN)}

    assert {path: asked[path] for path in PATHS} == dict.fromkeys(PATHS, 200)
    assert {path: asked[path] for path in _FORBIDDEN} == dict.fromkeys(_FORBIDDEN, 403)


def test_the_scrape_token_is_worth_nothing_at_the_api_server(installed: Lab, scrape_token: str, tmp_path: Path) -> None:
    """A node that is given it can list no pods with it, read no Secrets, change nothing and make no other token."""
    node = Person(installed, kubeconfig_with(scrape_token, installed, tmp_path / "node"))

    assert 'User "system:serviceaccount:probetuner-system:probetuner-kubelet"' in node.refused("get", "pods", "-A")
    for request in (
        ("get", "secrets", "-A"),
        ("get", "nodes"),
        ("get", "probepolicies", "-A"),
        ("create", "token", "probetuner", f"--namespace={NAMESPACE}"),
        ("create", "token", "probetuner-kubelet", f"--namespace={NAMESPACE}"),
        ("get", "--raw", "/api/v1/nodes/node-1/proxy/metrics/probes"),
        ("delete", "deployment", "any"),
    ):
        assert "orbidden" in node.refused(*request), request


def test_the_scrape_token_is_good_for_ten_minutes(scrape_token: str) -> None:
    """It expires soon, whoever has it."""
    claims = json.loads(_decoded(scrape_token.split(".")[1]))

    assert claims["exp"] - claims["iat"] == LIFETIME_SECONDS == 600


async def test_the_operator_makes_tokens_of_that_account_alone(operator: Connection) -> None:
    """Not of its own, and not of anybody's in another namespace."""
    api = Api(operator)
    try:
        for namespace, name in ((NAMESPACE, "probetuner"), (NAMESPACE, "default"), ("kube-system", "default")):
            with pytest.raises(StatusError) as refusal:
                await AccountToken(api, NamespacedName(namespace=namespace, name=name), clock=lambda: 0.0).current()
            assert refusal.value.code == 403
    finally:
        api.close()


class Listener(BaseHTTPRequestHandler):
    """A node that was taken over: it notes what it is shown."""

    shown: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer as a kubelet without pods does."""
        self.shown.append(self.headers.get("Authorization", ""))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def evil_node(installed: Lab) -> Iterator[str]:
    """A Node whose kubelet is a listener in the lab's network, with a certificate that the cluster trusts."""
    server = within(network_of(installed), lambda: ThreadingHTTPServer(("127.0.0.1", 0), Listener))
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(installed.state / "pki" / "kubelet.crt", installed.state / "pki" / "kubelet.key")
    server.socket = trust.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "evil"}}
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": server.server_port}},
    }
    installed.kubectl("create", "-f", "-", input=json.dumps(node))
    installed.kubectl("patch", "node", "evil", "--subresource=status", "-p", json.dumps({"status": status}))
    yield "evil"
    installed.kubectl("delete", "node", "evil")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_node_that_was_taken_over_never_sees_the_operator(
    installed: Lab, space: Space, evil_node: str, tmp_path: Path
) -> None:
    """What the operator shows to the kubelet of a served pod's node is a token of the other account."""
    space.apply(deployment("web", "Observe", replicas=1, node=evil_node))
    kubeconfig = account(installed, NAMESPACE, "probetuner", folder=tmp_path)
    flags = (f"--kubelet-account={KUBELET_ACCOUNT}", "--scrape-interval-seconds=1", "--lease=kube-system/probetuner")
    operator = OperatorProcess(installed, tmp_path / "log", *flags, kubeconfig=kubeconfig)
    try:
        wait_for(lambda: len(Listener.shown) >= len(PATHS), "the kubelet is asked", seconds=60)
    finally:
        operator.kill()

    tokens = {shown.removeprefix("Bearer ") for shown in Listener.shown}
    subjects = {json.loads(_decoded(token.split(".")[1]))["sub"] for token in tokens}
    assert subjects == {f"system:serviceaccount:{KUBELET_ACCOUNT.namespace}:{KUBELET_ACCOUNT.name}"}


def test_without_that_account_no_kubelet_is_asked(installed: Lab, space: Space, evil_node: str, tmp_path: Path) -> None:
    """An operator that is known by a token has nothing else to show, so it shows nothing, and says what to name."""
    Listener.shown.clear()
    space.apply(deployment("web", "Observe", replicas=1, node=evil_node))
    kubeconfig = account(installed, NAMESPACE, "probetuner", folder=tmp_path)
    flags = ("--scrape-interval-seconds=1", "--lease=kube-system/probetuner")
    operator = OperatorProcess(installed, tmp_path / "log", *flags, kubeconfig=kubeconfig)
    try:
        wait_for(
            lambda: "--kubelet-account" in space.condition("deployment-web", "CountersAvailable").get("message", ""),
            "the reason",
            seconds=60,
        )
    finally:
        operator.kill()

    assert Listener.shown == []


async def test_the_operators_own_token_opens_no_kubelet(installed: Lab, tmp_path: Path) -> None:
    """So there is no use in sending it there by mistake."""
    content = account(installed, NAMESPACE, "probetuner", folder=tmp_path).read_text()
    token = content.partition("token: ")[2].split()[0]

    assert {await _status(installed, path, token) for path in (*PATHS, *_FORBIDDEN)} == {403}


async def _status(lab: Lab, path: str, token: str) -> int:
    url = urlsplit(lab.kubelet_url)
    trust = ssl.create_default_context(cafile=str(lab.authority))
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        asyncio.timeout(10),
        aiohttp.ClientSession() as session,
        session.get(f"https://{url.hostname}:{url.port}{path}", headers=headers, ssl=trust) as answer,
    ):
        return answer.status


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


_FORBIDDEN = (
    "/pods",
    "/runningpods/",
    "/configz",
    "/logs/",
    "/stats/summary",
    "/containerLogs/default/web/web",
    "/exec/default/web/web?command=id&output=1",
)
