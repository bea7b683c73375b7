"""The fence around the right to patch: what the API server takes of the operator's own token, and what it refuses."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from cluster.charts import NAMESPACE
from cluster.operator_process import Space, wait_for
from cluster.users import Person, account
from lab import Lab, LabError
from probetuner.change.patch import build_patch
from probetuner.change.situation import Refusal, RefusalReason, WorkloadPatch
from probetuner.change.warrant import Warrant
from probetuner.cluster import workloads
from probetuner.cluster.api import Api
from probetuner.cluster.connection import connect
from probetuner.model.mode import Mode
from probetuner.model.policy import Allowance, Policy
from probetuner.model.workload import WorkloadKind, WorkloadRef, parse_workload
from probetuner.tuning.recommendation import Probes, Reaping

pytestmark = pytest.mark.cluster

Object = dict[str, Any]

_GUARD = "ValidatingAdmissionPolicy 'probetuner-guard' with binding 'probetuner-guard' denied request: probetuner may"
_SECONDS_TO_SEND = 30
_PROBE = {"httpGet": {"path": "/healthz", "port": 8000}, "timeoutSeconds": 5, "terminationGracePeriodSeconds": 5}


@pytest.fixture(scope="module")
def operator(installed: Lab, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Who holds the operator's own token."""
    return Person(installed, account(installed, NAMESPACE, "probetuner", folder=tmp_path_factory.mktemp("operator")))


