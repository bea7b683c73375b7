"""How many processes that used up the grace period only paused: what the durations of the others tell."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.tuning.outlasting import Outlasting, Silences, estimate

BORNE_SECONDS, UNTIL_SECONDS = 25.0, 60.0


def seen(pauses: list[float], *, stuck: int) -> Silences:
    """What a liveness probe that bears 25 s shows of these pauses and of as many lock-ups, with a grace of 35 s."""
    return Silences(
        own=tuple(lasts for lasts in pauses if 10 < lasts <= BORNE_SECONDS),
        limits=(10, BORNE_SECONDS),
        woken=tuple(lasts for lasts in pauses if BORNE_SECONDS < lasts <= UNTIL_SECONDS),
        borne_seconds=BORNE_SECONDS,
        deaf=stuck + sum(lasts > UNTIL_SECONDS for lasts in pauses),
        until_seconds=UNTIL_SECONDS,
        grain_seconds=5,
    )


def drawn(median: float, spread: float, *, count: int, seed: int) -> list[float]:
    rng = random.Random(seed)
    return [median * rng.lognormvariate(0.0, spread) for _ in range(count)]


def found(median: float, spread: float, *, stuck: int) -> tuple[float, int]:
    """How many are found stuck on average over twenty workloads, and how many used up the grace period."""
    samples = [seen(drawn(median, spread, count=60, seed=seed), stuck=stuck) for seed in range(20)]
    deaf = sum(one.deaf for one in samples)
    return sum(one.deaf * (1.0 - estimate(one).chance) for one in samples if one.deaf) / 20, deaf // 20


@pytest.mark.slow
@pytest.mark.parametrize(("median", "spread"), [(12.0, 0.4), (25.0, 0.5), (40.0, 0.7)])
def test_most_of_those_that_used_up_the_grace_period_are_told_apart(median: float, spread: float) -> None:
    """Half of them may be taken for the other kind; the more are stuck, the more are found to be."""
    before = -1.0
    for stuck in (0, 4, 12, 30):
        now, deaf = found(median, spread, stuck=stuck)
        assert abs(now - stuck) <= max(0.5, 0.5 * deaf)
        assert now > before
        before = now


def test_short_pauses_explain_no_process_that_never_woke() -> None:
    """And those that woke up to the very end of the grace period explain one more."""
    short = seen([14.0, 15.0, 16.0, 17.0, 18.0, 27.0], stuck=3)
    evenly = seen([28.0, 33.0, 38.0, 43.0, 48.0, 53.0, 58.0], stuck=1)

    assert estimate(short).chance < 0.2
    assert estimate(evenly).chance > 0.6


@given(
    own=st.lists(st.floats(10.0, 25.0), max_size=20),
    woken=st.lists(st.floats(25.0, 60.0), max_size=20),
    deaf=st.integers(1, 40),
)
def test_it_is_a_chance_of_a_pause_that_lasted_longer(own: list[float], woken: list[float], deaf: int) -> None:
    """Whatever was seen."""
    one = estimate(replace(seen([], stuck=deaf), own=tuple(own), woken=tuple(woken)))

    assert 0.0 <= one.chance <= 1.0
    assert one == Outlasting() or one.seconds >= UNTIL_SECONDS
