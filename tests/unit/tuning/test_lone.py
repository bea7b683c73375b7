"""Readiness of a single replica: worth a word, and taken away only where it was seen to cost, alone, and unmissed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from probetuner.diagnosis.diagnose import diagnose
from probetuner.model.policy import Allowance, Policy
from probetuner.model.probe import Probe
from probetuner.model.workload import WorkloadKind
from probetuner.tuning.recommend import recommend
from support.application import App, Spell
from support.scene import READYZ, WORK, Judged, Scene, asks

BUSY_SPELLS = tuple(Spell(begin=begin, end=begin + 21, mode="slow", seconds=3.0) for begin in (60, 140, 220, 300))
CALM = Scene(
    liveness=asks(READYZ, period_seconds=5, timeout_seconds=5),
    readiness=asks(READYZ, period_seconds=2, failure_threshold=1),
    startup=asks(READYZ, period_seconds=2, failure_threshold=30),
    replicas=1,
    gradual=False,
    seconds=420,
)
TAKEN = replace(CALM, apps=(App(spells=BUSY_SPELLS),))
"""Four times answers take three seconds: readiness waits for one, and liveness, which asks the same, for five."""


def lone(said: Judged) -> Any:
    return said.finding("single-replica-readiness")


def patches_readiness_away(said: Judged) -> bool:
    advice = said.recommendation
    return advice is not None and any(
        advice.current[name].readiness is not None and probes.readiness is None
        for name, probes in advice.target.items()
    )


def test_readiness_that_was_seen_to_take_the_only_backend_away_goes() -> None:
    """It goes alone: no other number is changed along with it, and liveness and the startup probe stay as they are."""
    said = TAKEN.judge()

    assert said.actions == {"remove-readiness"}
    assert said.target == replace(TAKEN.probes, readiness=None)
    assert (lone(said).severity, lone(said).confidence >= 0.8) == ("warning", True)
    assert "3 times it took the only backend away" in lone(said).evidence[1]


def test_a_single_replica_without_trouble_is_left_alone() -> None:
    """It is healthy, the finding is info, and there is nothing to recommend, whatever its kind and strategy."""
    for scene in (CALM, replace(CALM, kind=WorkloadKind.STATEFUL_SET), replace(CALM, gradual=True)):
        said = scene.judge()

        assert said.names == {"healthy", "single-replica-readiness"}
        assert lone(said).severity == "info"
        assert said.recommendation is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"kind": WorkloadKind.STATEFUL_SET}, id="a StatefulSet's rollouts wait for readiness"),
        pytest.param({"gradual": True}, id="a rolling update waits for readiness"),
        pytest.param({"startup": None}, id="who waits for a start has nothing else to wait for"),
    ],
)
def test_where_somebody_may_wait_for_it_a_person_decides(change: Mapping[str, Any]) -> None:
    """The trouble is told, and that readiness could go; no patch takes it away."""
    said = replace(TAKEN, **change).judge()

    assert lone(said).severity == "warning"
    assert "remove-readiness" in said.actions
    assert not patches_readiness_away(said)


SAYS_NO = tuple(replace(spell, mode="503") for spell in BUSY_SPELLS)
SLOW_ELSEWHERE = tuple(replace(spell, paths=("/work",)) for spell in BUSY_SPELLS)


@pytest.mark.parametrize(
    ("change", "app"),
    [
        pytest.param({"liveness": None}, App(spells=BUSY_SPELLS), id="nothing else was asked"),
        pytest.param(
            {"readiness": asks(WORK, period_seconds=2, failure_threshold=1)},
            App(spells=SLOW_ELSEWHERE),
            id="liveness answers another question, so a dependency may hang",
        ),
        pytest.param(
            {"liveness": asks(READYZ, period_seconds=5, timeout_seconds=5, failure_threshold=10)},
            App(spells=SAYS_NO),
            id="the application says no",
        ),
        pytest.param(
            {"liveness": asks(READYZ, period_seconds=5, timeout_seconds=2, failure_threshold=20)},
            App(spells=BUSY_SPELLS),
            id="liveness got no answer either",
        ),
        pytest.param({}, App(starts=(40.0,), silent_start=True), id="a slow start"),
        pytest.param({"exposed": False}, App(spells=BUSY_SPELLS), id="no Service"),
        pytest.param({"replicas": 2}, App(spells=BUSY_SPELLS), id="another replica"),
    ],
)
def test_what_proves_no_working_backend_proves_nothing(change: Mapping[str, Any], app: App) -> None:
    """Readiness is neither taken away nor advised away where it is not seen that the only backend worked meanwhile."""
    said = replace(CALM, **change, apps=(app,)).judge()

    assert "remove-readiness" not in said.actions
    assert not patches_readiness_away(said)


def test_what_the_policy_does_not_allow_is_withheld_and_readiness_waits_longer() -> None:
    """Without Types readiness gets the patience that flapping asks for."""
    said = replace(TAKEN, policy=Policy(allow=frozenset({Allowance.THRESHOLDS}))).judge()

    assert said.recommendation is not None
    assert "remove-readiness" in {action.name.value for action in said.recommendation.withheld}
    assert not patches_readiness_away(said)
    assert said.target.readiness != TAKEN.readiness


def test_readiness_never_goes_in_passing() -> None:
    """Where another container of the pod is to be changed, that comes first, and readiness is not in the same patch."""
    killed = Scene(liveness=asks(), replicas=1, gradual=False, apps=(App(starts=(90.0,)),))
    (alone,), (other,) = TAKEN.cases(), killed.cases()
    other = replace(
        other,
        container=replace(other.container, name="other"),
        history=replace(other.history, name="other"),
        earlier=tuple(replace(entry, name="other") for entry in other.earlier),
    )

    found = (alone, other)
    advice = recommend(found, diagnose(found), Policy())

    assert advice is not None
    assert {"add-startup-probe", "remove-readiness"} <= {action.name.value for action in advice.actions}
    assert advice.target["other"] != advice.current["other"]
    assert advice.target[alone.container.name].readiness is not None


@pytest.mark.parametrize("readiness", [asks(WORK, period_seconds=5), asks(READYZ, period_seconds=5)])
def test_readiness_stays_where_liveness_leaves_a_single_replica(readiness: Probe) -> None:
    """Load takes liveness away at most; the readiness of the only replica, the same or another, is no by-product."""
    load = App(spells=(Spell(begin=40, end=300, mode="slow", seconds=2.0, paths=("/work",)),))
    scene = Scene(liveness=asks(WORK), readiness=readiness, replicas=1, gradual=False, apps=(load,), seconds=360)

    assert scene.judge().target.readiness is not None
