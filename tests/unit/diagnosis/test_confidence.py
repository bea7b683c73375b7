"""What chance makes is told for any number of observations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.diagnosis.confidence import is_more_than_chance


@pytest.mark.parametrize(
    ("count", "expected", "more"),
    [(0, 0.0, False), (1, 0.0, True), (3, 1.0, False), (4, 1.0, True), (510, 500.0, False), (600, 500.0, True)],
)
def test_what_is_seldom_of_what_is_expected_is_more_than_chance(count: int, expected: float, more: bool) -> None:  # noqa: FBT001 - a table
    """Four of one expected are seldom, three are not; hundreds are told as well."""
    assert is_more_than_chance(count, expected) is more


@given(st.integers(0, 3000), st.floats(0.0, 3000.0))
def test_more_is_never_less_of_a_surprise(count: int, expected: float) -> None:
    """One more of the same expectation surprises if the fewer did, and as many as expected never do."""
    assert is_more_than_chance(count + 1, expected) or not is_more_than_chance(count, expected)
    assert not is_more_than_chance(int(expected), expected)
