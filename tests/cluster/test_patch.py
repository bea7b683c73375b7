"""The real API server makes of our patches what they are meant to make, and so does the model that the tests use."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from lab import Lab
from probetuner.change.patch import build_patch, holds
from probetuner.model.workload import Workload, parse_workload
from probetuner.tuning.recommendation import Probes, Reaping
from support import strategic_merge
from support.workloads import LIVENESS, Json, container

pytestmark = pytest.mark.cluster

EXEC = {"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 20}
TCP = {"tcpSocket": {"port": 6379}, "periodSeconds": 20}
GRPC = {"grpc": {"port": 50051, "service": "up"}}
HEADERS = {"httpHeaders": [{"name": "Host", "value": "shop"}, {"name": "X-Probe", "value": "1"}]}
RICH = {"httpGet": {"path": "/1", "port": "http", "scheme": "HTTPS", **HEADERS}, "terminationGracePeriodSeconds": 20}
PLAIN = {"httpGet": {"path": "/2", "port": "http"}, "timeoutSeconds": 5}

CHANGES = {
    "numbers": ({"livenessProbe": LIVENESS}, {"livenessProbe": {**LIVENESS, "timeoutSeconds": 5, "periodSeconds": 5}}),
    "back to the default": ({"livenessProbe": {**LIVENESS, "failureThreshold": 9}}, {"livenessProbe": LIVENESS}),
    "liveness to readiness": (
        {"livenessProbe": LIVENESS},
        {"readinessProbe": {**LIVENESS, "timeoutSeconds": 10}},
    ),
    "a startup probe": (
        {"livenessProbe": LIVENESS},
        {"livenessProbe": LIVENESS, "startupProbe": {**LIVENESS, "periodSeconds": 5, "failureThreshold": 30}},
    ),
    "exec to tcpSocket": ({"livenessProbe": EXEC}, {"livenessProbe": TCP}),
    "httpGet to grpc": ({"readinessProbe": PLAIN}, {"readinessProbe": GRPC}),
    "fields of a handler": ({"livenessProbe": RICH}, {"livenessProbe": PLAIN}),
    "all at once": (
        {"livenessProbe": RICH, "readinessProbe": GRPC, "startupProbe": EXEC},
        {"livenessProbe": TCP, "startupProbe": {**EXEC, "failureThreshold": 30}},
    ),
}


@pytest.fixture(scope="module")
def namespace(lab: Lab) -> Iterator[str]:
    """A namespace of this module's own."""
    name = f"patch-{uuid4().hex[:8]}"
    lab.kubectl("create", "namespace", name)
    yield name
    lab.kubectl("delete", "namespace", name, "--wait=false")


