"""Two operators beside each other, of which one works, on the real API server."""

import json
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from cluster.operator_process import OperatorProcess, Space, deployment, wait_for
from lab import Lab

pytestmark = pytest.mark.cluster

Start = Callable[..., OperatorProcess]

_LEASE = "--lease=kube-system/probetuner"
_MOST_SECONDS = 20.0


@pytest.fixture
def pair(crds: Lab, space: Space, start_operator: Start) -> list[OperatorProcess]:
    """A leader that serves a workload, and a standby, in this order."""
    crds.kubectl("delete", "lease", "probetuner", "--namespace=kube-system", "--ignore-not-found")
    space.apply(deployment("web", "Observe", replicas=1))
    leader = start_operator(_LEASE)
    wait_for(lambda: space.names("probehistory"), "the leader serves", seconds=60)
    standby = start_operator(_LEASE)
    wait_for(lambda: standby.metric("probetuner_leading") == 0 and standby.page("/readyz")[0] == 200, "it stands by")
    wait_for(lambda: _logged(standby, "standing by"), "it says so")
    return [leader, standby]


@pytest.mark.parametrize("ending", ["killed", "asked to end", "held up"])
def test_a_standby_takes_over_and_repeats_nothing(
    crds: Lab, space: Space, pair: list[OperatorProcess], ending: str
) -> None:
    """Within 20 s of the leader's loss a new workload is served, and nothing is made or told a second time."""
    leader, standby = pair
    assert (standby.page("/livez"), standby.page("/readyz")) == ((200, "ok\n"), (200, "ok\n"))
    wait_for(lambda: leader.metric("probetuner_leading") == 1, "a page of metrics that is not older", seconds=10)
    before = _written(space), _events(space)

    if ending == "killed":
        leader.kill()
    elif ending == "asked to end":
        assert leader.stop() == 0
        assert _holder(crds) != _logged(leader, "leading")[0]["identity"]
    else:
        leader.send(signal.SIGSTOP)
    lost_at = time.monotonic()
    space.apply(deployment("later", "Observe"))
    wait_for(lambda: space.status("deployment-later"), "the standby serves", seconds=_MOST_SECONDS)
    print(f"{ending}: served again after {time.monotonic() - lost_at:.1f} s")

    if ending == "held up":
        leader.send(signal.SIGCONT)
        assert leader.wait() == 1
        assert _logged(leader, "the lease is lost")
    wait_for(lambda: standby.metric("probetuner_leading") == 1, "a page of metrics that is not older", seconds=10)
    assert (_written(space), _events(space)) == before
    assert standby.stop() == 0


def _written(space: Space) -> dict[str, str]:
    """The objects that the operator made, and that were not made anew."""
    made = {kind: space.get(kind, "deployment-web") or {} for kind in ("probepolicy", "probehistory")}
    return {kind: item["metadata"]["uid"] for kind, item in made.items()}


def _holder(lab: Lab) -> str:
    return lab.kubectl("get", "lease", "probetuner", "--namespace=kube-system", "-o", "jsonpath={.spec.holderIdentity}")


def _logged(operator: OperatorProcess, event: str) -> list[dict[str, Any]]:
    return [line for line in operator.lines() if line["event"] == event]


def _events(space: Space) -> list[Any]:
    """What was told of the workload, with how often."""
    found = json.loads(space.kubectl("get", "events", "--field-selector=involvedObject.name=web", "-o", "json"))
    return sorted((item["reason"], item["message"], item["count"]) for item in found["items"] if item.get("count"))
