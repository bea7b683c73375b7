"""The restart ledger: every life once, filed by time, bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts.fact import Fact
from probetuner.history import bounds
from probetuner.model.probe import ProbeType
from support.facts import (
    LIVENESS,
    READINESS,
    STARTUP,
    T0,
    counted,
    ending,
    entry,
    exited,
    failed,
    killed,
    lives,
    pod,
    ready,
    remember,
    started,
    startup_done,
    unready,
)

TWO_LIVES: list[Fact] = [
    started(0),
    exited(10, began=0),
    started(12, restarts=1),
    exited(20, restarts=1, began=12),
]
STORY: list[Fact] = [
    started(0),
    ready(5),
    unready(40),
    killed(80),
    exited(81),
    started(82, restarts=1),
    ready(90),
    ending(200),
]


@given(st.lists(st.integers(0, len(STORY) - 1)))
def test_a_life_is_told_any_number_of_times_and_counted_once(repeats: list[int]) -> None:
    """After a restart of the operator every pod is told of anew: nothing changes by that."""
    history = remember(STORY)

    assert remember((STORY[index] for index in sorted(repeats)), history) == history


@given(st.permutations(TWO_LIVES))
def test_starts_and_ends_make_the_same_lives_in_any_order(facts: list[Fact]) -> None:
    """A life is known by its pod and its restart count, not by when it was told of."""
    told = lives(facts)

    assert [(life.restarts, life.started_at, life.ended_at) for life in told] == [
        (0, T0, T0 + 10),
        (1, T0 + 12, T0 + 20),
    ]


def test_a_scrape_over_a_restart_is_shared_out() -> None:
    """Failures belong to the life that was ending, successes to the fresh one."""
    first, second = lives([started(0), exited(12), started(13, restarts=1), counted(5, 20, ok=1, bad=2)])

    assert (first.tally(LIVENESS).succeeded, first.tally(LIVENESS).failed) == (0, 2)
    assert (second.tally(LIVENESS).succeeded, second.tally(LIVENESS).failed) == (1, 0)
    assert second.answered_at == T0 + 20
    assert first.answered_at is None


def test_an_answer_in_a_scrape_over_a_restart_is_the_old_container_s_if_that_had_passed() -> None:
    """A container that crashed amid its work is not made one whose successor was up at once."""
    before, over = counted(0, 10, ok=1), counted(10, 20, ok=1)
    late: list[Fact] = [
        started(0),
        ready(12),
        exited(15),
        started(16, restarts=1),
        counted(10, 20, ok=1, probe=READINESS),
    ]
    first, second = lives([started(0), before, exited(15, code=1), started(16, restarts=1), over])

    assert (first.tally(LIVENESS).succeeded, second.answered_at) == (2, None)
    assert [life.answered_at for life in lives(late)] == [T0 + 12, None]


def test_a_scrape_over_several_short_lives_is_shared_between_the_first_and_the_last() -> None:
    """What lay between them is told by their events, if by anything."""
    short = (started(0), exited(10), started(11, restarts=1), exited(13, restarts=1), started(14, restarts=2))
    told = lives((*short, counted(5, 20, ok=1, bad=2)))

    assert [life.tally(LIVENESS).failed for life in told] == [2, 0, 0]
    assert [life.tally(LIVENESS).succeeded for life in told] == [0, 0, 1]


def test_a_scrape_that_begins_after_an_end_is_the_next_life_s() -> None:
    """A dead container fails no probe."""
    first, second = lives([started(0), exited(3), started(12, restarts=1), counted(10, 20, bad=1)])

    assert (first.tally(LIVENESS).failed, second.tally(LIVENESS).failed) == (0, 1)


@pytest.mark.parametrize(("probe", "failures"), [(LIVENESS, [3, 2]), (STARTUP, [3, 2]), (READINESS, [5, 0])])
def test_what_fails_after_a_kill_is_the_next_container_s(probe: ProbeType, failures: list[int]) -> None:
    """What kills asks no more from the kill on, however long the process takes to stop; readiness asks until the end.

    A failure taken for one of the time just before the end would make the end a crash.
    """
    story = (started(0), killed(30), exited(45, code=143), started(46, restarts=1))
    told = lives((*story, counted(20, 30, probe=probe, bad=3), counted(40, 60, probe=probe, bad=2)))

    assert [life.tally(probe).failed for life in told] == failures


def test_what_is_told_late_goes_to_its_own_life() -> None:
    """An event is filed by its time, also when the container has been restarted since."""
    first, second = lives([started(0), exited(30), started(40, restarts=1), failed(20), failed(35), failed(60)])

    assert first.tally(LIVENESS).failed == 2
    assert second.tally(LIVENESS).failed == 1


def test_what_happened_before_the_first_known_life_is_nobody_s() -> None:
    """An observer that came later does not blame the present life for the past."""
    (life,) = lives([started(100, restarts=5), failed(50), killed(60), counted(20, 40, bad=3), ready(30)])

    assert life.tallies == {}
    assert life.killed_by is None
    assert life.ready_at is None


def test_counts_since_the_pod_was_made_belong_to_its_first_life() -> None:
    """The first scrape of a pod counts from its creation, which is before the process started."""
    (life,) = lives([started(60), counted(0, 70, bad=2)])

    assert life.tally(LIVENESS).failed == 2


def test_a_scrape_counts_once() -> None:
    """The same scrape, or one that a newer one has overtaken, adds nothing."""
    facts = (started(0), counted(0, 10, ok=2), counted(10, 20, bad=1))

    assert remember((*facts, *facts[1:])) == remember(facts)


def test_failures_are_the_larger_of_both_sources() -> None:
    """Events leave out what the rate limit swallowed, counters what was not scraped yet."""
    (life,) = lives([started(0), failed(5), counted(0, 30, bad=5), failed(32), failed(33, probe=READINESS)])

    assert life.tally(LIVENESS).failed == 5
    assert life.tally(LIVENESS).streak == 6
    assert life.tally(READINESS).failed == 1


def test_the_first_answer_is_kept() -> None:
    """How long a start took is the first success of any probe."""
    (life,) = lives([started(0), startup_done(20), ready(25), counted(20, 30, ok=1), counted(30, 40, ok=1), ready(60)])

    assert life.answered_at == T0 + 20
    assert (life.ready_at, life.tally(LIVENESS).first_succeeded_at) == (T0 + 25, T0 + 30)


def test_a_life_first_seen_ready_was_up_since_nobody_knows_when() -> None:
    """An observer that comes later learns that it had come up, and no time that it took."""
    (life,) = lives([started(0, restarts=5), ready(100, by_probe=False, passed=True)])

    assert life.was_ready
    assert life.answered_at is None


def test_readiness_without_a_probe_is_no_answer() -> None:
    """A container without a readiness probe is ready as soon as it runs."""
    (life,) = lives([started(0), ready(1, by_probe=False)])

    assert life.answered_at is None


def test_the_oldest_ended_lives_are_forgotten_and_counted() -> None:
    """Of too many lives those that still run are kept, and so are the newest."""
    steady = pod("steady")
    loop = [fact for n in range(60) for fact in (started(10 * n, restarts=n), exited(10 * n + 5, restarts=n))]
    kept = entry([started(0, of=steady), *loop])

    assert len(kept.lives) == bounds.LIVES
    assert kept.forgotten == 61 - bounds.LIVES
    assert [life.pod for life in kept.lives if life.ended_at is None] == ["steady"]
    assert kept.lives[-1].restarts == 59


def test_the_length_of_a_life_is_known_when_it_has_ended() -> None:
    """A life that was never seen to run has no length, and one that runs has none yet."""
    ended, running = lives([started(0), exited(30), started(40, restarts=1)])

    assert (ended.lasted_seconds, running.lasted_seconds) == (30, None)
    assert [life.lasted_seconds for life in lives([exited(30)])] == [0]


def test_lives_stand_in_the_order_of_their_starts() -> None:
    """The last one in the ledger is the newest, whatever was told last."""
    told = lives([started(50, of=pod("b")), started(0), started(30, of=pod("c"))])

    assert [life.started_at - T0 for life in told] == [0, 30, 50]
