"""Living through cases under every policy, and adding up."""

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from gym.cost import Cost, cost_of, mean
from gym.phase import live
from gym.pipeline import advise
from gym.policies import FIXED, best
from gym.truth import GymCase
from probetuner.tuning.recommendation import ActionName, Probes

PHASE_SECONDS = 1800.0
TEST_SEEDS = ("test-1", "test-2")
ROUNDS = 3

LEAVE, PROBETUNER, ORACLE = "leave as is", "probetuner", "oracle"
THRICE = f"probetuner, {ROUNDS} rounds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One case: what each policy cost on the test phases, and what probetuner found and did."""

    case: GymCase
    costs: dict[str, Cost]
    findings: tuple[str, ...]
    actions: tuple[str, ...]
    changed: bool
    probes: dict[str, Probes]


def score(case: GymCase, *, with_oracle: bool = True) -> Score:
    """Train under the present probes, ask every policy, and test what each says on the same phases."""
    cost = cache(partial(_cost, case))
    advice = advise(live(case, case.probes, seed="train", seconds=PHASE_SECONDS))
    probes = {name: policy(case) for name, policy in FIXED.items()}
    probes[PROBETUNER] = advice.probes
    probes[THRICE] = _again(case, advice.probes)
    if with_oracle:
        probes[ORACLE] = best(case, list(probes.values()), lambda one: cost(one).total)
    actions = () if advice.recommendation is None else advice.recommendation.actions
    return Score(
        case=case,
        costs={name: cost(one) for name, one in probes.items()},
        findings=tuple(finding.name.value for finding in advice.findings),
        actions=tuple(action.name.value for action in actions if action.name is not ActionName.NONE),
        changed=advice.probes != case.probes,
        probes=probes,
    )


def _again(case: GymCase, probes: Probes) -> Probes:
    """Apply, look again and apply again, as the operator does in the mode Apply."""
    for number in range(1, ROUNDS):
        probes = advise(live(case, probes, seed=f"train-{number}", seconds=PHASE_SECONDS)).probes
    return probes


def _cost(case: GymCase, probes: Probes) -> Cost:
    return mean([cost_of(live(case, probes, seed=seed, seconds=PHASE_SECONDS)) for seed in TEST_SEEDS])


def score_all(cases: Sequence[GymCase], *, workers: int | None = None) -> list[Score]:
    """Score cases on all processors; the result does not depend on how many there are."""
    workers = workers or len(os.sched_getaffinity(0))
    if workers == 1:
        return [score(case) for case in cases]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        return pool.map(score, cases, chunksize=1)


def recommended(cases: Iterable[GymCase]) -> list[tuple[GymCase, tuple[str, ...]]]:
    """The cases for which probetuner has anything to recommend or to advise, and what."""
    found = []
    for case in cases:
        advice = advise(live(case, case.probes, seed="train", seconds=PHASE_SECONDS))
        if advice.recommendation is not None:
            found.append((case, tuple(action.name.value for action in advice.recommendation.actions)))
    return found
