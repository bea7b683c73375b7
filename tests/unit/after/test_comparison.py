"""What is called worse, and what is left to chance."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from after.comparison import is_troubled, worse
from after.figures import Figures

WELL = Figures(answered=1000, failed=0, kills=0, seconds_without_endpoint=0.0)
ILL = Figures(answered=1000, failed=640, kills=4, seconds_without_endpoint=80.0)


def said(*plays: tuple[Figures, Figures], kills_cure: bool = False) -> str:
    return "\n".join(worse(plays, kills_cure=kills_cure))


def test_the_same_is_no_worse_nor_is_anything_better() -> None:
    """Answers are not judged by themselves: under the same load those that are missing have failed."""
    assert said((ILL, ILL)) == ""
    assert said((ILL, replace(WELL, answered=1))) == ""


@pytest.mark.parametrize(
    ("figure", "well", "ill"),
    [("failed", 40, 640 + 320), ("kills", 1, 4 + 4), ("seconds_without_endpoint", 20, 80 + 80)],
)
def test_an_episode_is_chance_where_there_was_none_and_two_deviations_where_there_were(
    figure: str, well: int, ill: int
) -> None:
    """Of 16 episodes of forty requests eight more are chance, of four kills or spells four more. One more is not."""
    assert said((WELL, replace(WELL, **{figure: well}))) == said((ILL, replace(ILL, **{figure: ill}))) == ""
    assert said((WELL, replace(WELL, **{figure: well + 1})))
    assert said((ILL, replace(ILL, **{figure: ill + 1})))


def test_it_is_told_what_it_was_and_what_it_may_be() -> None:
    """For a person to judge the judgement."""
    assert said((ILL, replace(ILL, failed=2000))) == "requests failed: 640 → 2000 (up to 960 is chance)"


def test_better_figures_do_not_make_up_for_a_worse_one() -> None:
    """No kills any more, and nobody is served: that is what a removed liveness probe does to a deadlock."""
    assert "requests failed" in said((ILL, replace(WELL, failed=1100)))


def test_where_only_a_restart_helps_more_of_them_are_no_harm() -> None:
    """But what users see of it is judged all the same."""
    assert said((ILL, replace(ILL, kills=30)), kills_cure=True) == ""
    assert said((ILL, replace(ILL, kills=30, failed=2000)), kills_cure=True).startswith("requests failed")


def test_what_does_not_come_again_was_chance() -> None:
    """Only the figure that is worse in every play is told."""
    bad, worst = replace(ILL, failed=2000, kills=20), replace(ILL, failed=3000)

    assert said((ILL, bad), (ILL, ILL)) == ""
    assert said((ILL, bad), (ILL, worst)) == (
        "requests failed: 640 → 2000 (up to 960 is chance), then 640 → 3000 (up to 960 is chance)"
    )


def test_without_a_play_nothing_is_worse() -> None:
    """Where nothing is patched nothing is compared."""
    assert said() == ""


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_more_trouble_before_never_allows_less_after(after: int, before: int, more: int) -> None:
    """The margin grows with what there was."""
    now = replace(WELL, failed=after)

    if said((replace(WELL, failed=before + more), now)):
        assert said((replace(WELL, failed=before), now))


def test_trouble_is_any_of_the_three() -> None:
    """Without it there is nothing to compare with."""
    assert not is_troubled(WELL)
    assert all(is_troubled(replace(WELL, **{name: 1})) for name in ("failed", "kills", "seconds_without_endpoint"))
