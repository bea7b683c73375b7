"""The gym's tables."""

from collections.abc import Iterable, Mapping, Sequence

from gym.cost import Cost, mean
from gym.document import table
from gym.regimes import Regime
from gym.score import APPLY, EARLY, LEAVE, ONCE, ORACLE, OURS, Score

HARM = 1.0
"""A change is harmful when it costs more by this many lost replica-seconds of 1000 than leaving things alone."""

_SHOWN = 25
_NONE = "-"
_SHORT = {EARLY: "one hour", ONCE: "five hours", APPLY: "Apply"}


def regimes(scores: Sequence[Score], healthy: int, advised: Mapping[Regime, Sequence[str]]) -> str:
    """Per regime what is lost, regret against the oracle, harmful changes, and advice for healthy cases."""
    ways = [f"{_SHORT[way]}: {what}" for way in OURS for what in ("cost", "regret", "harmful")]
    rows = []
    for regime, mine in _by_regime(scores).items():
        row = [_named(regime), str(len(mine)), f"{_mean(mine, LEAVE):.1f}", f"{_mean(mine, ORACLE):.1f}"]
        for way in OURS:
            row += _way(mine, way)
        rows.append([*row, _share(len(advised[regime]), healthy)])
    return table(["regime", "cases", "leave as is", "oracle", *ways, "healthy: advised"], rows)


def policies(scores: Sequence[Score]) -> str:
    """What each policy cost under each regime, the cheapest under the first regime first."""
    by_regime = _by_regime(scores)
    first = next(iter(by_regime.values()))
    names = sorted(first[0].costs, key=lambda name: _mean(first, name))
    rows = [
        [_named(regime), *(f"{_mean(mine, name):.1f}" if name in mine[0].costs else _NONE for name in names)]
        for regime, mine in by_regime.items()
    ]
    return table(["regime", *names], rows)


def parts(scores: Sequence[Score]) -> str:
    """What the cost of each policy is made of under the first regime, at its prices."""
    regime, mine = next(iter(_by_regime(scores).items()))
    rows = []
    for name in sorted(mine[0].costs, key=lambda name: _mean(mine, name)):
        cost: Cost = mean([score.costs[name] for score in mine])
        rows.append([name, *(f"{price * float(getattr(cost, part)):.1f}" for part, price in regime.prices.items())])
    return table(["policy", *(part.removesuffix("_seconds").replace("_", " ") for part in regime.prices)], rows)


def families(scores: Sequence[Score]) -> str:
    """What probetuner loses beyond the oracle after five hours, per family and regime."""
    by_regime = _by_regime(scores)
    names = dict.fromkeys(score.case.family for score in scores)
    rows = []
    for family in names:
        row = [family]
        for mine in by_regime.values():
            here = [score for score in mine if score.case.family == family]
            row.append(f"{round(_mean(here, ONCE) - _mean(here, ORACLE))}")
        rows.append(row)
    return table(["family", *(_named(regime) for regime in by_regime)], rows)


def harm(scores: Sequence[Score]) -> str:
    """The changes that cost most beyond leaving things alone: the same change of a case once, with all its regimes."""
    found: dict[tuple[str, str, tuple[str, ...]], list[tuple[Score, str]]] = {}
    for score in scores:
        for way in score.ways:
            if _is_harmful(score, way):
                found.setdefault((score.case.name, way, score.ways[way].actions), []).append((score, way))
    worst = sorted(found.values(), key=lambda entries: max(map(_excess, entries)), reverse=True)
    rows = [_harmful_row(entries) for entries in worst[:_SHOWN]]
    header = ["case", "way", "regimes", "leave as is", "with it", "findings", "done"]
    return table(header, rows) + (f"\n\n{len(worst) - _SHOWN} more." if len(worst) > _SHOWN else "")


def findings(scores: Sequence[Score]) -> str:
    """Per finding after five hours: changes with it, harmful ones, and what these cost beyond leaving things alone."""
    rows = []
    changed = [score for score in scores if _is_changed(score, ONCE)]
    for name in sorted({name for score in changed for name in score.ways[ONCE].findings}):
        mine = [score for score in changed if name in score.ways[ONCE].findings]
        bad = [score for score in mine if _is_harmful(score, ONCE)]
        lost = sum(_excess((score, ONCE)) for score in bad)
        regret = sum(score.total(ONCE) - score.total(ORACLE) for score in mine) / len(mine)
        rows.append([name, str(len(mine)), _share(len(bad), len(mine)), f"{lost:.0f}", f"{regret:.0f}"])
    header = ["finding", "changes", "harmful", "lost by the harmful ones", "mean loss beyond the oracle"]
    return table(header, sorted(rows, key=lambda row: float(row[3]), reverse=True))


def _harmful_row(entries: Sequence[tuple[Score, str]]) -> list[str]:
    score, way = max(entries, key=_excess)
    done = score.ways[way]
    return [
        f"{score.case.name} ({score.case.truth.stopping.value})",
        _SHORT[way],
        ", ".join(one.regime.name for one, _ in entries),
        f"{score.total(LEAVE):.0f}",
        f"{score.total(way):.0f}",
        ", ".join(done.findings) or _NONE,
        ", ".join(done.actions) or _NONE,
    ]


def _excess(entry: tuple[Score, str]) -> float:
    score, way = entry
    return score.total(way) - score.total(LEAVE)


def _way(scores: Sequence[Score], way: str) -> list[str]:
    if way not in scores[0].costs:
        return [_NONE, _NONE, _NONE]
    ours, oracle = _mean(scores, way), _mean(scores, ORACLE)
    changed = sum(_is_changed(score, way) for score in scores)
    harmful = sum(_is_harmful(score, way) for score in scores)
    return [f"{ours:.1f}", f"{(ours - oracle) / oracle:.0%}", _share(harmful, changed)]


def _share(some: int, of: int) -> str:
    return f"{some} of {of}"


def _named(regime: Regime) -> str:
    return f"{regime.group}: {regime.name}"


def _by_regime(scores: Iterable[Score]) -> dict[Regime, list[Score]]:
    found: dict[str, tuple[Regime, list[Score]]] = {}
    for score in scores:
        found.setdefault(_named(score.regime), (score.regime, []))[1].append(score)
    return dict(found.values())


def _mean(scores: Sequence[Score], name: str) -> float:
    return sum(score.total(name) for score in scores) / len(scores)


def _is_changed(score: Score, way: str) -> bool:
    return way in score.ways and score.ways[way].probes != score.case.probes


def _is_harmful(score: Score, way: str) -> bool:
    return _is_changed(score, way) and _excess((score, way)) > HARM