@pytest.fixture(scope="module")
def room(lab: Lab, operator: Person) -> Iterator[Space]:
    """A namespace with one workload of each kind, once the API server knows the fence."""
    space = Space(lab, f"guard-{uuid4().hex[:8]}")
    lab.kubectl("create", "namespace", space.name)
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        space.create(_workload(kind))
    tried = {"spec": {"minReadySeconds": 7}}
    wait_for(lambda: _GUARD in _refusal(operator, space, tried, dry_run=True), "the fence is up")
    yield space
    lab.kubectl("delete", "namespace", space.name, "--wait=false")


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
def test_an_image_cannot_be_changed(operator: Person, room: Space, kind: str) -> None:
    """The patch that makes an operator dangerous is refused by the API server, with the reason."""
    said = _refusal(operator, room, _container(image="localhost/evil:1"), kind=kind)

    assert f"{_GUARD} change nothing of a container but its probes" in said


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(body, id=name)
        for name, body in {
            "label": {"metadata": {"labels": {"a": "b"}}},
            "annotation": {"metadata": {"annotations": {"probetuner.dev/mode": "Apply"}}},
            "owner": {
                "metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "b"}]}
            },
            "finalizer": {"metadata": {"finalizers": ["a.b/c"]}},
            "replicas": {"spec": {"replicas": 0}},
            "paused": {"spec": {"paused": True}},
            "strategy": {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}},
            "history": {"spec": {"revisionHistoryLimit": 0}},
            "template label": {"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}},
            "template annotation": {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}},
        }.items()
    ],
)
def test_nothing_of_a_workload_but_its_pods_can_be_changed(operator: Person, room: Space, body: Object) -> None:
    """Neither what it is called and marked with, nor how many pods it has and how they are rolled out."""
    assert _GUARD in _refusal(operator, room, body)


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(pod, id=next(iter(pod)))
        for pod in (
            {"serviceAccountName": "admin"},
            {"automountServiceAccountToken": False},
            {"hostNetwork": True},
            {"hostPID": True},
            {"hostUsers": True},
            {"nodeName": "node-1"},
            {"nodeSelector": {"a": "b"}},
            {"securityContext": {"runAsUser": 0}},
            {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]},
            {"runtimeClassName": "other"},
            {"schedulerName": "other"},
            {"imagePullSecrets": [{"name": "a"}]},
            {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}]},
            {"priorityClassName": "system-node-critical"},
            {"tolerations": [{"operator": "Exists"}]},
            {"dnsPolicy": "Default"},
            {"containers": [{"name": "other", "image": "localhost/evil:1"}]},
            {"initContainers": [{"name": "other", "image": "localhost/evil:1"}]},
            {"containers": [{"name": "side", "$patch": "delete"}]},
            {"$setElementOrder/containers": [{"name": "side"}, {"name": "web"}], "containers": [{"name": "web"}]},
        )
    ],
)
def test_nothing_of_a_pod_but_its_probes_can_be_changed(operator: Person, room: Space, pod: Object) -> None:
    """No identity, no node, no volume, no rights and no further containers."""
    assert _GUARD in _refusal(operator, room, _template(pod))


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(fields, id=f"{name}-{n}")
        for n, (name, fields) in enumerate(
            (name, {name: value})
            for name, value in (
                ("command", ["sh", "-c", "id"]),
                ("command", ["tini", "-s", "--", "python3", "-m", "http.server", "8000"]),
                ("command", ["tini", "--", "sh", "-c", "id"]),
                ("command", None),
                ("args", ["a"]),
                ("env", [{"name": "LD_PRELOAD", "value": "/evil.so"}]),
                ("envFrom", [{"secretRef": {"name": "a"}}]),
                ("securityContext", {"privileged": True}),
                ("volumeMounts", [{"name": "scratch", "mountPath": "/root"}]),
                ("lifecycle", {"postStart": {"exec": {"command": ["id"]}}}),
                ("resources", {"limits": {"memory": "1Gi"}}),
                ("ports", [{"containerPort": 9, "hostPort": 9}]),
                ("imagePullPolicy", "Always"),
                ("workingDir", "/"),
                ("tty", True),
                ("terminationMessagePath", "/etc/passwd"),
            )
        )
    ],
)
def test_nothing_of_a_container_but_its_probes_can_be_changed(operator: Person, room: Space, fields: Object) -> None:
    """What it runs, with what, and with which rights, stays as it is."""
    assert _GUARD in _refusal(operator, room, _container(**fields))
    assert _GUARD in _refusal(operator, room, _template({"initContainers": [{"name": "proxy", **fields}]}))


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
@pytest.mark.parametrize(
    "pod",
    [
        pytest.param({"containers": [{"name": "web", "livenessProbe": {"timeoutSeconds": 7}}]}, id="a number"),
        pytest.param({"containers": [{"name": "web", "livenessProbe": None}]}, id="a probe less"),
        pytest.param(
            {"containers": [{"name": "web", "readinessProbe": _PROBE | {"terminationGracePeriodSeconds": None}}]},
            id="a probe more",
        ),
        pytest.param({"containers": [{"name": "side", "startupProbe": _PROBE}]}, id="with a grace period"),
        pytest.param({"initContainers": [{"name": "proxy", "livenessProbe": _PROBE}]}, id="of a sidecar"),
        pytest.param({"shareProcessNamespace": True}, id="a shared process namespace"),
        pytest.param({"terminationGracePeriodSeconds": 33}, id="the pod's grace period"),
    ],
)
def test_what_tunes_probes_is_taken(operator: Person, room: Space, kind: str, pod: Object) -> None:
    """A change of probes, and its opposite, pass the fence."""
    before = (room.get(kind, "web") or {})["spec"]["template"]["spec"]

    assert _refusal(operator, room, _template(pod), kind=kind) == ""
    made = _workload({v.lower(): v for v in _KINDS}[kind])
    wait_for(lambda: _is_replaced(room, made), "it is as it was made")

    after = (room.get(kind, "web") or {})["spec"]["template"]["spec"]
    assert after == before


@pytest.mark.parametrize("handler", ["httpGet", "tcpSocket"])
@pytest.mark.parametrize("probe", ["livenessProbe", "readinessProbe", "startupProbe"])
def test_no_probe_can_be_made_to_ask_another_host(operator: Person, room: Space, probe: str, handler: str) -> None:
    """The kubelet asks with the node's own address, so a host in a probe opens what the pod itself cannot reach."""
    elsewhere = {handler: {"host": "169.254.169.254", "port": 80}, "exec": None}
    elsewhere |= {other: None for other in ("httpGet", "tcpSocket") if other != handler}

    assert f"{_GUARD} not have a probe ask another host" in _refusal(operator, room, _container(**{probe: elsewhere}))
    sidecar = _template({"initContainers": [{"name": "proxy", probe: elsewhere}]})
    assert f"{_GUARD} not have a probe ask another host" in _refusal(operator, room, sidecar)


