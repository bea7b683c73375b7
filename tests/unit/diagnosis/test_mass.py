"""When liveness that kills is called a mass kill."""

from dataclasses import replace

import pytest

from probetuner.diagnosis.mass import MassKill, MassRule
from probetuner.facts.fact import Fact, PodRef
from probetuner.model.container import Container
from probetuner.model.probe import HttpGet, Probe, ProbeType
from probetuner.model.workload import Rollout, Workload, WorkloadKind, WorkloadRef
from support.facts import CONTAINER, T0, exited, failed, killed, pod, remember, started

RULE = MassRule()


def _workload(replicas: int) -> Workload:
    return Workload(
        ref=WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web"),
        uid="u",
        resource_version="1",
        generation=1,
        containers=(Container(name=CONTAINER, liveness=Probe(handler=HttpGet(port=80), period_seconds=1)),),
        rollout=Rollout(desired=replicas, updated=replicas, ready=0, available=0, total=replicas, observed=True),
    )


def _killed(names: str, *, at: float = 100.0) -> list[Fact]:
    return [fact for name in names for fact in (started(0.0, of=_pod(name)), killed(at, of=_pod(name)))]


def _pod(name: str) -> PodRef:
    return pod(f"web-{name}")


@pytest.mark.parametrize(
    ("names", "replicas", "expected"),
    [("ab", 4, ""), ("abc", 4, "abc"), ("ab", 2, "ab"), ("a", 1, ""), ("a", 2, ""), ("ab", 3, "ab")],
)
def test_more_than_the_share_and_more_than_one(names: str, replicas: int, expected: str) -> None:
    """Half is not more than half, and a single replica is everyday."""
    found = RULE.find(_workload(replicas), remember(_killed(names)), now=T0 + 110.0)

    pods = tuple(f"web-{name}" for name in expected)
    assert found == (MassKill(replicas=len(pods), wanted=replicas, pods=pods) if pods else None)


def test_it_is_over_when_the_window_is() -> None:
    """Kills of long ago are no mass kill, and one after the other over hours is none either."""
    together = remember(_killed("abc"))
    apart = remember([*_killed("a", at=100.0), *_killed("b", at=500.0), *_killed("c", at=900.0)])

    assert RULE.find(_workload(3), together, now=T0 + 399.0) is not None
    assert RULE.find(_workload(3), together, now=T0 + 401.0) is None
    assert RULE.find(_workload(3), apart, now=T0 + 901.0) is None
    assert replace(RULE, window_seconds=3600.0).find(_workload(3), apart, now=T0 + 901.0) is not None


def test_only_liveness_counts() -> None:
    """Crashes and kills by a startup probe are other troubles."""
    crashes = [fact for name in "abc" for fact in (started(0.0, of=_pod(name)), exited(9.0, code=1, of=_pod(name)))]
    startup = [
        fact
        for name in "abc"
        for fact in (started(0.0, of=_pod(name)), killed(9.0, probe=ProbeType.STARTUP, of=_pod(name)))
    ]

    assert RULE.find(_workload(3), remember(crashes), now=T0 + 10.0) is None
    assert RULE.find(_workload(3), remember(startup), now=T0 + 10.0) is None


def test_kills_whose_announcement_was_lost_count() -> None:
    """The kubelet's events are rate-limited, most of all when much is killed."""
    facts: list[Fact] = []
    for name in "abc":
        facts += [started(0.0, of=_pod(name)), *(failed(at, of=_pod(name)) for at in (5.0, 6.0, 7.0))]
        facts.append(exited(8.0, of=_pod(name)))

    assert RULE.find(_workload(3), remember(facts), now=T0 + 10.0) is not None


def test_the_same_replica_again_and_again_is_one() -> None:
    """A crash loop of one replica leaves the others standing."""
    facts: list[Fact] = []
    for restarts in range(5):
        at = 20.0 * restarts
        facts += [started(at, restarts=restarts), killed(at + 5.0), exited(at + 6.0, restarts=restarts)]

    assert RULE.find(_workload(2), remember(facts), now=T0 + 90.0) is None
