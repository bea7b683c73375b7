"""The gym's tables."""

from collections import defaultdict
from collections.abc import Sequence

from gym.cost import WEIGHTS, Cost, mean
from gym.document import table
from gym.score import LEAVE, ORACLE, OURS, Score

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
    """The total of each policy per family, and how many cases each way of using probetuner changed, and for worse."""
    by_family: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        by_family[score.case.family].append(score)
    names = list(scores[0].costs)
    rows = [
        [
            family,
            *(f"{_mean(mine, name).total:.1f}" for name in names),
            *(f"{len(_harmful(mine, name))} / {len(_changed(mine, name))} / {len(mine)}" for name in OURS),
        ]
        for family, mine in by_family.items()
    ]
    return table(["family", *names, *(f"{name}: harmful / changed / cases" for name in OURS)], rows)


def verdicts(scores: Sequence[Score], healthy: int, advised: Sequence[str]) -> str:
    """The goals, and whether they are met, by each way of using probetuner."""
    rivals = [name for name in scores[0].costs if name not in (*OURS, ORACLE)]
    best = min(rivals, key=lambda name: _mean(scores, name).total)
    rows = [row for name in OURS for row in _goals_of(scores, name, rival=best)]
    what, whose = "recommendations for healthy cases below 0.5 %", "probetuner, after any of five hours"
    rows.append([what, whose, f"{len(advised)} of {healthy}{_listed(advised)}", _met(len(advised) < 0.005 * healthy)])
    return table(["goal", "of", "measured", "met"], rows)


def _goals_of(scores: Sequence[Score], name: str, *, rival: str) -> list[list[str]]:
    ours, oracle, theirs = (_mean(scores, of).total for of in (name, ORACLE, rival))
    changed, harmful = _changed(scores, name), [score.case.name for score in _harmful(scores, name)]
    return [
        ["no policy but the oracle is better", name, f"next is {rival} with {theirs:.1f}", _met(ours <= theirs)],
        ["regret against the oracle below 15 %", name, f"{(ours - oracle) / oracle:.0%}", _met(ours < 1.15 * oracle)],
        ["harmful changes below 1 %", name, f"{len(harmful)} of {len(changed)}{_listed(harmful)}",
         _met(len(harmful) < 0.01 * max(1, len(changed)))],
    ]  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:_SHOWN], *(["and more"] if len(names) > _SHOWN else [])]
    return f": {', '.join(shown)}" if shown else ""


def _met(is_met: bool) -> str:  # noqa: FBT001 - a word for a truth
    return "yes" if is_met else "no"


def _mean(scores: Sequence[Score], name: str) -> Cost:
    return mean([score.costs[name] for score in scores])


def _changed(scores: Sequence[Score], name: str) -> list[Score]:
    return [score for score in scores if score.probes[name] != score.probes[LEAVE]]


def _harmful(scores: Sequence[Score], name: str) -> list[Score]:
    return [score for score in _changed(scores, name) if score.costs[name].total > score.costs[LEAVE].total + HARM]
