"""What the death of the operator may not do, at any moment of a change."""

import random
import time

import pytest

from demo import slow_start
from demo.cluster import Cluster
from demo.observation import Observation
from demo.stage import Stage
from demo.workloads import documents
from e2e import operator_pod
from e2e.conftest import OPERATOR
from e2e.play import Play, deployment, stage

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

_SECONDS_TO_VERDICT = 480
_MOST_SECONDS_TO_DEATH = 3.0


class Deaths:
    """Kills the operator soon after each phase first shows and each restart that may make it act; keeps what it showed.

    How soon is random: before the patch, between the status and the patch, during the rollout, before the verdict.
    """

    def __init__(self, on: Stage) -> None:
        self._stage = on
        self._seen: set[str] = set()
        self._due: float | None = None
        self.phases: list[str] = []
        self.false_restarts: list[int] = []

    def watch(self, now: Observation) -> None:
        """Take in a look, and kill the operator if it is time."""
        if now.policy is None:
            return
        self.false_restarts.append(now.policy.false_restarts)
        restarts = sum(pod.restarts for pod in now.pods)
        occasions = {now.policy.phase} | ({"second restart"} if restarts > 1 else set())
        if occasions - self._seen and self._due is None:
            self._due = time.monotonic() + random.uniform(0.0, _MOST_SECONDS_TO_DEATH)
        self._seen |= occasions
        if self._due is not None and time.monotonic() >= self._due:
            self._stage.say(f"killing the operator in phase {now.policy.phase}")
            operator_pod.kill(self._stage.cluster, namespace=OPERATOR)
            self.phases.append(now.policy.phase)
            self._due = None


def test_sudden_deaths_apply_nothing_twice_and_lose_no_history(cluster: Cluster, play: Play) -> None:
    """Killed again and again around its patch, the operator patches exactly once and still comes to its verdict."""
    play.wait()  # their figures would suffer
    on = stage(cluster, "survival", workload=slow_start.WORKLOAD)
    on.set_up(documents(slow_start.WORKLOAD, cluster))
    made, deaths = deployment(on), Deaths(on)

    def verdict(now: Observation) -> str | None:
        deaths.watch(now)
        found = now.policy.changes[0].get("verdict") if now.policy and now.policy.changes else None
        return str(found) if found else None

    outcome = on.until(verdict, what="a verdict in spite of it all", seconds=_SECONDS_TO_VERDICT)

    now = on.look()
    sets = on.cluster.get("replicasets", f"--namespace={on.namespace}")["items"]
    assert outcome == "Kept"
    assert {"Applying", "Verifying"} & set(deaths.phases)
    assert len(sets) == 2
    assert deployment(on)["metadata"]["generation"] == made["metadata"]["generation"] + 1
    assert now.policy is not None
    assert len(now.policy.changes) == 1
    assert deaths.false_restarts == sorted(deaths.false_restarts)
