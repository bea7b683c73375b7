"""Living through cases under every policy and regime, and adding up."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

from gym.apply import ROUND_SECONDS, ROUNDS, apply_mode, training_seed
from gym.cost import Cost, Prices, cost_of, mean
from gym.phase import Phase, live
from gym.pipeline import Advice, advise_after
from gym.policies import FIXED, Price, best
from gym.regimes import BASE, Regime, policy_with
from gym.sight import Sight
from gym.truth import GymCase
from probetuner.model.policy import Costs
from probetuner.tuning.recommendation import ActionName, Probes

PHASE_SECONDS = 1800.0
TEST_SEEDS = tuple(f"test-{number}" for number in range(4))
REHEARSAL_SEEDS = tuple(f"rehearsal-{number}" for number in range(8))
"""Other draws of the same truth: what the oracle chooses by, since nobody knows tomorrow's weather."""

HOURS_SECONDS = tuple(ROUND_SECONDS * hours for hours in range(1, ROUNDS + 1))
"""When probetuner is asked that changes nothing by itself: it watches for as long as the mode Apply."""

Task = TypeVar("Task")
Result = TypeVar("Result")

LEAVE = "leave as is"
EARLY, ONCE, APPLY = "probetuner, after one hour", "probetuner, after five hours", "probetuner, mode Apply"
ORACLE = "oracle"
OURS = (EARLY, ONCE, APPLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of using probetuner: the probes at last, what was found, and what was done for it."""

    probes: Probes
    findings: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One case under one regime: what each policy cost on the test phases, and the ways of using probetuner.

    Without the mode Apply where nobody watches, and without the oracle where none was asked for.
    """

    case: GymCase
    regime: Regime
    costs: Mapping[str, Cost]
    ways: Mapping[str, Way]

    def total(self, policy: str) -> float:
        """What that policy cost at the regime's prices."""
        return self.costs[policy].at(self.regime.prices)


class _World:
    """A case as it is under some regimes: each phase and each search is made once, whoever asks for it."""

    def __init__(self, case: GymCase) -> None:
        self.case = case
        self.training = train(case)
        self._cost = cache(partial(_cost, case))

    def tested(self, probes: Probes) -> Cost:
        return mean([self._cost(probes, seed) for seed in TEST_SEEDS])

    def oracle(self, starts: Iterable[Probes], prices: Prices) -> Probes:
        return best(self.case, starts, self._price(prices))

    def _price(self, prices: Prices) -> Price:
        """The sum over the rehearsals; no part is negative, so above the limit the rest need not be lived through."""

        def price(probes: Probes, limit: float) -> float:
            total = 0.0
            for seed in REHEARSAL_SEEDS:
                total += self._cost(probes, seed).at(prices)
                if total >= limit:
                    break
            return total

        return price


def scores_of(case: GymCase, regimes: Sequence[Regime] = (BASE,), *, with_oracle: bool = True) -> list[Score]:
    """Train under the present probes, ask every policy, and test what each says on the same phases.

    All regimes are of one world: they differ in who looks and what it costs. The policy has the regime's prices.
    """
    world = _World(regimes[0].world(case))
    assert all(regime.world(case) == world.case for regime in regimes)
    ways_of = cache(partial(_ways, world))
    ways = [ways_of(regime.sight, regime.costs) for regime in regimes]
    fixed = {name: policy(case) for name, policy in FIXED.items()}
    starts = [*fixed.values(), *(way.probes for found in ways for way in found.values())]
    oracles = {}
    scores = []
    for regime, found in zip(regimes, ways, strict=True):
        probes = fixed | {name: way.probes for name, way in found.items()}
        if with_oracle:
            prices = tuple(regime.prices.items())
            if prices not in oracles:
                oracles[prices] = world.oracle(starts, regime.prices)
            probes[ORACLE] = oracles[prices]
        costs = {name: world.tested(one) for name, one in probes.items()}
        scores.append(Score(case=world.case, regime=regime, costs=costs, ways=found))
    return scores


def _ways(world: _World, sight: Sight, costs: Costs) -> dict[str, Way]:
    policy = policy_with(costs)
    early, late = advise_after(world.training, (HOURS_SECONDS[0], HOURS_SECONDS[-1]), sight, policy)
    ways = {EARLY: _way(early), ONCE: _way(late)}
    if sight.watches:
        applied = apply_mode(world.case, sight, policy)
        log = tuple(f"{summary} ({verdict or 'not verified'})" for summary, verdict in reversed(applied.changes))
        ways[APPLY] = Way(probes=applied.probes, actions=log)
    return ways


def _way(advice: Advice) -> Way:
    actions = () if advice.recommendation is None else advice.recommendation.actions
    return Way(
        probes=advice.probes,
        findings=tuple(finding.name.value for finding in advice.findings),
        actions=tuple(action.name.value for action in actions if action.name is not ActionName.NONE),
    )


def train(case: GymCase) -> Phase:
    """The hours in which nothing is changed and probetuner only watches."""
    return live(case, case.probes, seed=training_seed(0), seconds=HOURS_SECONDS[-1])


def _cost(case: GymCase, probes: Probes, seed: str) -> Cost:
    return cost_of(live(case, probes, seed=seed, seconds=PHASE_SECONDS))


def score_all(cases: Sequence[GymCase], regimes: Sequence[Regime], *, workers: int | None = None) -> list[Score]:
    """Score cases on all processors, by worlds, in the order of the regimes, whoever is ready first."""
    found = _each(_scored, _tasks(cases, regimes), what="worlds lived through", workers=workers)
    order = {regime.name: place for place, regime in enumerate(regimes)}
    return sorted((score for scores in found for score in scores), key=lambda score: order[score.regime.name])


def recommended(
    cases: Sequence[GymCase], regimes: Sequence[Regime], *, workers: int | None = None
) -> dict[Regime, list[str]]:
    """The cases for which anything is recommended or advised after any of the hours, and what at first, per regime."""
    found = _each(_advised, _tasks(cases, regimes), what="healthy worlds watched", workers=workers)
    return {regime: [said[regime.name] for said in found if regime.name in said] for regime in regimes}


def _tasks(cases: Sequence[GymCase], regimes: Sequence[Regime]) -> list[tuple[GymCase, tuple[Regime, ...]]]:
    """Each case with those regimes under which it lives in the same world."""
    tasks = []
    for case in cases:
        worlds: list[tuple[GymCase, list[Regime]]] = []
        for regime in regimes:
            world = regime.world(case)
            mine = next((together for one, together in worlds if one == world), None)
            if mine is None:
                worlds.append((world, [regime]))
            else:
                mine.append(regime)
        tasks += [(case, tuple(together)) for _, together in worlds]
    return tasks


def _scored(task: tuple[GymCase, tuple[Regime, ...]]) -> list[Score]:
    return scores_of(*task)


def _advised(task: tuple[GymCase, tuple[Regime, ...]]) -> dict[str, str]:
    """What was said at first under each of these regimes under which anything was said, by its name."""
    case, regimes = task
    training = train(regimes[0].world(case))
    said: dict[tuple[Sight, Costs], str | None] = {}
    for sight, costs in dict.fromkeys((regime.sight, regime.costs) for regime in regimes):
        advice = (one.recommendation for one in advise_after(training, HOURS_SECONDS, sight, policy_with(costs)))
        first = next((one for one in advice if one is not None), None)
        actions = () if first is None else first.actions
        said[sight, costs] = (
            None if first is None else f"{case.name}: {' and '.join(one.name.value for one in actions)}"
        )
    return {regime.name: words for regime in regimes if (words := said[regime.sight, regime.costs]) is not None}


def _each(work: Callable[[Task], Result], tasks: Sequence[Task], *, what: str, workers: int | None) -> list[Result]:
    found = []
    with multiprocessing.get_context("fork").Pool(workers or len(os.sched_getaffinity(0))) as pool:
        for result in pool.imap(work, tasks, chunksize=1):
            found.append(result)
            print(f"\r{what}: {len(found)} of {len(tasks)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found
