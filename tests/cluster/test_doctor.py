"""The doctor on a real cluster: whole, with a rule cut, with a kubelet that is paused."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cluster import charts
from cluster.operator_process import OperatorProcess, Space, deployment, network_of, wait_for
from cluster.users import account
from lab import Lab
from lab.network import API_PORT, NODE, NODE_ADDRESS

pytestmark = pytest.mark.cluster

Json = dict[str, Any]
Consult = Callable[[], tuple[int, Json]]


@pytest.fixture
def consult(installed: Lab, tmp_path: Path) -> Iterator[Consult]:
    """The doctor as the operator's account, from where the operator is; the operator runs, and looks installed."""
    operator = _deployment(installed)
    installed.kubectl("create", "-f", "-", input=json.dumps(operator))
    kubeconfig = account(installed, charts.NAMESPACE, charts.RELEASE, folder=tmp_path)
    here = tmp_path / "here.kubeconfig"
    here.write_text(_from_within(kubeconfig.read_text()))
    lease = next(word for word in operator["spec"]["template"]["spec"]["containers"][0]["args"] if "--lease=" in word)
    process = OperatorProcess(installed, tmp_path / "log", lease, kubeconfig=kubeconfig)

    def examine() -> tuple[int, Json]:
        command = [Path(sys.executable).with_name("probetuner"), "doctor", "--kubelets", "direct", "-o", "json"]
        done = subprocess.run(
            ["nsenter", f"--net={network_of(installed)}", *map(str, command)],
            env={**os.environ, "KUBECONFIG": str(here)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    try:
        process.wait_ready()
        yield examine
    finally:
        process.kill()
        installed.kubectl("delete", "deployment", charts.RELEASE, "-n", charts.NAMESPACE)


def _deployment(lab: Lab) -> Json:
    """The chart's Deployment, held at no replicas by a node that there is not: the operator runs beside the lab."""
    (found,) = charts.of_kind(charts.render(lab, "apply.enabled=true"), "Deployment")
    found["spec"]["template"]["spec"]["nodeSelector"] = {"probetuner.dev/nowhere": "true"}
    return found


def _from_within(kubeconfig: str) -> str:
    """The same kubeconfig for somebody in the lab's network."""
    return "\n".join(
        f"    server: https://{NODE_ADDRESS}:{API_PORT}" if line.strip().startswith("server:") else line
        for line in kubeconfig.splitlines()
    )


def _of(found: Json, area: str, state: str) -> list[Json]:
    return [check for check in found["checks"] if (check["area"], check["state"]) == (area, state)]


def _wrong(found: Json) -> list[Json]:
    """What is wrong, but for the Deployment itself, whose pods are not there."""
    return [check for check in found["checks"] if check["state"] == "wrong" and check["area"] != "operator"]


def test_on_a_healthy_lab_nothing_is_wrong(consult: Consult) -> None:
    """All that the chart gives is enough, the kubelet's certificate is believed, and the Lease is held."""
    _, found = wait_for(lambda: _if_led(consult()), "the Lease is held")

    assert _wrong(found) == []
    assert found["summary"]["unknown"] == 0
    (kubelet,) = _of(found, "kubelets", "ok")
    assert kubelet["nodes"] == [NODE]
    assert found["nodes"][0]["certificate"]["names"]
    assert _of(found, "lease", "ok")
    assert found["rightsOf"]["user"] == f"system:serviceaccount:{charts.NAMESPACE}:{charts.RELEASE}"


def _if_led(answer: tuple[int, Json]) -> tuple[int, Json] | None:
    return answer if _of(answer[1], "lease", "ok") else None


@contextmanager
def _without(lab: Lab, role: str, resource: str, verb: str) -> Iterator[None]:
    """A ClusterRole without one verb on a resource, for as long as the context lasts."""
    whole = json.loads(lab.kubectl("get", "clusterrole", role, "-o", "json"))
    for kept in ("resourceVersion", "uid", "creationTimestamp", "managedFields"):
        whole["metadata"].pop(kept, None)
    cut = json.loads(json.dumps(whole))
    cut["rules"] = [
        {**rule, "resources": [one], "verbs": [v for v in rule["verbs"] if (one, v) != (resource, verb)]}
        for rule in whole["rules"]
        for one in rule["resources"]
    ]
    lab.kubectl("replace", "-f", "-", input=json.dumps(cut))
    try:
        yield
    finally:
        lab.kubectl("replace", "-f", "-", input=json.dumps(whole))


def test_a_rule_that_was_cut_is_named(installed: Lab, consult: Consult) -> None:
    """The API server's own answer leads to the rule that is missing."""
    with _without(installed, f"{charts.RELEASE}-own", "probehistories", "patch"):
        code, found = wait_for(lambda: _if_wrong(consult()), "the rule is missed")

    (missed,) = _wrong(found)
    assert code == 1
    assert missed["rule"] == {"apiGroups": ["probetuner.dev"], "resources": ["probehistories"], "verbs": ["patch"]}


def _if_wrong(answer: tuple[int, Json]) -> tuple[int, Json] | None:
    return answer if _wrong(answer[1]) else None


def test_a_kubelet_that_is_paused_is_named(installed: Lab, consult: Consult) -> None:
    """The node is named, and all else is told all the same."""
    installed.pause_component("kubelet")
    try:
        code, found = consult()
    finally:
        installed.resume_component("kubelet")

    (missed,) = _of(found, "kubelets", "wrong")
    assert (code, missed["nodes"]) == (1, [NODE])
    assert "do not answer" in missed["message"]
    assert _of(found, "permissions", "ok")


def test_certificates_that_are_not_believed_are_told_by_the_operator(
    start_operator: Callable[..., OperatorProcess], crds: Lab, space: Space
) -> None:
    """The condition is False with the reason, the column shows it, the metric counts the node; trusted, it is True."""
    space.create(deployment("web", "Observe", replicas=1, node=NODE))
    other = crds.state / "pki" / "front-proxy.crt"
    operator = start_operator(f"--kubelet-ca={other}")
    operator.wait_ready()
    wait_for(
        lambda: space.condition("deployment-web", "CountersAvailable").get("reason") == "CertificatesNotTrusted",
        lambda: f"the condition is {space.condition('deployment-web', 'CountersAvailable')}",
    )
    assert space.condition("deployment-web", "CountersAvailable")["status"] == "False"
    assert operator.metric('probetuner_nodes{state="untrusted"}') == 1.0
    assert space.kubectl("get", "probepolicy", "-o", "wide").splitlines()[1].split()[-1] == "EventsOnly"
    operator.stop()

    start_operator().wait_ready()
    wait_for(
        lambda: space.condition("deployment-web", "CountersAvailable").get("status") == "True", "counters are there"
    )
    assert space.status("deployment-web")["source"] == "EventsAndCounters"
