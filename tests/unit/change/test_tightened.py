"""Verdicts on quicker probes weigh what they find against what they cost, and what was loosened stays loosened."""

from dataclasses import replace
from typing import Any

import pytest

from gym.manifest import CONTAINER
from probetuner.change.loosening import loosened_lately
from probetuner.change.record import Change, Outcome
from probetuner.change.verify import Verdict, judge
from probetuner.model.probe import ProbeType
from probetuner.model.workload import parse_workload
from probetuner.tuning.figures import Figures
from support.application import App, Spell
from support.changes import made
from support.facts import T0
from support.scene import LIVEZ, READYZ, Scene, asks
from support.workloads import LIVENESS, container, deployment

TAIL = App(slow=0.2, slow_seconds=1.5, latency=0.15)
QUICKER = Scene(
    liveness=asks(LIVEZ, failure_threshold=9),
    readiness=asks(READYZ, period_seconds=2, failure_threshold=2),
    apps=(replace(TAIL, locks=(400.0,)), replace(TAIL, locks=(550.0,))),
    seconds=3600,
)
CALM = Figures(observed_seconds=3600.0, restarts=9, false_restarts=0, flaps=0, unready_seconds=30.0)


def verdict(scene: Scene, patch: dict[str, Any], undo: dict[str, Any], *, before: Figures = CALM) -> Verdict | None:
    """The verdict on a change of that scene's container, an hour later."""
    entries = ({"name": CONTAINER, **fields} for fields in (patch, undo))
    new, old = ({"spec": {"template": {"spec": {"containers": [entry]}}}} for entry in entries)
    change = Change(
        id="c", summary="s", decided_at=T0 - 1.0, patch=new, undo=old, before=before, applied_at=T0, generation=1
    )
    return judge(change, scene.workload, scene.history(), verify_seconds=1800.0, now=T0 + scene.seconds)


@pytest.mark.parametrize(("locks", "undone"), [(True, False), (False, True)])
def test_flaps_are_borne_for_stuck_replicas_that_are_found_sooner(locks: bool, undone: bool) -> None:  # noqa: FBT001
    """Users are sent to a stuck replica for half a minute less each time; without lock-ups flaps bring nothing."""
    scene = QUICKER if locks else replace(QUICKER, apps=(TAIL,))
    given = verdict(scene, {"readinessProbe": {"periodSeconds": 2}}, {"readinessProbe": {"periodSeconds": 10}})

    assert given is not None
    assert (given.outcome is Outcome.ROLLED_BACK) is undone
    assert (given.after.flaps or 0) >= 3
    assert ("flaps in 3600 s" in given.reason) is undone


@pytest.mark.parametrize(("alone", "undone"), [(0, True), (3, False)])
def test_an_empty_moment_is_borne_for_silent_replicas_that_are_found_sooner(alone: int, undone: bool) -> None:  # noqa: FBT001
    """Pauses that all replicas share empty the Service; those of one at a time are what users are kept from."""
    shared = tuple(Spell(begin=at, end=at + 9, mode="hang") for at in (500, 1700, 2900))
    apps = tuple(
        App(spells=(*shared, *(Spell(begin=at, end=at + 40, mode="hang") for at in range(first, 3500, 400)[:alone])))
        for first in (700, 830)
    )
    scene = replace(QUICKER, liveness=asks(LIVEZ, failure_threshold=6), apps=apps)
    given = verdict(scene, {"readinessProbe": {"periodSeconds": 2}}, {"readinessProbe": {"periodSeconds": 10}})

    assert (given is not None and given.outcome is Outcome.ROLLED_BACK) is undone


@pytest.mark.parametrize(("restarts", "undone"), [(200, False), (2, True), (None, True)])
def test_more_false_restarts_among_fewer_restarts_are_better_known_not_more(
    restarts: int | None,
    undone: bool,  # noqa: FBT001
) -> None:
    """What a quicker readiness probe shows of a kill may tell that it was false; it was made no more often."""
    overrun = replace(TAIL, slow=0.6, slow_seconds=1.5, handles_term=143)
    scene = replace(QUICKER, liveness=asks(READYZ), apps=(overrun, App()))
    before = replace(CALM, restarts=restarts)
    given = verdict(
        scene, {"livenessProbe": {"failureThreshold": 3}}, {"livenessProbe": {"failureThreshold": 2}}, before=before
    )

    assert given is not None
    assert (given.after.false_restarts or 0) >= 3
    assert ("false restarts in 3600 s" in given.reason) is undone