def test_a_host_that_stands_there_stays(operator: Person, room: Space) -> None:
    """A workload whose own probe names a host is tuned all the same."""
    named = _workload("Deployment", name="named")
    container = named["spec"]["template"]["spec"]["containers"][0]
    container["livenessProbe"] = {"httpGet": {"host": "127.0.0.1", "port": 8000}}
    room.create(named)

    def patched(probe: Object) -> str:
        return _refusal(operator, room, _container(livenessProbe=probe), name="named")

    assert patched({"timeoutSeconds": 7}) == ""
    assert _GUARD in patched({"httpGet": {"host": "127.0.0.2", "port": 8000}})


@pytest.fixture
def api(operator: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The API server, as the operator's own code asks it."""
    kubeconfig = "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"
    monkeypatch.setattr(kubeconfig, str(operator.kubeconfig))
    api = Api(connect())
    yield api
    api.close()


@pytest.mark.parametrize("kind", WorkloadKind)
async def test_what_the_operator_sends_and_takes_back_passes(api: Api, room: Space, kind: WorkloadKind) -> None:
    """Whatever its own code builds of changes of probes and reapers, and of their undoing, is inside the fence."""
    ref = WorkloadRef(kind=kind, namespace=room.name, name="web")
    before = await workloads.read(api, ref)
    found = parse_workload(before)
    old = {one.name: Probes(liveness=one.liveness, readiness=one.readiness) for one in found.containers}
    command = found.containers[0].command
    asked, ran = old["web"].liveness, old["side"].readiness
    assert asked is not None
    assert ran is not None
    slower = replace(asked, timeout_seconds=9, period_seconds=20, termination_grace_period_seconds=None)
    ways: list[tuple[dict[str, Probes], Reaping]] = [
        ({**old, "web": Probes(liveness=slower)}, Reaping()),
        ({**old, "web": Probes(readiness=replace(asked, termination_grace_period_seconds=None))}, Reaping()),
        ({**old, "web": Probes(liveness=ran, startup=asked), "side": Probes()}, Reaping()),
        (old, Reaping(share_process_namespace=True)),
        (old, Reaping(commands={"web": ("tini", "--", *command)})),
    ]
    for new, reaping in ways:
        as_it_is = Reaping(commands={"web": command})
        as_wanted = replace(reaping, commands={**as_it_is.commands, **reaping.commands})
        there = build_patch(found, old=old, new=new, old_reaping=as_it_is, new_reaping=as_wanted)
        back = build_patch(found, old=new, new=old, old_reaping=as_wanted, new_reaping=as_it_is)
        for body in (there, back):
            assert body is not None
            await _send(api, ref, body)

    assert (await workloads.read(api, ref))["spec"] == before["spec"]


async def _send(api: Api, ref: WorkloadRef, body: Object) -> None:
    """Send it as the operator does: looked at again where a controller wrote the status meanwhile."""
    deadline = time.monotonic() + _SECONDS_TO_SEND
    while True:
        live = parse_workload(await workloads.read(api, ref))
        warrant = Warrant(workload=live, mode=Mode.APPLY, policy=Policy(allow=frozenset(Allowance)))
        wanted = WorkloadPatch(body=body, resource_version=live.resource_version, change="c")
        sent = await workloads.patch(api, wanted, warrant, now=0.0)
        if not isinstance(sent, Refusal):
            return
        assert sent.reason is RefusalReason.CONFLICT, sent
        assert time.monotonic() < deadline, sent


def test_tini_is_put_before_a_command_and_taken_away_again(operator: Person, room: Space) -> None:
    """The reaper strategy passes, and so does the undoing of it."""
    command = ["python3", "-m", "http.server", "8000"]

    assert _refusal(operator, room, _container(command=["tini", "--", *command])) == ""
    assert _refusal(operator, room, _container(command=command)) == ""
    assert (room.get("deployment", "web") or {})["spec"]["template"]["spec"]["containers"][0]["command"] == command


def test_a_large_workload_costs_the_fence_no_more_than_it_may(operator: Person, room: Space) -> None:
    """Thirty containers with two hundred variables each stay within what CEL may cost."""
    big = _workload("Deployment", name="big")
    spec = big["spec"]["template"]["spec"]
    env = [{"name": f"VARIABLE_{n}", "value": f"{n:0100}"} for n in range(200)]
    spec["containers"] = [{"name": f"c{n}", "image": "localhost/none:1", "env": env} for n in range(30)]
    room.create(big)

    probe = {"containers": [{"name": "c29", "livenessProbe": _PROBE}]}
    assert _refusal(operator, room, _template(probe), name="big") == ""
    evil = {"containers": [{"name": "c29", "image": "localhost/evil:1"}]}
    assert _GUARD in _refusal(operator, room, _template(evil), name="big")


def test_others_are_not_fenced_in(room: Space) -> None:
    """The fence is around the operator, not around the cluster's people."""
    room.kubectl("patch", "deployment", "web", "-p", json.dumps({"spec": {"minReadySeconds": 3}}))
    room.kubectl("patch", "deployment", "web", "-p", json.dumps({"spec": {"minReadySeconds": 0}}))


def test_without_the_fence_the_operators_token_can_do_all_of_it(lab: Lab, operator: Person, room: Space) -> None:
    """What refuses is the fence and nothing else, so it is the fence that is tested here."""
    binding = "validatingadmissionpolicybinding/probetuner-guard"
    kept = lab.kubectl("get", binding, "-o", "json")
    lab.kubectl("delete", binding)
    try:
        evil = _container(image="localhost/evil:1")
        wait_for(lambda: _refusal(operator, room, evil, dry_run=True) == "", "the patch is taken")
    finally:
        lab.kubectl("create", "-f", "-", input=kept)


def _refusal(
    operator: Person, room: Space, body: Object, *, kind: str = "deployment", name: str = "web", dry_run: bool = False
) -> str:
    """Patch as the operator does, and return the words with which it was refused; empty when it was not."""
    how = ["--dry-run=server"] if dry_run else []
    where = f"--namespace={room.name}"
    return operator.refused("patch", kind, name, where, "--type=strategic", "-p", json.dumps(body), *how)


def _is_replaced(room: Space, made: Object) -> bool:
    """Put it back; False where a controller wrote the status between what `kubectl replace` read and what it sends."""
    try:
        room.kubectl("replace", "-f", "-", input=json.dumps(made))
    except LabError as problem:
        if "Conflict" not in str(problem):
            raise
        return False
    return True


def _template(pod: Object) -> Object:
    return {"spec": {"template": {"spec": pod}}}


def _container(**fields: Any) -> Object:
    return _template({"containers": [{"name": "web", **fields}]})


_KINDS = ("Deployment", "StatefulSet", "DaemonSet")


def _workload(kind: str, *, name: str = "web") -> Object:
    """A workload of which no pod ever runs, with a sidecar and all that the API server fills in."""
    image = {"image": "localhost/none:1", "imagePullPolicy": "Never"}
    command = ["python3", "-m", "http.server", "8000"]
    spec: Object = {
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {
                "nodeSelector": {"no": "node"},
                "volumes": [{"name": "scratch", "emptyDir": {}}],
                "initContainers": [
                    {"name": "proxy", **image, "command": ["proxy"], "restartPolicy": "Always"},
                ],
                "containers": [
                    {"name": "web", **image, "command": command, "livenessProbe": _PROBE},
                    {"name": "side", **image, "readinessProbe": {"exec": {"command": ["true"]}}},
                ],
            },
        },
    }
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
