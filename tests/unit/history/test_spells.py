"""Unready spells: only what the readiness probe kept out of the Services, and only that long."""

import pytest

from probetuner.facts.fact import Fact
from probetuner.history import bounds
from support.facts import T0, ending, entry, exited, pod, ready, remember, started, unready


@pytest.mark.parametrize(
    "closing",
    [
        pytest.param(ready(50), id="ready again"),
        pytest.param(ready(50, by_probe=False), id="let in by something else"),
        pytest.param(unready(50, by_probe=False), id="kept out by something else"),
        pytest.param(ending(50), id="pod deleted"),
        pytest.param(exited(50), id="process gone"),
    ],
)
def test_a_spell_lasts_until_it_is_no_more_the_probe_s(closing: Fact) -> None:
    """A spell ends when the container is let in, and when something else than the probe keeps it out."""
    (spell,) = entry([started(0), ready(10), unready(40), closing]).unready

    assert (spell.started_at, spell.ended_at) == (T0 + 40, T0 + 50)


def test_what_something_else_did_is_no_spell() -> None:
    """A restart, a lost node or a readiness gate is not the probe's flapping."""
    assert entry([started(0), ready(10), unready(40, by_probe=False)]).unready == ()


def test_one_pod_s_return_closes_no_other_s_spell() -> None:
    """Each replica is kept out on its own."""
    other = pod("web-b")
    told = entry([started(0), started(0, of=other), unready(40), unready(41, of=other), ready(50)]).unready

    assert [(spell.pod_uid, spell.ended_at) for spell in told] == [("uid-web-a", T0 + 50), (other.uid, None)]


def test_an_end_from_before_closes_no_later_spell() -> None:
    """An exit that is told late is not the end of a spell of the next life."""
    (spell,) = entry([started(0), started(30, restarts=1), unready(40), exited(25)]).unready

    assert spell.ended_at is None


def test_a_spell_that_is_told_again_is_one_spell() -> None:
    """Telling the same change twice neither closes nor doubles it."""
    facts = (started(0), ready(10), unready(40))

    assert remember((*facts, unready(40))) == remember(facts)


def test_only_the_newest_spells_are_kept() -> None:
    """Flapping for ever takes no more room than flapping for a day."""
    flaps = [fact for n in range(100) for fact in (unready(20 * n), ready(20 * n + 10))]
    kept = entry([started(0), *flaps]).unready

    assert len(kept) == bounds.UNREADY_SPELLS
    assert kept[-1].started_at == T0 + 20 * 99


@pytest.mark.parametrize(("told_at", "spells"), [(40.0, [(40.4, None)]), (70.0, [(40.4, 70.0), (70.0, None)])])
def test_who_begins_anew_while_a_container_is_out_opens_no_second_spell(
    told_at: float, spells: list[tuple[float, float | None]]
) -> None:
    """The pod's condition has the same time in whole seconds; a later one means that it was back in between."""
    known: list[Fact] = [started(0), ready(10), unready(40.4)]
    told: list[Fact] = [ready(told_at, by_probe=False, passed=True), unready(told_at)]
    seen = [(spell.started_at, spell.ended_at) for spell in entry(known + told).unready]

    assert seen == [(T0 + began, None if ended is None else T0 + ended) for began, ended in spells]
