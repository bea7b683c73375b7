"""The timetable of the users, and what counts as failed while one of them waits."""

from hypothesis import given
from hypothesis import strategies as st

from after.apps.load import Tally, missed, timetable
from after.scenarios import SCENARIOS, WINDOW_SECONDS

PLAN = [(1, 10), (3, 20), (1, 10)]


def test_everybody_asks_once_in_each_period_of_the_phases_in_which_they_are_there() -> None:
    """The first user all the time, the second and the third only in the middle, and there is no fourth."""
    assert [int(moment / 2) for moment in timetable(0, PLAN, 2.0)] == list(range(20))
    assert [int(moment / 2) for moment in timetable(1, PLAN, 2.0)] == list(range(5, 15))
    assert [int(moment / 2) for moment in timetable(2, PLAN, 2.0)] == list(range(5, 15))
    assert timetable(3, PLAN, 2.0) == []


def test_the_load_is_the_same_in_every_run() -> None:
    """To the moment; but users do not all ask at the same one."""
    assert timetable(1, PLAN, 2.0) == timetable(1, PLAN, 2.0)
    assert timetable(1, PLAN, 2.0) != timetable(2, PLAN, 2.0)


def test_one_that_waits_in_vain_would_have_asked_meanwhile() -> None:
    """A refusal at once is one failure; ten seconds of silence are as many as the user wanted to ask."""
    wanted = [0.5, 1.5, 2.5, 3.5, 4.5]

    assert missed(wanted, 0, 0.5) == 0
    assert missed(wanted, 0, 3.0) == 2
    assert missed(wanted, 3, 100.0) == 1


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20), st.floats(0, 120))
def test_no_request_is_lost_or_counted_twice(moments: list[float], now: float) -> None:
    """Those that were missed and those still to come are all that come after the present one."""
    wanted = sorted(moments)
    more = missed(wanted, 0, now)

    assert all(moment <= now for moment in wanted[1 : 1 + more])
    assert all(moment > now for moment in wanted[1 + more :])


def test_late_answers_count_once_and_failures_as_often_as_told() -> None:
    """An answer is one answer, however many the user would have liked meanwhile."""
    tally = Tally()
    tally.count(None, 4)
    tally.count("timeout", 4)
    tally.count("refused", 1)

    assert (tally.answered, dict(tally.failed)) == (1, {"timeout": 4, "refused": 1})


def test_every_scenario_is_loaded_for_the_whole_window() -> None:
    """Otherwise two scenarios could not be read side by side."""
    assert {sum(seconds for _, seconds in scenario.load.plan) for scenario in SCENARIOS} == {WINDOW_SECONDS}
