"""What somebody with the role edit in one namespace can do to another's, and who may lift an Off."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cluster.charts import NAMESPACE
from cluster.operator_process import OperatorProcess, Space, deployment, policy, wait_for
from cluster.users import Person, account
from lab import Lab
from probetuner.history import codec
from probetuner.history.life import Life

pytestmark = pytest.mark.cluster

Object = dict[str, Any]
MakeUser = Callable[..., Person]

_WORD = "ValidatingAdmissionPolicy 'probetuner-override-off'"


@pytest.fixture
def operator(installed: Lab, tmp_path: Path) -> Iterator[OperatorProcess]:
    """The operator as the chart runs it."""
    kubeconfig = account(installed, NAMESPACE, "probetuner", folder=tmp_path)
    installed.kubectl("delete", "lease", "probetuner", "--namespace=kube-system", "--ignore-not-found")
    process = OperatorProcess(installed, tmp_path / "log", *_FLAGS, kubeconfig=kubeconfig)
    try:
        process.wait_ready()
        yield process
    finally:
        process.kill()


@pytest.fixture
def elsewhere(installed: Lab) -> Iterator[Space]:
    """A namespace of somebody else's."""
    space = Space(installed, f"elsewhere-{uuid4().hex[:8]}")
    installed.kubectl("create", "namespace", space.name)
    yield space
    installed.kubectl("delete", "namespace", space.name, "--wait=false")


@pytest.fixture
def somebody(installed: Lab, space: Space, tmp_path: Path) -> MakeUser:
    """Makes somebody who has a role of the cluster's in the namespace, or just these rules."""

    def make(name: str, *, role: str = "", verbs: str = "") -> Person:
        space.kubectl("create", "serviceaccount", name)
        if verbs:
            space.kubectl("create", "role", name, f"--verb={verbs}", "--resource=probepolicies.probetuner.dev")
        what = f"--clusterrole={role}" if role else f"--role={name}"
        space.kubectl("create", "rolebinding", name, what, f"--serviceaccount={space.name}:{name}")
        return Person(installed, account(installed, space.name, name, folder=tmp_path))

    return make


def test_edit_in_one_namespace_writes_nothing_that_counts_in_another(
    space: Space, elsewhere: Space, somebody: MakeUser
) -> None:
    """The cluster's role edit lets its holder write policies in the own namespace, and neither status nor history."""
    tenant = somebody("tenant", role="edit")
    elsewhere.apply(deployment("web", "Recommend"))
    space.apply(deployment("web"))
    own, other = f"--namespace={space.name}", f"--namespace={elsewhere.name}"
    wait_for(lambda: not tenant.refused("get", "probepolicies", own), "the role is aggregated")

    assert tenant.refused("create", own, "-f", "-", input=json.dumps(policy("mine", "web", "Observe"))) == ""
    status = json.dumps({"status": {"phase": "Applying"}})
    for request, body in (
        (("create", other, "-f", "-"), json.dumps(policy("mine", "web", "Apply"))),
        (("create", other, "-f", "-"), json.dumps(_event(elsewhere.name, "web-0", "uid"))),
        (("annotate", "deployment", "web", other, "probetuner.dev/mode=Apply"), None),
        (("get", "probepolicies", other), None),
        (("patch", "probepolicy", "mine", own, "--subresource=status", "--type=merge", "-p", status), None),
        (("create", own, "-f", "-"), json.dumps(_history("deployment-web"))),
        (("delete", "probepolicies", "--all", "-A"), None),
    ):
        assert "orbidden" in tenant.refused(*request, input=body), request


def test_nothing_in_one_namespace_changes_what_is_decided_in_another(
    operator: OperatorProcess, space: Space, elsewhere: Space, somebody: MakeUser
) -> None:
    """Events, policies, pods and annotations that name, copy or claim somebody else's workload say nothing of it."""
    tenant = somebody("tenant", role="edit")
    elsewhere.apply(deployment("web", "Observe", replicas=1))
    space.apply(deployment("web", replicas=1))
    pod = wait_for(lambda: _running_pod(elsewhere), "a pod of somebody else's", seconds=60)
    wait_for(lambda: elsewhere.status("deployment-web").get("phase"), "the status of somebody else's")
    victim = elsewhere.get("deployment", "web") or {}
    own = f"--namespace={space.name}"
    wait_for(lambda: not tenant.refused("get", "probepolicies", own), "the role is aggregated")
    before = _decided(elsewhere)

    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": victim["metadata"]["uid"]}
    claiming = policy("deployment-web", "web", "Apply")
    claiming["metadata"] |= {"ownerReferences": [owner], "labels": {"app.kubernetes.io/managed-by": "probetuner"}}
    copied = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod["metadata"]["name"],
            "labels": pod["metadata"]["labels"],
            "ownerReferences": pod["metadata"]["ownerReferences"],
        },
        "spec": {"containers": [{"name": "web", "image": "localhost/none:1", "imagePullPolicy": "Never"}]},
    }
    forged = [_event(space.name, pod["metadata"]["name"], pod["metadata"]["uid"]) for _ in range(5)]
    for body in (claiming, copied, *forged, policy("mine", "web", "Observe")):
        tenant.kubectl("create", own, "-f", "-", input=json.dumps(body))
    tenant.kubectl("annotate", "deployment", "web", own, "probetuner.dev/mode=Apply", "probetuner.dev/approve=any")

    wait_for(lambda: space.status("mine").get("phase"), "the operator has seen the policy", seconds=60)
    told_last = wait_for(lambda: _running_pod(space, but=pod["metadata"]["name"]), "a pod of the tenant's", seconds=60)
    tenant.kubectl("create", own, "-f", "-", input=json.dumps(_event(space.name, **_named(told_last))))
    wait_for(lambda: _announced(space), "the operator has seen the last Event", seconds=120)
    assert operator.stop() == 0
    assert _decided(elsewhere) == before
    assert (elsewhere.get("deployment", "web") or {})["metadata"]["generation"] == victim["metadata"]["generation"]
    assert {life.pod_uid for life in _lives(elsewhere)} == {pod["metadata"]["uid"]}
    assert not _announced(elsewhere)


