"""A liveness probe in the users' queue is found before it has killed anybody, with the load at which it would."""

from dataclasses import replace

import pytest

from probetuner.model.probe import Exec, TcpSocket
from support.application import App, Spell
from support.scene import LIVEZ, READYZ, WORK, Scene, asks

NAME = "liveness-follows-load"
LOADED = Spell(begin=300, end=560, mode="slow", seconds=0.55, paths=("/work",))
"""Answers between 0.33 and 0.77 s: late, and in time."""
FOLLOWS = Scene(liveness=asks(WORK), readiness=asks(READYZ), apps=(App(latency=0.06, spells=(LOADED,)),), seconds=700)


def test_it_is_found_before_the_first_kill() -> None:
    """Answers were late for minutes on end and came in time again: it says so, and that a person may move liveness."""
    said = FOLLOWS.judge()

    assert said.names == {NAME}
    assert said.actions == {"replace-liveness-with-readiness"}
    assert said.recommendation is not None
    assert said.recommendation.changes_nothing


def test_it_says_at_which_load_it_would_kill() -> None:
    """From how long an answer usually takes, and from the deepest queue that was seen."""
    first, second = FOLLOWS.judge().finding(NAME).evidence

    assert "took over 0.3 s; at other times it usually takes up to 0.1 s" in first
    assert "about 10 to 20 requests wait before its own at each server, or 2.0 times what waited then" in second
    assert "for 21 s" in second


def with_app(**choices: object) -> Scene:
    return replace(FOLLOWS, apps=(replace(FOLLOWS.apps[0], **choices),))  # type: ignore[arg-type]  # by their names


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(with_app(spells=()), id="no load"),
        pytest.param(with_app(spells=(replace(LOADED, end=380),)), id="a minute of it"),
        pytest.param(with_app(spells=(), slow=0.2, slow_seconds=0.6), id="a tail of late answers"),
        pytest.param(with_app(spells=(), latency=0.4), id="late at all times"),
        pytest.param(with_app(spells=(replace(LOADED, begin=0, end=100),)), id="late while it is fresh"),
        pytest.param(replace(FOLLOWS, liveness=asks(LIVEZ)), id="another endpoint is asked"),
        pytest.param(replace(FOLLOWS, liveness=asks(TcpSocket(port=8080))), id="a port"),
        pytest.param(replace(FOLLOWS, liveness=asks(Exec(command=("true",)))), id="a command"),
        pytest.param(replace(FOLLOWS, counters=False), id="nobody sees how late"),
        pytest.param(with_app(spells=(LOADED, replace(LOADED, begin=600, end=690, seconds=3.0))), id="it has killed"),
    ],
)
def test_nothing_is_said_without_a_rise_that_nothing_else_explains(scene: Scene) -> None:
    """What is late by itself, by chance or for being fresh does not follow load; what has killed is another finding."""
    assert NAME not in scene.judge().names
