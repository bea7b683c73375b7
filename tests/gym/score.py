"""Living through cases under every policy, and adding up."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

from gym.apply import ROUND_SECONDS, ROUNDS, apply_mode, training_seed
from gym.cost import Cost, cost_of, mean
from gym.phase import Phase, live
from gym.pipeline import advise_after
from gym.policies import FIXED, Price, best
from gym.truth import GymCase
from probetuner.tuning.recommendation import ActionName, Probes

PHASE_SECONDS = 1800.0
TEST_SEEDS = tuple(f"test-{number}" for number in range(4))
REHEARSAL_SEEDS = tuple(f"rehearsal-{number}" for number in range(4))
"""Other draws of the same truth: what the oracle chooses by, since nobody knows tomorrow's weather."""

HOURS_SECONDS = tuple(ROUND_SECONDS * hours for hours in range(1, ROUNDS + 1))
"""When probetuner is asked that changes nothing by itself: it watches for as long as the mode Apply."""

Result = TypeVar("Result")

LEAVE = "leave as is"
EARLY, ONCE, APPLY = "probetuner, after one hour", "probetuner, after five hours", "probetuner, mode Apply"
ORACLE = "oracle"
OURS = (EARLY, ONCE, APPLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One case: what each policy cost on the test phases, what probetuner found, and the changes that it made.

    `findings` and `actions` are those after five hours, `changes` the log of the mode Apply.
    """

    case: GymCase
    costs: dict[str, Cost]
    findings: tuple[str, ...]
    actions: tuple[str, ...]
    changes: tuple[tuple[str, str], ...]
    probes: dict[str, Probes]


def score(case: GymCase, *, with_oracle: bool = True) -> Score:
    """Train under the present probes, ask every policy, and test what each says on the same phases."""
    cost = cache(partial(_cost, case))
    early, advice = advise_after(train(case), (HOURS_SECONDS[0], HOURS_SECONDS[-1]))
    applied = apply_mode(case)
    probes = {name: policy(case) for name, policy in FIXED.items()}
    probes |= {EARLY: early.probes, ONCE: advice.probes, APPLY: applied.probes}
    if with_oracle:
        probes[ORACLE] = best(case, list(probes.values()), _price(cost))
    actions = () if advice.recommendation is None else advice.recommendation.actions
    return Score(
        case=case,
        costs={name: mean([cost(one, seed) for seed in TEST_SEEDS]) for name, one in probes.items()},
        findings=tuple(finding.name.value for finding in advice.findings),
        actions=tuple(action.name.value for action in actions if action.name is not ActionName.NONE),
        changes=applied.changes,
        probes=probes,
    )


def train(case: GymCase) -> Phase:
    """The hours in which nothing is changed and probetuner only watches."""
    return live(case, case.probes, seed=training_seed(0), seconds=HOURS_SECONDS[-1])


def _cost(case: GymCase, probes: Probes, seed: str) -> Cost:
    return cost_of(live(case, probes, seed=seed, seconds=PHASE_SECONDS))


def _price(cost: Callable[[Probes, str], Cost]) -> Price:
    """The sum over the rehearsals; no part of it is negative, so the rest need not be lived through above the limit."""

    def price(probes: Probes, limit: float) -> float:
        total = 0.0
        for seed in REHEARSAL_SEEDS:
            total += cost(probes, seed).total
            if total >= limit:
                break
        return total

    return price


def score_all(cases: Sequence[GymCase], *, workers: int | None = None) -> list[Score]:
    """Score cases on all processors; the result does not depend on how many there are."""
    return _each(score, cases, workers=workers)


def recommended(cases: Sequence[GymCase], *, workers: int | None = None) -> list[tuple[GymCase, tuple[str, ...]]]:
    """The cases for which probetuner recommends or advises anything after any of the hours, and what at first."""
    found = zip(cases, _each(_advised, cases, workers=workers), strict=True)
    return [(case, actions) for case, actions in found if actions is not None]


def _advised(case: GymCase) -> tuple[str, ...] | None:
    said = (advice.recommendation for advice in advise_after(train(case), HOURS_SECONDS))
    first = next((recommendation for recommendation in said if recommendation is not None), None)
    return None if first is None else tuple(action.name.value for action in first.actions)


def _each(work: Callable[[GymCase], Result], cases: Sequence[GymCase], *, workers: int | None) -> list[Result]:
    workers = workers or len(os.sched_getaffinity(0))
    if workers == 1:
        return [work(case) for case in cases]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        return pool.map(work, cases, chunksize=1)