def test_a_change_that_leaves_stuck_replicas_without_a_restart_is_undone() -> None:
    """Liveness was taken away as if it had only killed busy containers; then they got stuck for good."""
    stuck = Scene(readiness=asks(LIVEZ), apps=(App(locks=(700.0,)), App(locks=(900.0,))), seconds=1700)
    gone = {"livenessProbe": None, "readinessProbe": {"timeoutSeconds": 1}}
    before = {"livenessProbe": {"httpGet": {"path": "/livez", "port": 8080}}, "readinessProbe": {"timeoutSeconds": 1}}
    given = verdict(stuck, gone, before)

    assert given is not None
    assert given.outcome is Outcome.ROLLED_BACK
    assert "fell silent for good" in given.reason


@pytest.mark.slow
def test_restarts_that_are_more_often_by_chance_are_no_reason_to_undo() -> None:
    """All of them count, and one more than before in an hour may be chance."""
    overrun = replace(TAIL, slow=0.6, slow_seconds=1.5, handles_term=143)
    scene = replace(QUICKER, liveness=asks(READYZ), apps=(overrun, App()))
    patch, undo = {"livenessProbe": {"failureThreshold": 3}}, {"livenessProbe": {"failureThreshold": 2}}
    given = verdict(scene, patch, undo)
    assert given is not None
    restarts = given.after.restarts or 0

    for before, undone in ((restarts - 1, False), (restarts // 3, True)):
        given = verdict(scene, patch, undo, before=replace(CALM, restarts=before))
        assert given is not None
        assert (given.outcome is Outcome.ROLLED_BACK) is undone


PLAIN, LOOSE = container(readinessProbe=LIVENESS), container(readinessProbe={**LIVENESS, "timeoutSeconds": 9})


@pytest.mark.parametrize(
    ("numbers", "more_time"),
    [
        ({"timeoutSeconds": 9}, True),
        ({"failureThreshold": 5}, True),
        ({"timeoutSeconds": 5, "periodSeconds": 9}, True),
        ({"timeoutSeconds": 2, "periodSeconds": 5}, False),
        ({"timeoutSeconds": 9, "failureThreshold": 1}, False),
        ({"timeoutSeconds": 9, "initialDelaySeconds": 5}, True),
        ({"initialDelaySeconds": 5}, False),
    ],
)
def test_more_time_is_more_for_each_answer_and_in_all(numbers: dict[str, int], more_time: bool) -> None:  # noqa: FBT001
    """A shorter period takes none if what it takes is made up for."""
    changed = container(readinessProbe={**LIVENESS, **numbers})
    containers = parse_workload(deployment(changed)).containers
    found = loosened_lately([made(PLAIN, changed, at=0)], containers, now=T0 + 3600)

    assert bool(found) is more_time


def loosened(*changes: Change, now: float = 3600) -> bool:
    found = loosened_lately(changes, parse_workload(deployment(LOOSE)).containers, now=T0 + now)
    assert found <= {("web", ProbeType.READINESS)}
    return bool(found)


def test_what_was_given_more_time_within_a_day_is_known() -> None:
    """By a change that stands: one that was undone, or tightened, or is long past, is no reason to wait."""
    assert loosened(made(PLAIN, LOOSE, at=0))
    assert loosened(made(LOOSE, PLAIN, at=50), made(PLAIN, LOOSE, at=0))
    assert not loosened(made(LOOSE, PLAIN, at=0))
    assert not loosened(made(LOOSE, container(readinessProbe={**LIVENESS, "failureThreshold": 9}), at=0))
    assert not loosened(made(PLAIN, LOOSE, at=0, undone_at=60))
    assert not loosened(made(PLAIN, LOOSE, at=0), now=90_000)


def test_numbers_that_somebody_edited_in_the_status_are_not_taken_for_more_time() -> None:
    """Nothing is known of what they were."""
    change = made(PLAIN, LOOSE, at=0)
    name = LOOSE["name"]
    edited = {
        "spec": {"template": {"spec": {"containers": [{"name": name, "readinessProbe": {"timeoutSeconds": "1"}}]}}}
    }

    assert not loosened(replace(change, undo=edited))
