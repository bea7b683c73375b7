"""Changes wait for their hour, and a probe that people put back twice is theirs."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from probetuner.change.record import Change, Outcome
from probetuner.model.policy import ApplyRules, Policy
from probetuner.model.windows import MaintenanceWindow, Weekday
from support.changes import log, made
from support.facts import T0
from support.stage import Stage
from support.workloads import LIVENESS, Json, container

BERLIN = ZoneInfo("Europe/Berlin")


def opening_in(seconds: float, *, minutes: int = 60) -> Policy:
    """A policy whose only window opens so long after the stage's beginning."""
    opens = datetime.fromtimestamp(T0 + 300 + seconds, tz=BERLIN)
    day = tuple(Weekday)[opens.weekday()]
    start = opens.time().replace(second=0, microsecond=0)
    window = MaintenanceWindow(days=frozenset({day}), start=start, duration_minutes=minutes, zone=BERLIN)
    return Policy(apply=ApplyRules(maintenance_windows=(window,)))


def test_outside_of_its_windows_a_change_waits_for_the_next() -> None:
    """The refusal says when the next one opens, and then it is applied without anything happening."""
    stage = Stage(policy=opening_in(7200))
    decision = stage.turn()
    applied = stage.condition("Applied")
    assert (decision.patch, applied["reason"]) == (None, "OutsideMaintenanceWindow")
    assert "maintenanceWindows opens next at 20" in applied["message"]
    assert decision.recheck_seconds is not None
    assert 7000 < decision.recheck_seconds <= 7200

    stage.now += decision.recheck_seconds
    stage.turn()

    assert len(stage.sent) == 1


def test_within_a_window_a_change_is_made() -> None:
    """A window that opened half an hour ago does not hold anything up."""
    stage = Stage(policy=opening_in(-1800))

    stage.turn()

    assert len(stage.sent) == 1


def test_the_end_of_a_window_leaves_the_undo_alone() -> None:
    """What a change made worse is undone whatever the hour."""
    old, new = container(livenessProbe=LIVENESS), container(livenessProbe={**LIVENESS, "periodSeconds": 20})
    worse = replace(made(old, new, at=0), verdict=Outcome.ROLLED_BACK, verdict_at=T0 + 200)
    stage = Stage(status=log(worse), policy=opening_in(7200))
    stage.edit(dict(worse.patch))
    stage.roll_out()

    stage.turn()

    assert stage.probes["livenessProbe"].get("periodSeconds", 10) == 10


SLOWER = container(livenessProbe={**LIVENESS, "periodSeconds": 20})
SLOWEST = container(livenessProbe={**LIVENESS, "periodSeconds": 30})
STARTUP = container(livenessProbe=LIVENESS, startupProbe=LIVENESS)


def put_back(new: Json, *, at: float) -> Change:
    """A change of the present container, which somebody put back."""
    present = container(livenessProbe=LIVENESS)
    return made(present, new, at=at, identity=f"at {at}", verdict=Outcome.INCONCLUSIVE, reverted_at=at + 100)


def later(*changes: Change) -> Stage:
    return Stage(status=log(*changes), now=100_000)


@pytest.mark.parametrize("second", [SLOWER, SLOWEST], ids=["the same again", "another number"])
def test_a_probe_that_was_put_back_twice_is_left_alone(second: Json) -> None:
    """Two changes of the same probe that somebody undid are enough, whatever it would be changed to next."""
    once = later(put_back(SLOWER, at=-9000))
    once.turn()
    assert len(once.sent) == 1

    twice = later(put_back(second, at=-5000), put_back(SLOWER, at=-9000))
    twice.turn()

    assert (twice.sent, twice.condition("Applied")["reason"]) == ([], "RevertedTwice")
    assert twice.condition("RevertedByOther")["status"] == "True"


def test_what_was_put_back_elsewhere_does_not_count() -> None:
    """Startup probes that somebody removed twice say nothing about liveness."""
    stage = later(put_back(STARTUP, at=-5000), put_back(STARTUP, at=-9000))

    stage.turn()

    assert len(stage.sent) == 1


def test_what_was_put_back_counts_where_it_is_not_known_any_more_what_that_was() -> None:
    """A status that had no room for the patches keeps that they were put back."""
    stage = later(put_back(STARTUP, at=-5000), put_back(STARTUP, at=-9000))
    for entry in stage.status["history"]:
        del entry["patch"], entry["undo"]

    stage.turn()

    assert (stage.sent, stage.condition("Applied")["reason"]) == ([], "RevertedTwice")
