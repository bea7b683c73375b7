"""Replaying a recording's own probes over its own signal gives what was recorded."""

from pathlib import Path

import pytest

from gym.recordings import Comparison, compare
from gym.replay_table import folders

_UNREADY_SECONDS_PER_POD, _SHARE_OF_POD_SECONDS, _SHARE_OF_FLAPS = 3.0, 0.04, 0.2


@pytest.fixture(params=folders(), ids=lambda folder: folder.name)
def comparisons(request: pytest.FixtureRequest) -> list[Comparison]:
    folder: Path = request.param
    found = list(compare(folder))
    assert found, f"{folder} shows no container from its start on"
    return found


def _between(recorded: float, replayed: list[float], margin: float) -> bool:
    return min(replayed) - margin <= recorded <= max(replayed) + margin


@pytest.mark.slow
def test_a_replay_gives_the_recorded_kills_and_restarts(comparisons: list[Comparison]) -> None:
    """Kills and restarts lie within what the kubelet's own randomness allows."""
    for row in comparisons:
        assert _between(row.recorded.kills, [counts.kills for counts in row.replayed], 0), row
        assert _between(row.recorded.restarts, [counts.restarts for counts in row.replayed], 0), row


@pytest.mark.slow
def test_a_replay_gives_the_recorded_unready_time(comparisons: list[Comparison]) -> None:
    """Unready time and flaps agree up to the stated tolerances."""
    for row in comparisons:
        margin = _UNREADY_SECONDS_PER_POD * row.pods + _SHARE_OF_POD_SECONDS * row.pod_seconds
        assert _between(row.recorded.unready_seconds, [counts.unready_seconds for counts in row.replayed], margin), row
        flaps = [counts.flaps for counts in row.replayed]
        assert _between(row.recorded.flaps, flaps, _SHARE_OF_FLAPS * row.recorded.flaps), row
