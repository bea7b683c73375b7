"""On the real API server no more workloads are rolled out at once than the operator was told."""

import json
from collections.abc import Callable

import pytest

from cluster.conformance import Row, policy
from cluster.conformance_walk import create, enrol
from cluster.operator_process import OperatorProcess, Space, wait_for
from lab import Lab

pytestmark = pytest.mark.cluster

ROWS = (
    *(Row(name=f"web-{number}", mode="Apply", applied="Patched") for number in range(4)),
    Row(name="mine", spec=policy("Apply"), applied="Patched"),
)


def test_rollouts_wait_for_their_turn_over_a_restart_too(
    space: Space, start_operator: Callable[..., OperatorProcess]
) -> None:
    """One of five that want to is rolled out; the next begins when it leaves, and a new operator counts the same."""
    create(space, ROWS)
    enrol(space, ROWS)
    operator = start_operator("--max-rollouts=1")
    wait_for(lambda: _waiting(space) == 4 and len(_patched(space)) == 1, "four wait for one", seconds=90)
    operator.stop()
    start_operator("--max-rollouts=1").wait_ready()
    (first,) = _patched(space)
    kind, name = ("probepolicy", "mine-mine") if first == "mine" else ("deployment", first)

    space.kubectl("delete", kind, name)

    wait_for(lambda: len(_patched(space) - {first}) == 1, "the next one's turn", seconds=90)
    assert _waiting(space) == 3


def _patched(space: Space) -> set[str]:
    """The workloads that have the operator's readiness probe in place of their liveness probe."""
    found = json.loads(space.kubectl("get", "deployments", "-o", "json"))["items"]
    probes = {each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0] for each in found}
    return {name for name, container in probes.items() if "livenessProbe" not in container}


def _waiting(space: Space) -> int:
    """How many policies say that they wait for others."""
    found = json.loads(space.kubectl("get", "probepolicies", "-o", "json"))["items"]
    conditions = [condition for each in found for condition in (each.get("status") or {}).get("conditions", [])]
    return sum(condition["reason"] == "TooManyRollouts" for condition in conditions)


def test_a_namespace_leaves_half_of_the_rollouts_to_others(
    crds: Lab, space: Space, start_operator: Callable[..., OperatorProcess]
) -> None:
    """Of two at once, three that want to in one namespace get one; one in another namespace finds room."""
    other = Space(crds, f"{space.name}-other")
    crds.kubectl("create", "namespace", other.name)
    try:
        for place, rows in ((space, ROWS[2:]), (other, ROWS[-1:])):
            create(place, rows)
            enrol(place, rows)
        start_operator("--max-rollouts=2")

        wait_for(lambda: len(_patched(space)) == 1 and _waiting(space) == 2, "one of three is rolled out", seconds=90)
        wait_for(lambda: len(_patched(other)) == 1, "the one elsewhere is, too", seconds=90)
        assert len(_patched(space)) == 1
    finally:
        crds.kubectl("delete", "namespace", other.name, "--wait=false")
