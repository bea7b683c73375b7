"""The gym's tables."""

from collections import defaultdict
from collections.abc import Sequence

from gym.cost import WEIGHTS, Cost, mean
from gym.document import table
from gym.score import LEAVE, ORACLE, PROBETUNER, Score

HARM = 1.0
"""A change is harmful when it costs more by this many lost replica-seconds of 1000 than leaving things alone."""

_SHOWN = 5


def policies(scores: Sequence[Score]) -> str:
    """What each policy cost over all cases, and of what."""
    rows = []
    least = _mean(scores, ORACLE).total
    for name in sorted(scores[0].costs, key=lambda name: _mean(scores, name).total):
        cost = _mean(scores, name)
        parts = [f"{weight * getattr(cost, part):.1f}" for part, weight in WEIGHTS.items()]
        rows.append([name, f"{cost.total:.1f}", *parts, f"{cost.total / least:.2f}"])
    header = ["policy", "total", *(part.removesuffix("_seconds").replace("_", " ") for part in WEIGHTS), "times oracle"]
    return table(header, rows)


def families(scores: Sequence[Score]) -> str:
    """The total of each policy per family, and what probetuner changed."""
    by_family: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        by_family[score.case.family].append(score)
    names = list(scores[0].costs)
    rows = [
        [
            family,
            *(f"{_mean(mine, name).total:.1f}" for name in names),
            f"{len([score for score in mine if score.changed])} of {len(mine)}",
            str(len([score for score in mine if _harmful(score)])),
        ]
        for family, mine in by_family.items()
    ]
    return table(["family", *names, "changed", "harmful"], rows)


def verdicts(scores: Sequence[Score], healthy: int, advised: Sequence[str]) -> str:
    """The goals, and whether they are met."""
    ours, oracle = _mean(scores, PROBETUNER).total, _mean(scores, ORACLE).total
    rivals = [name for name in scores[0].costs if not name.startswith(PROBETUNER) and name != ORACLE]
    best = min(rivals, key=lambda name: _mean(scores, name).total)
    changed = [score for score in scores if score.changed]
    harmful = [score.case.name for score in changed if _harmful(score)]
    rows = [
        ["no policy but the oracle is better", f"next is {best} with {_mean(scores, best).total:.1f}",
         _met(ours <= _mean(scores, best).total)],
        ["regret against the oracle below 15 %", f"{(ours - oracle) / oracle:.0%}", _met(ours < 1.15 * oracle)],
        ["harmful recommendations below 1 %", f"{len(harmful)} of {len(changed)} changes{_listed(harmful)}",
         _met(len(harmful) < 0.01 * max(1, len(changed)))],
        ["recommendations for healthy cases below 0.5 %", f"{len(advised)} of {healthy}{_listed(advised)}",
         _met(len(advised) < 0.005 * healthy)],
    ]  # fmt: skip
    return table(["goal", "measured", "met"], rows)


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:_SHOWN], *(["and more"] if len(names) > _SHOWN else [])]
    return f": {', '.join(shown)}" if shown else ""


def _met(is_met: bool) -> str:  # noqa: FBT001 - a word for a truth
    return "yes" if is_met else "no"


def _mean(scores: Sequence[Score], name: str) -> Cost:
    return mean([score.costs[name] for score in scores])


def _harmful(score: Score) -> bool:
    return score.changed and score.costs[PROBETUNER].total > score.costs[LEAVE].total + HARM
