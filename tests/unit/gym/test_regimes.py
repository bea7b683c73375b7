"""Regimes vary one thing at a time, over the same cases."""

import random
import statistics

import pytest

from gym import reporting, shaping
from gym.cost import WEIGHTS, Cost, prices_of
from gym.fleet import CHEAP
from gym.manifest import http
from gym.regimes import BASE, ERRORS_DEAR, REGIMES, RESTARTS_DEAR, Regime
from gym.score import LEAVE, ORACLE, recommended, scores_of
from gym.sight import Sight
from gym.truth import Shape, Spread, Stopping
from gym.weather import draw
from probetuner.tuning.recommendation import Probes

CASES = shaping.draw(reporting.FAMILIES, reporting.HEALTHY, count=4, seed="unit")


def named(name: str) -> Regime:
    return next(regime for regime in REGIMES if regime.name == name)


def test_what_sigterm_does_is_mixed_where_no_regime_says() -> None:
    """Each family has all kinds, and the base leaves them as drawn."""
    for family in {case.family for case in CASES}:
        assert {case.truth.stopping for case in CASES if case.family == family} == set(Stopping)
    assert all(BASE.world(case) == case for case in CASES)
    assert all(named(one.value).world(CASES[0]).truth.stopping is one for one in Stopping)


def test_each_group_is_there() -> None:
    """SIGTERM, durations, observers and prices; names tell regimes apart."""
    groups = [(regime.group, regime.name) for regime in REGIMES]
    assert len(groups) == len(set(groups))
    assert {group for group, _ in groups} == {"base", "SIGTERM", "durations", "observer", "prices"}
    assert {regime.sight for regime in REGIMES} == set(Sight)
    assert {regime.shape for regime in REGIMES} == set(Shape)


@pytest.mark.parametrize("shape", [Shape.HEAVY_TAILED, Shape.BIMODAL])
def test_durations_change_and_the_starts_of_healthy_cases_go_on_fitting(shape: Shape) -> None:
    """A healthy case whose starts outlasted its startup probe would be healthy no more."""
    for case in CASES:
        world = named(shape.value).world(case)
        assert world.truth.glitches.seconds.shape is shape
        assert world.truth.start.shape is (Shape.LOGNORMAL if case.healthy else shape)
        assert world.truth.service.shape is Shape.LOGNORMAL


def test_shapes_are_what_they_say() -> None:
    """One in ten of the heavy tail is long, and none beyond ten times; two modes have hardly anything between."""
    rng = random.Random("unit")
    values = {shape: [draw(Spread(median=10, sigma=0.1, shape=shape), rng) for _ in range(4000)] for shape in Shape}
    for shape in (Shape.LOGNORMAL, Shape.HEAVY_TAILED):
        assert statistics.median(values[shape]) == pytest.approx(10, rel=0.05)
    assert max(values[Shape.LOGNORMAL]) < 18 < max(values[Shape.HEAVY_TAILED]) < 150
    assert 0.08 < sum(value > 18 for value in values[Shape.HEAVY_TAILED]) / 4000 < 0.12
    assert sum(9 < value < 20 for value in values[Shape.BIMODAL]) < 20
    assert 0.25 < sum(value > 20 for value in values[Shape.BIMODAL]) / 4000 < 0.35
    assert draw(Spread(median=10, shape=Shape.HEAVY_TAILED), rng) == 10


def test_prices_weigh_the_same_losses() -> None:
    """Only the named price differs from the default."""
    cost = Cost(refused_seconds=1, false_restarts=1)
    assert cost.total == cost.at(WEIGHTS) == 40
    assert cost.at(prices_of(RESTARTS_DEAR)) == 310
    assert cost.at(prices_of(ERRORS_DEAR)) == 80


@pytest.mark.slow
def test_regimes_of_one_world_are_scored_as_each_alone() -> None:
    """Phases are shared, and nothing of one observer reaches another; nobody applies changes who does not watch."""
    (case,) = shaping.draw((reporting.glitches,), (), count=1, seed="unit")
    shared = (BASE, named(Sight.LOOK.value), named("restarts dear"))
    together = scores_of(case, shared, with_oracle=False)
    for regime, mine in zip(shared[1:], together[1:], strict=True):
        (alone,) = scores_of(case, (regime,), with_oracle=False)
        assert alone == mine
    assert together[0].ways != together[2].ways, "the policy has the regime's prices"
    assert together[0].total(LEAVE) < together[2].total(LEAVE)
    assert len(together[0].ways) == len(together[1].ways) + 1
    assert together[0].costs[LEAVE] == together[2].costs[LEAVE]
    assert ORACLE not in together[0].costs


@pytest.mark.slow
def test_advice_for_healthy_cases_is_named_by_regime() -> None:
    """A healthy case gets none from anybody, and one that is not is named where it was seen."""
    calm = shaping.draw((shaping.calm,), (shaping.calm,), count=1, seed="unit")
    assert recommended(calm, (BASE,), workers=1) == {BASE: []}
    (case,) = shaping.draw((reporting.hanging_dependency,), (), count=1, seed="unit")
    assert case.probes != Probes(liveness=http(CHEAP))
    said = recommended([case], (BASE, named(Sight.DUMP.value)), workers=1)
    assert [words.split(":")[0] for words in said[BASE]] == [case.name]
    assert said[named(Sight.DUMP.value)] == []
