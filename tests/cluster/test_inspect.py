"""Looks into real containers: what is counted there, what cannot be looked into, and whose rights are used."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cluster.operator_process import Space, deployment, wait_for
from cluster.users import probetuner, user
from lab import Lab, images

pytestmark = pytest.mark.cluster

_READING = (
    {"apiGroups": [""], "resources": ["pods", "events", "services"], "verbs": ["list"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets", "daemonsets"], "verbs": ["list"]},
)
_LEAKING = {"exec": {"command": ["sh", "-c", "true; sleep 0.2 >/dev/null & exit 0"]}, "periodSeconds": 1}


@pytest.fixture(scope="module")
def room(lab: Lab) -> Iterator[Space]:
    """A namespace with a Redis whose probe leaves a zombie each second, and a container of an image without a shell."""
    space = Space(lab, f"looked-into-{uuid4().hex[:8]}")
    lab.kubectl("create", "namespace", space.name)
    redis, bare = deployment("redis", replicas=1), deployment("bare", replicas=1)
    for asked, changes in (
        (redis, {"command": ["redis-server"]}),
        (bare, {"image": images.PAUSE, "command": ["/pause"]}),
    ):
        container = asked["spec"]["template"]["spec"]["containers"][0]
        container |= {**changes, "livenessProbe": {**_LEAKING, "failureThreshold": 1000}}
        space.apply(asked)
    wait_for(lambda: _running(space) == 2, "the pods that are looked into", seconds=60)
    yield space
    lab.kubectl("delete", "namespace", space.name, "--wait=false")


def _running(space: Space) -> int:
    shown = space.kubectl("get", "pods", "-o", "name", "--field-selector=status.phase=Running")
    return len(shown.split())


def _redis(printed: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in json.loads(printed)["workloads"] if one["name"] == "redis")
    return found


def _zombies(printed: str) -> dict[str, Any] | None:
    findings = _redis(printed)["containers"][0]["findings"]
    return next((finding for finding in findings if finding["name"] == "zombies"), None)


def test_zombies_are_counted_where_they_are(lab: Lab, room: Space) -> None:
    """The look needs no history: how many there are, and who should have waited for them, is evidence."""

    def look() -> dict[str, Any] | None:
        return _zombies(probetuner(lab.kubeconfig, "analyze", "-n", room.name, "--inspect", "-o", "json").stdout)

    seen = wait_for(look, "zombies that are counted", seconds=60)

    assert "handed to process 1, which is redis-server" in seen["evidence"][0]
    assert seen["confidence"] > 0.9


def test_without_being_asked_nobody_looks(lab: Lab, room: Space) -> None:
    """Without --inspect no container is entered, and what one look at counters cannot tell is not told."""
    done = probetuner(lab.kubeconfig, "analyze", "-n", room.name, "-o", "json")

    assert _zombies(done.stdout) is None
    assert done.stderr == ""


def test_an_image_without_a_shell_is_told(lab: Lab, room: Space) -> None:
    """There the look is impossible; the answer says why, and what else to try, and the rest is judged."""
    done = probetuner(lab.kubeconfig, "analyze", "-n", room.name, "--inspect", "-o", "json")

    assert "its image has no shell" in done.stderr
    assert "kubectl debug" in done.stderr
    assert _redis(done.stdout)
    assert done.returncode == 2


def test_the_right_is_the_user_s_own(lab: Lab, room: Space, tmp_path: Path) -> None:
    """Whoever may not exec is told which right that is, and the rest is judged."""
    reader = user(lab, room, "reader", _READING, folder=tmp_path)
    done = probetuner(reader, "analyze", "-n", room.name, "--inspect", "-o", "json")

    assert "you may not `create` `pods/exec` in namespace" in done.stderr
    assert _zombies(done.stdout) is None
    assert _redis(done.stdout)
    assert done.returncode == 2
