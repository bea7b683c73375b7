"""A status that somebody forged, on a real API server: nothing of it reaches the workload, and that is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cluster.operator_process import OperatorProcess, Space, deployment, policy, wait_for

pytestmark = pytest.mark.cluster

_EVIL = {
    "spec": {
        "replicas": 5,
        "template": {
            "spec": {
                "hostPID": True,
                "containers": [
                    {"name": "web", "image": "evil:latest", "securityContext": {"privileged": True}},
                ],
            }
        },
    }
}
_LONGER = {"spec": {"template": {"spec": {"containers": [{"name": "web", "livenessProbe": {"timeoutSeconds": 5}}]}}}}
_LONG_AGO = "2026-01-01T00:00:00Z"


def _forge(space: Space, name: str, *, patch: Any, undo: Any, **more: Any) -> None:
    """Write an entry of the log as whoever may write statuses can."""
    entry = {"id": "0123456789", "summary": "a change", "patch": json.dumps(patch), "undo": json.dumps(undo), **more}
    status = {"status": {"mode": "Apply", "phase": "RolledBack", "history": [entry]}}
    space.kubectl("patch", "probepolicy", name, "--subresource=status", "--type=merge", f"--patch={json.dumps(status)}")


def test_a_forged_change_is_neither_made_nor_undone(
    space: Space, start_operator: Callable[..., OperatorProcess]
) -> None:
    """Image, privileges, replicas: neither as a change that waits to be sent nor as what undoes one, in no mode."""
    for name, mode in (("pending", "Apply"), ("undone", "Apply"), ("approved", "Recommend")):
        space.apply(deployment(name))
        space.apply(policy(f"of-{name}", name, mode))
    before = {name: _spec(space, name) for name in ("pending", "undone", "approved")}
    worse = {"decidedAt": _LONG_AGO, "appliedAt": _LONG_AGO, "verdict": "RolledBack", "verdictAt": _LONG_AGO}
    _forge(space, "of-pending", patch=_EVIL, undo=_LONGER, decidedAt=_LONG_AGO)
    _forge(space, "of-undone", patch=_LONGER, undo=_EVIL, **worse)
    _forge(space, "of-approved", patch=_LONGER, undo=_EVIL, approved=True, **worse)

    operator = start_operator()

    wait_for(lambda: all(_told(space, name) for name in before), "each log is told to be none of ours", seconds=90)
    wait_for(lambda: not any(space.status(f"of-{name}").get("history") for name in before), "nothing of it is shown")
    assert {name: _spec(space, name) for name in before} == before
    assert operator.stop() == 0


def _spec(space: Space, name: str) -> Any:
    found = space.get("deployment", name)
    assert found is not None
    return found["spec"]


def _told(space: Space, name: str) -> bool:
    query = f"involvedObject.name={name},reason=LogNotUnderstood"
    return bool(space.kubectl("get", "events", f"--field-selector={query}", "-o", "name").strip())
