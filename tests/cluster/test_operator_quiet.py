"""What the operator asks of the API server while nothing happens, by the API server's own count."""

import re
import time
from collections import Counter
from collections.abc import Callable

import pytest

from cluster.operator_process import OperatorProcess, Space, deployment, wait_for
from lab import Lab

pytestmark = pytest.mark.cluster

Start = Callable[..., OperatorProcess]

_SETTLING_SECONDS = 20.0
"""In which a new operator reads what there is, and sweeps once."""
_QUIET_SECONDS = 65.0
"""Longer than the minute after which a history may be saved, and than several scrapes."""
_WRITES = {"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}
_NODE_OWN = {"leases", "nodes"}
"""What the kubelet writes all the time, whether an operator runs or not."""
_REVIEWS = {"subjectaccessreviews", "tokenreviews"}
"""What the kubelet asks about those who scrape it, once its answer of minutes ago has expired: nothing is stored."""
_MOST_READS = 30


def test_a_quiet_cluster_causes_no_writes(crds: Lab, space: Space, start_operator: Start) -> None:
    """With healthy workloads enrolled nothing is written for more than a minute, and hardly anything is read."""
    for name in ("one", "other"):
        space.apply(deployment(name, "Apply", replicas=1))
    operator = start_operator("--scrape-interval-seconds=5")
    wait_for(lambda: _phases(space) == ["Healthy"] * 2, "both are healthy", seconds=240)
    operator.stop()  # It saves all that it learned, which the next would otherwise do within a minute.
    operator = start_operator("--scrape-interval-seconds=5")
    operator.wait_ready()
    _pass(_SETTLING_SECONDS)

    before, asked = _requests(crds), operator.metric("probetuner_api_requests_total")
    _pass(_QUIET_SECONDS)
    told = _requests(crds) - before

    writes = {key: count for key, count in told.items() if key[0] in _WRITES and key[1] not in _NODE_OWN | _REVIEWS}
    print(f"in {_QUIET_SECONDS:.0f} s: {dict(told)}")
    assert writes == {}
    assert operator.metric("probetuner_api_requests_total") - asked <= _MOST_READS
    assert operator.stop() == 0


def _pass(seconds: float) -> None:
    """Let time pass: that nothing happens in it is what is looked at."""
    deadline = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > deadline, "the time", seconds=2 * seconds)


def _phases(space: Space) -> list[str]:
    return space.kubectl("get", "probepolicies", "-o", "jsonpath={.items[*].status.phase}").split()


def _requests(lab: Lab) -> Counter[tuple[str, str]]:
    """How many requests of each verb there were of each resource."""
    found: Counter[tuple[str, str]] = Counter()
    for line in lab.kubectl("get", "--raw", "/metrics").splitlines():
        if line.startswith("apiserver_request_total{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            found[labels["verb"], labels["resource"]] += int(float(line.rpartition(" ")[2]))
    return found
