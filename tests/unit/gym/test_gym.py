"""The gym's own books: what costs nothing, what must balance, and what a seed decides."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gym import broad, reporting, shaping
from gym.apply import ROUNDS, apply_mode, training_seed
from gym.cost import cost_of
from gym.fleet import CHEAP, WORK
from gym.manifest import http
from gym.observer import facts_of
from gym.phase import live
from gym.pipeline import advise
from gym.policies import FIXED, best
from gym.score import REHEARSAL_SEEDS, TEST_SEEDS
from gym.truth import GymCase, Spread, Troubles, Truth
from probetuner.facts.fact import KillAnnounced, ProbeCounted, ProbeFailed
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.answer import Verdict

SANE = Probes(liveness=http(CHEAP), readiness=http(CHEAP))
CASES = shaping.draw((*shaping.FAMILIES, *broad.FAMILIES, *reporting.FAMILIES), (), count=2, seed="unit")


def case(truth: Truth, probes: Probes = SANE) -> GymCase:
    return GymCase(family="unit", number=0, truth=truth, probes=probes)


def test_no_trouble_costs_nothing_but_the_first_look() -> None:
    """A fleet without trouble under sane settings loses only what passes between a start and the first attempt."""
    cost = cost_of(live(case(Truth(start=Spread(median=0.1))), SANE, seed="1", seconds=1800))
    assert cost.refused_seconds == cost.idle_seconds == cost.stuck_seconds == cost.false_restarts == 0
    assert cost.rollout_seconds * 1800 * 3 / 1000 < 3 * 0.8


def test_what_nobody_could_serve_is_not_charged() -> None:
    """Overload that all replicas together could not bear costs nothing as long as all of them work."""
    flood = Truth(load=0.2, bursts=Troubles(per_hour=10, seconds=Spread(median=60), height=3.0))
    cost = cost_of(live(case(flood), Probes(), seed="1", seconds=1800))
    assert cost.refused_seconds == pytest.approx(0, abs=0.5)


def test_a_lock_up_without_liveness_lasts_to_the_end() -> None:
    """Stuck for good and never restarted, a replica is charged from the lock-up to the end of the phase."""
    truth = Truth(replicas=1, start=Spread(median=0.1), lockup_seconds=600)
    phase = live(case(truth), Probes(), seed="1", seconds=1800)
    stuck_at = 0.1 + phase.fates[0][0].lockup_seconds
    cost = cost_of(phase)
    assert cost.stuck_seconds * 1.8 == pytest.approx(1800 - stuck_at)
    assert cost.false_restarts == 0


def test_a_kill_of_a_busy_container_is_false_and_one_of_a_stuck_one_is_not() -> None:
    """The truth decides, not the probe."""
    glitch = Truth(glitches=Troubles(per_hour=6, seconds=Spread(median=60)))
    locked = Truth(lockup_seconds=300)
    assert cost_of(live(case(glitch), SANE, seed="1", seconds=1800)).false_restarts > 0
    assert cost_of(live(case(locked), SANE, seed="1", seconds=1800)).false_restarts == 0


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_the_books_balance(one: GymCase) -> None:
    """No part is negative, no replica loses more time than there is, and every attempt is counted once."""
    phase = live(one, one.probes, seed="1", seconds=900)
    cost = cost_of(phase)
    lost = cost.idle_seconds + cost.stuck_seconds + cost.rollout_seconds
    assert min(cost.refused_seconds, cost.idle_seconds, cost.stuck_seconds, cost.rollout_seconds) >= 0
    assert lost <= 1000 + 1e-6
    if not phase.weather.node_away.all:
        facts = facts_of(phase, epoch=0.0, template="t")
        counted = sum(fact.succeeded + fact.failed for fact in facts if isinstance(fact, ProbeCounted))
        made = [a for outcome in phase.outcomes for a in outcome.attempts if a.verdict is not Verdict.ERRORED]
        assert counted == len(made)
        failed = len([a for a in made if a.verdict is Verdict.FAILED])
        assert sum(fact.count for fact in facts if isinstance(fact, ProbeFailed)) <= failed
        kills = sum(len(outcome.kills) for outcome in phase.outcomes)
        assert len([fact for fact in facts if isinstance(fact, KillAnnounced)]) <= kills


@settings(max_examples=10)
@given(seed=st.text(max_size=5), index=st.integers(0, len(CASES) - 1))
def test_a_seed_decides_everything(seed: str, index: int) -> None:
    """The same seed gives the same facts and the same cost."""
    first, second = (live(CASES[index], CASES[index].probes, seed=seed, seconds=600) for _ in range(2))
    assert cost_of(first) == cost_of(second)
    assert facts_of(first, epoch=0.0, template="t") == facts_of(second, epoch=0.0, template="t")


def test_every_policy_lives_through_the_same_weather() -> None:
    """Fates and troubles do not depend on the settings."""
    one = CASES[0]
    phases = [live(one, policy(one), seed="1", seconds=600) for policy in FIXED.values()]
    assert len({(phase.weather.bursts.all, phase.fates[0][0]) for phase in phases}) == 1


def test_the_oracle_is_never_worse_than_where_it_began() -> None:
    """Its search ends at least as well as the best of its beginnings."""
    one = case(Truth(lockup_seconds=300), Probes(liveness=http(WORK, failure_threshold=9)))
    prices = {one.probes: 5.0, SANE: 3.0}
    assert best(one, prices, lambda probes, _: prices.get(probes, 4.0)) == SANE


def test_the_oracle_goes_on_as_long_as_anything_helps() -> None:
    """Each probe again and again: here liveness is worth dropping only once readiness, which comes later, is gone."""
    one = case(Truth(), SANE)

    def price(probes: Probes, _: float) -> float:
        return 3.0 if probes.readiness else 2.0 if probes.liveness else 0.0

    assert best(one, [SANE], price) == Probes()


def test_the_oracle_has_not_seen_what_it_is_tested_on() -> None:
    """It knows the truth and chooses by other draws of it."""
    assert not set(REHEARSAL_SEEDS) & set(TEST_SEEDS)
    assert not {training_seed(number) for number in range(ROUNDS)} & {*REHEARSAL_SEEDS, *TEST_SEEDS}


@pytest.mark.slow
def test_the_mode_apply_changes_what_kills_busy_containers_and_leaves_a_quiet_fleet_alone() -> None:
    """The operator's own decisions are carried out: one change is verified and kept; without trouble there is none."""
    rush = Truth(load=0.2, closed=True, bursts=Troubles(per_hour=8, seconds=Spread(median=150), height=4.0))
    busy = apply_mode(case(rush, Probes(liveness=http(WORK))))
    assert [verdict for _, verdict in busy.changes] == ["Kept"]
    assert busy.probes.liveness != http(WORK)

    quiet = apply_mode(case(Truth()))
    assert quiet.changes == ()
    assert quiet.probes == SANE


def test_a_pod_tells_no_more_events_than_the_kubelet_lets_it() -> None:
    """A replica that fails for half an hour tells of some thirty attempts; its counters tell of all."""
    silent = Truth(replicas=1, start=Spread(median=1e6))
    phase = live(case(silent), Probes(readiness=http(CHEAP, period_seconds=5)), seed="1", seconds=1800)
    facts = facts_of(phase, epoch=0.0, template="t")
    assert len([fact for fact in facts if isinstance(fact, ProbeFailed)]) <= 25 + 1800 / 300
    assert sum(fact.failed for fact in facts if isinstance(fact, ProbeCounted)) > 300


def test_families_for_shaping_and_for_reporting_are_apart() -> None:
    """No family is in both sets."""
    shaped = {f.__name__ for f in (*shaping.FAMILIES, *broad.FAMILIES)}
    assert not shaped & {f.__name__ for f in reporting.FAMILIES}


def test_a_quiet_fleet_gets_no_recommendation() -> None:
    """The pipeline is the real one: it calls a fleet without trouble healthy."""
    advice = advise(live(case(Truth()), SANE, seed="1", seconds=1800))
    assert advice.recommendation is None
    assert [finding.name.value for finding in advice.findings] == ["healthy"]