@pytest.mark.parametrize("where", ["containers", "initContainers"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_server_makes_the_wanted_probes_and_the_old_ones_again(
    lab: Lab, namespace: str, change: tuple[Json, Json], where: str
) -> None:
    """Patch and undo lead there and back, hold exactly where they stand, and the model of the server is right."""
    old, new = change
    before = create(lab, namespace, old, where=where)
    wanted = probes_of(parse_workload(dry(lab, namespace, new, where=where)))
    present = probes_of(parse_workload(before))
    patch = build_patch(parse_workload(before), old=present, new=wanted)
    undo = build_patch(parse_workload(before), old=wanted, new=present)
    assert patch is not None
    assert undo is not None

    after = send(lab, namespace, before, patch)
    back = send(lab, namespace, before, undo)

    assert probes_of(parse_workload(after)) == wanted
    assert probes_of(parse_workload(back)) == present
    assert [holds(patch, parse_workload(raw)) for raw in (before, after, back)] == [False, True, False]
    assert [holds(undo, parse_workload(raw)) for raw in (before, after, back)] == [True, False, True]
    assert probes_of(parse_workload(strategic_merge.apply(patch, before))) == wanted


def test_a_patch_that_holds_makes_no_new_template(lab: Lab, namespace: str) -> None:
    """Sending again what the workload already carries is no rollout: the generation stays."""
    before = create(lab, namespace, {"livenessProbe": LIVENESS}, where="containers")
    loaded = parse_workload(before)
    wanted = {name: Probes(readiness=probes.liveness) for name, probes in probes_of(loaded).items()}
    patch = build_patch(loaded, old=probes_of(loaded), new={**probes_of(loaded), "web": wanted["web"]})
    assert patch is not None

    first, second = (send(lab, namespace, before, patch) for _ in range(2))

    assert first["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert second["metadata"]["generation"] == first["metadata"]["generation"]


REAPED = {
    "shared": ({}, Reaping(share_process_namespace=None), Reaping(share_process_namespace=True)),
    "said not to be": (
        {"shareProcessNamespace": False},
        Reaping(share_process_namespace=False),
        Reaping(share_process_namespace=True),
    ),
    "tini": (
        {},
        Reaping(commands={"web": ("redis-server", "--save")}),
        Reaping(commands={"web": ("tini", "--", "redis-server", "--save")}),
    ),
    "both": (
        {},
        Reaping(commands={"web": ("redis-server", "--save")}),
        Reaping(share_process_namespace=True, commands={"web": ("tini", "--", "redis-server", "--save")}),
    ),
}


@pytest.mark.parametrize("change", REAPED.values(), ids=REAPED.keys())
def test_who_reaps_can_be_changed_and_put_back(lab: Lab, namespace: str, change: tuple[Json, Reaping, Reaping]) -> None:
    """The pod's process namespace and a container's command, in one patch; undone, the template is the same again."""
    of_pod, old, new = change
    body = manifest({"livenessProbe": EXEC}, name=f"web-{uuid4().hex[:8]}", where="containers")
    body["spec"]["template"]["spec"] |= of_pod
    body["spec"]["template"]["spec"]["containers"][1]["command"] = ["redis-server", "--save"]
    before = json.loads(lab.kubectl("-n", namespace, "create", "-o", "json", "-f", "-", input=json.dumps(body)))
    loaded = parse_workload(before)
    same = probes_of(loaded)
    patch = build_patch(loaded, old=same, new=same, old_reaping=old, new_reaping=new)
    undo = build_patch(loaded, old=same, new=same, old_reaping=new, new_reaping=old)
    assert patch is not None
    assert undo is not None

    after = send(lab, namespace, before, patch)
    back = send(lab, namespace, before, undo)

    assert after["spec"]["template"]["spec"].get("shareProcessNamespace", False) is bool(new.share_process_namespace)
    assert [holds(patch, parse_workload(raw)) for raw in (before, after, back)] == [False, True, False]
    assert [holds(undo, parse_workload(raw)) for raw in (before, after, back)] == [True, False, True]
    assert back["spec"]["template"] == before["spec"]["template"]
    assert strategic_merge.apply(patch, before)["spec"]["template"] == after["spec"]["template"]


def manifest(probes: Json, *, name: str, where: str) -> Json:
    """A Deployment without pods: one container has the probes, and the others are there to be left alone."""
    probed = {**container(**probes), "ports": [{"containerPort": 80, "name": "http"}]}
    pod: dict[str, Any] = {"containers": [container("other", livenessProbe=LIVENESS)], "initContainers": []}
    if where == "initContainers":
        probed["restartPolicy"] = "Always"
    pod[where].append(probed)
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def create(lab: Lab, namespace: str, probes: Json, *, where: str, dry_run: bool = False) -> Json:
    options = ["--dry-run=server"] if dry_run else []
    body = json.dumps(manifest(probes, name=f"web-{uuid4().hex[:8]}", where=where))
    created: Json = json.loads(lab.kubectl("-n", namespace, "create", "-o", "json", *options, "-f", "-", input=body))
    return created


def dry(lab: Lab, namespace: str, probes: Json, *, where: str) -> Json:
    """What the server would make of a workload with these probes."""
    return create(lab, namespace, probes, where=where, dry_run=True)


def send(lab: Lab, namespace: str, live: Json, patch: Json) -> Json:
    """Patch as the operator does, by a strategic merge."""
    name = live["metadata"]["name"]
    said = lab.kubectl(
        "-n", namespace, "patch", "deployment", name, "--type=strategic", "-o", "json", "-p", json.dumps(patch)
    )
    patched: Json = json.loads(said)
    return patched


def probes_of(loaded: Workload) -> dict[str, Probes]:
    return {c.name: Probes(liveness=c.liveness, readiness=c.readiness, startup=c.startup) for c in loaded.containers}
