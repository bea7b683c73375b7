"""What is advised after hours of watching: time in which nothing could be seen is not held against the probes."""

import pytest

from gym import shaping
from gym.pipeline import advise
from gym.score import train
from gym.truth import GymCase


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", shaping.draw((shaping.lockup_unattended,), (), count=2, seed="watch"), ids=lambda case: case.name
)
def test_replicas_that_have_been_stuck_for_hours_are_noticed_sooner_next_time(case: GymCase) -> None:
    """They could get stuck only once in all that time: the hours in which they were say nothing of how often."""
    before, after = case.probes.readiness, advise(train(case)).probes

    assert before is not None
    assert after.readiness is not None
    assert after.liveness is not None
    assert after.readiness.detection_seconds < before.detection_seconds
