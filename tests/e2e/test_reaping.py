"""Zombies: each leak with each cure, cured by probetuner where that can work, and told where it cannot."""

from collections.abc import Mapping

import pytest

from e2e.play import Afterwards
from e2e.reaping import Outcome
from e2e.reaping_cases import SINGLE, THREADS, TREATED, Treated

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_MANY, _FEW = 8, 2
"""A child that has just ended may wait for its parent at the moment of the count."""

CURED = [case for case in TREATED if case.can_work]
INCURABLE = [case for case in TREATED if case.cure and not case.can_work]


@pytest.fixture(scope="module")
def outcomes(afterwards: Afterwards) -> Mapping[str, Outcome]:
    """What came of all of them."""
    return afterwards.reaping.result()


@pytest.mark.parametrize("leak", sorted({case.leak for case in TREATED}))
def test_each_leak_leaves_zombies_where_nobody_reaps(outcomes: Mapping[str, Outcome], leak: str) -> None:
    """Without a cure they are found by their step with the probe, and are there when they are counted."""
    outcome = outcomes[Treated(leak=leak, cure=None).name]

    assert outcome.counted >= _MANY
    assert "zombies" in outcome.findings


@pytest.mark.parametrize("case", CURED, ids=lambda case: case.name)
def test_a_cure_that_can_work_is_applied_and_kept(outcomes: Mapping[str, Outcome], case: Treated) -> None:
    """The policy's cure is patched; the verdict has the zombies before and after, and the count agrees."""
    outcome = outcomes[case.name]

    assert outcome.told is not None
    assert (outcome.told.verdict, outcome.told.after) == ("Kept", 0), outcome.told
    assert (outcome.told.before or 0) >= _MANY
    assert outcome.counted <= _FEW


@pytest.mark.parametrize("case", INCURABLE, ids=lambda case: case.name)
def test_a_cure_that_cannot_work_is_refused_and_does_not_work(outcomes: Mapping[str, Outcome], case: Treated) -> None:
    """Probetuner names what would work and patches nothing; given by hand the wrapper leaves as many as before."""
    outcome = outcomes[case.name]

    assert outcome.told is None
    assert "ShareProcessNamespace and TiniInit reap them" in outcome.advice
    assert outcome.by_hand
    assert outcome.counted >= _MANY


def test_a_single_process_leaves_nothing(outcomes: Mapping[str, Outcome]) -> None:
    """`redis-cli ping` without a shell needs no reaper."""
    assert outcomes[SINGLE].counted <= _FEW
    assert "zombies" not in outcomes[SINGLE].findings


def test_a_growing_pool_of_threads_is_no_zombies(outcomes: Mapping[str, Outcome]) -> None:
    """A healthy server that added threads as it liked, beside a probe that runs a shell, is not accused of them."""
    assert outcomes[THREADS].counted <= _FEW
    assert "zombies" not in outcomes[THREADS].findings
