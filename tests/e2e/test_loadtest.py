"""The load experiment on a real kubelet: the measure that the project began with, and where probes begin to lie."""

import pytest

from demo.outcome import shortcomings
from e2e.play import Play

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


def test_the_measure_that_it_began_with(play: Play) -> None:
    """A thousand requests, ten at a time: kills and failures before, none of either after the cure."""
    outcome = play.seed.result()

    assert shortcomings(outcome) == []
    assert (outcome.load_before.clients, outcome.load_after.clients) == (10, 10)
    assert outcome.load_after.answered == 1000


def test_it_finds_the_load_from_which_on_probes_lie(play: Play) -> None:
    """Two replicas that serve one request at a time have their knee near two; beyond it, liveness fails and kills."""
    found = play.steps.result()

    assert found.exit_code == 1, found.progress
    assert found.document["ended"] == "complete", found.progress
    assert [step["concurrency"] for step in found.document["steps"]] == [1, 2, 5, 10, 25]
    assert found.document["knee"]["reached"]
    assert 1.0 < found.document["knee"]["concurrency"] < 4.0
    (lie,) = found.document["lies"]
    assert (lie["container"], lie["probe"]) == ("rng", "Liveness")
    assert lie["fromConcurrency"] > found.document["knee"]["concurrency"]
    assert 0 < lie["whileAnswered"] <= lie["failed"]
    assert found.document["kills"]


def test_nothing_is_left_of_it(play: Play) -> None:
    """When the command ends, its Job is gone."""
    assert play.steps.result().jobs_left == ""
