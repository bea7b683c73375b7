"""Who watches for longer advises no worse: what a history cannot hold for ever is not held against the probes."""

import pytest

from gym import shaping
from gym.pipeline import advise
from gym.score import train
from gym.truth import GymCase


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


def test_liveness_becomes_quicker_also_where_readiness_flaps() -> None:
    """Forty lock-ups show how late liveness is, whatever a few unready moments say about readiness."""
    case = shaping.draw((shaping.lockups_of_a_busy_server,), (), count=1, seed="shape")[0]
    advice = advise(train(case))
    before, after = case.probes.liveness, advice.probes.liveness

    assert "readiness-flapping" in {finding.name.value for finding in advice.findings}
    assert before is not None
    assert after is not None
    assert after.detection_seconds < before.detection_seconds
