"""Operators that divide the namespaces, on the real API server: nobody is left out, and a new number takes over."""

from collections.abc import Callable, Iterator
from functools import partial
from uuid import uuid4

import pytest

from cluster.operator_process import OperatorProcess, Space, deployment, wait_for
from lab import Lab
from probetuner.model.shard import Shard

pytestmark = pytest.mark.cluster

Start = Callable[..., OperatorProcess]

_OF_THREE = [Shard(index, 3) for index in (1, 2, 3)]
_OF_TWO = [Shard(index, 2) for index in (1, 2)]
_MOST_SECONDS = 30.0


@pytest.fixture
def spaces(crds: Lab) -> Iterator[list[Space]]:
    """Namespaces of the test's own: one at least in each of three shards, and of each of these in each of two."""
    wanted, names = {(three, two) for three in _OF_THREE for two in _OF_TWO}, list[str]()
    while wanted:
        name = f"space-{uuid4().hex[:8]}"
        places = {(three, two) for three, two in wanted if three.covers(name) and two.covers(name)}
        if places:
            wanted -= places
            names.append(name)
    for name in names:
        crds.kubectl("create", "namespace", name)
    yield [Space(crds, name) for name in names]
    for name in names:
        crds.kubectl("delete", "namespace", name, "--wait=false")


def test_three_shards_serve_everybody_and_hand_over_to_two(
    crds: Lab, spaces: list[Space], start_operator: Start
) -> None:
    """Two begin when the last of three has ended, and go on with what the three had written and learned."""
    lease = f"operator-{uuid4().hex[:8]}"

    def start(shard: Shard) -> OperatorProcess:
        return start_operator(f"--lease=default/{lease}", f"--shard={shard}", "--max-rollouts=3")

    for space in spaces:
        space.apply(deployment("web", "Observe", replicas=1))
    three = {shard: start(shard) for shard in _OF_THREE}
    _wait_for_all(spaces, lambda space: bool(space.names("probehistory")), "served", seconds=60.0)
    before = [_made(space) for space in spaces]

    # Each serves its own namespaces only: without one of them, those of the others go on.
    gone = _OF_THREE[-1]
    three.pop(gone).kill()
    for space in spaces:
        space.apply(deployment("later", "Observe"))
    left, others = ([space for space in spaces if gone.covers(space.name) is alone] for alone in (True, False))
    _wait_for_all(others, _serves_the_later, "served by the others")
    assert not any(map(_serves_the_later, left))

    two = [start(shard) for shard in _OF_TWO]
    for operator in two:
        wait_for(partial(_stands_by, operator), "a new number stands by")
    for operator in three.values():
        assert not any(one.metric("probetuner_leading") for one in two)
        assert operator.stop() == 0
    _wait_for_all(spaces, _serves_the_later, "served by the new number")

    assert [_made(space) for space in spaces] == before
    held = crds.kubectl("get", "leases", "--namespace=default", "-o", "name").split()
    assert {f"lease.coordination.k8s.io/{lease}-shard-{number}" for number in (1, 2, 3)} < set(held)
    assert [operator.stop() for operator in two] == [0, 0]


def _wait_for_all(
    spaces: list[Space], look: Callable[[Space], bool], what: str, *, seconds: float = _MOST_SECONDS
) -> None:
    for space in spaces:
        wait_for(partial(look, space), f"{space.name} is {what}", seconds=seconds)


def _serves_the_later(space: Space) -> bool:
    return bool(space.status("deployment-later"))


def _stands_by(operator: OperatorProcess) -> bool:
    told = any(line["event"] == "standing by" and "-shard-" in line["holder"] for line in operator.lines())
    return told and operator.page("/readyz")[0] == 200


def _made(space: Space) -> dict[str, str]:
    """The objects that the operators made, and that were not made anew."""
    made = {kind: space.get(kind, "deployment-web") or {} for kind in ("probepolicy", "probehistory")}
    return {kind: item["metadata"]["uid"] for kind, item in made.items()}