def test_who_may_not_patch_a_workload_cannot_lift_its_off(
    operator: OperatorProcess, space: Space, somebody: MakeUser
) -> None:
    """The API server asks whether who sets overrideOff may patch the workload; without it, Off holds."""
    space.apply(deployment("web", "Off"))
    writer = somebody("writer", verbs="get,create,update,patch,delete")
    own = f"--namespace={space.name}"
    lifting = policy("mine", "web", "Observe")
    lifting["spec"]["overrideOff"] = True

    tried = ("create", own, "--dry-run=server", "-f", "-")
    said = wait_for(lambda: writer.refused(*tried, input=json.dumps(lifting)), "a refusal")
    assert _WORD in said
    assert "only who may patch Deployment/web may set it" in said
    writer.kubectl("create", own, "-f", "-", input=json.dumps(policy("mine", "web", "Observe")))
    observing = wait_for(lambda: space.condition("mine", "Observing"), "the condition")
    assert (observing["reason"], space.status("mine")["modeFrom"]) == ("OffByWorkload", "Workload")

    patch = ("patch", "probepolicy", "mine", own, "--type=merge", "-p")
    lift = json.dumps({"spec": {"overrideOff": True}})
    assert _WORD in writer.refused(*patch, lift)
    editor = somebody("editor", role="edit")
    wait_for(lambda: not editor.refused(*patch, lift), "who may patch the workload may lift it")
    wait_for(lambda: space.status("mine").get("mode") == "Observe", "the mode in force")

    # What lifts an Off is changed by nobody less; what is no part of it, by whoever may change the object.
    assert _WORD in writer.refused(*patch, json.dumps({"spec": {"mode": "Apply"}}))
    assert writer.refused(*patch, json.dumps({"metadata": {"labels": {"a": "b"}}})) == ""
    assert operator.is_alive()


def test_kube_system_is_in_no_default_mode(installed: Lab, space: Space, tmp_path: Path) -> None:
    """A default mode serves what says nothing, but not where the cluster lives, unless the workload says so itself."""
    system = Space(installed, "kube-system")
    names = [f"{word}-{uuid4().hex[:8]}" for word in ("silent", "asking")]
    silent, asking = names
    space.apply(deployment("web"))
    try:
        system.apply(deployment(silent))
        system.apply(deployment(asking, "Observe"))
        operator = OperatorProcess(installed, tmp_path / "log", "--default-mode=Observe")
        try:
            for where, name in ((space, "web"), (system, asking)):
                wait_for(lambda: where.status(f"deployment-{name}"), f"{name} is served", seconds=60)  # noqa: B023
            assert operator.stop() == 0
        finally:
            operator.kill()
        assert system.get("probepolicy", f"deployment-{silent}") is None
    finally:
        system.kubectl("delete", "deployment", *names)


def _running_pod(space: Space, *, but: str = "") -> Object | None:
    pods = json.loads(space.kubectl("get", "pods", "-o", "json"))["items"]
    running = (pod for pod in pods if pod["status"].get("phase") == "Running")
    return next((pod for pod in running if pod["metadata"]["name"] != but), None)


def _named(pod: Object) -> dict[str, str]:
    return {"pod": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}


def _lives(space: Space) -> list[Life]:
    saved = (space.get("probehistory", "deployment-web") or {}).get("data")
    if saved is None:
        return []
    return [life for entry in codec.decode(saved["state"], version=saved["version"]).containers for life in entry.lives]


def _announced(space: Space) -> bool:
    """Whether the history remembers that a kill was announced."""
    return any(life.killed_by for life in _lives(space))


def _decided(space: Space) -> Object:
    """What stands in the status, but for what only counts on."""
    status = space.status("deployment-web")
    return {name: value for name, value in status.items() if name in ("mode", "modeFrom", "phase", "finding", "patch")}


def _event(namespace: str, pod: str, uid: str) -> Object:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    involved = {"kind": "Pod", "namespace": namespace, "name": pod, "uid": uid, "fieldPath": "spec.containers{web}"}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"forged-{uuid4().hex[:8]}", "namespace": namespace},
        "involvedObject": involved,
        "reason": "Killing",
        "type": "Normal",
        "message": "Container web failed liveness probe, will be restarted",
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": now,
        "lastTimestamp": now,
    }


def _history(name: str) -> Object:
    return {
        "apiVersion": "probetuner.dev/v1alpha1",
        "kind": "ProbeHistory",
        "metadata": {"name": name},
        "data": {"version": 1, "updated": "2026-01-01T00:00:00Z", "state": "{}"},
    }


_FLAGS = (
    f"--kubelet-account={NAMESPACE}/probetuner-kubelet",
    "--lease=kube-system/probetuner",
    "--honour-override-off",
    "--scrape-interval-seconds=1",
)
