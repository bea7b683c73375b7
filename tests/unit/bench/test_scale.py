"""What is promised of the measurement of scale: it plays what it says, and its clock is the process's own."""

import asyncio
import time
from contextlib import closing

import pytest

from bench.scale.fleet import BEGAN, Fleet
from bench.scale.hurried import HurriedLoop
from bench.scale.pages import Node
from bench.scale.play import play
from probetuner.facts.fact import ContainerExited, KillAnnounced, ProbeCounted, ProbeFailed
from probetuner.facts.feed import Reader

FLEET = Fleet(workloads=2, nodes=1, beside=0.5, storm_at=150.0, pods_each=2)


def test_pages_are_as_long_as_real_ones() -> None:
    """A hundred pods with two probes each have 440 KB of probes and 1.1 MB of cgroups."""
    node = Node(Fleet(workloads=10, nodes=1), 0)

    assert 400_000 < len(node.probes(BEGAN)) < 480_000
    assert 1_000_000 < len(node.cgroups(BEGAN)) < 1_200_000


def test_what_watches_and_kubelets_tell_of_the_storm_is_one_story() -> None:
    """Three kills of each pod of every tenth workload, each after three failures, and all of them counted too."""
    reader, facts = Reader(since=BEGAN), []
    for pod in FLEET.pods:
        facts += reader.watch(FLEET.pod(pod, BEGAN), None, BEGAN)
    told = sorted((one for pod in FLEET.pods for one in FLEET.told(pod)), key=lambda one: one[0])
    for at, raw in told:
        facts += reader.watch(raw, "MODIFIED", at)
    for at in (BEGAN, FLEET.storm_ends + 30.0):
        facts += reader.scrape("worker-0", "/metrics/probes", Node(FLEET, 0).probes(at).decode(), at)

    assert sum(fact.count for fact in facts if isinstance(fact, KillAnnounced)) == 6
    assert sum(isinstance(fact, ContainerExited) and fact.at > BEGAN for fact in facts) == 6
    assert sum(fact.count for fact in facts if isinstance(fact, ProbeFailed)) == 18
    assert sum(fact.failed for fact in facts if isinstance(fact, ProbeCounted)) == 18


@pytest.mark.slow
def test_a_fleet_is_looked_at_and_advised() -> None:
    """All workloads are looked at within seconds, and the storm changes the advice for the one that it was about."""
    played = play(FLEET, calm_at=60.0, until=380.0)

    assert len(played.first_looks) == 2
    assert max(played.first_looks) < 10.0
    assert played.unadvised == 0
    assert len(played.advised_after) == 1
    assert played.stretches["storm"].decisions > played.stretches["calm"].decisions


def test_waiting_takes_no_time() -> None:
    """An hour of the loop is over at once, and what is computed counts."""
    with closing(HurriedLoop()) as loop:
        began = loop.time()
        loop.run_until_complete(asyncio.sleep(3600.0))
        waited = loop.time() - began
        cpu = time.process_time()
        sum(range(1_000_000))
        computed, used = loop.time() - began - waited, time.process_time() - cpu

    assert 3600.0 <= waited < 3610.0
    assert abs(computed - used) < 0.5
