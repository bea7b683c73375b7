"""Scenarios side by side, each before and after the patch that is recommended."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from after import advice, side
from after.advice import Advice
from after.comparison import is_troubled, worse
from after.figures import Figures
from after.scenarios import Scenario
from after.side import Change
from demo.cluster import Cluster, DemoError
from lab import LabError

SIDE_BY_SIDE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a scenario: its plays before and after, of which there are two where the first looked worse.

    `after` is empty where nothing was patched, and `problem` says what kept a scenario from its end.
    """

    scenario: Scenario
    advice: Advice | None = None
    before: tuple[Figures, ...] = ()
    after: tuple[Figures, ...] = ()
    problem: str = ""

    @property
    def worse(self) -> tuple[str, ...]:
        """What got worse in each play, as sentences."""
        plays = list(zip(self.before, self.after, strict=False))
        return tuple(worse(plays, kills_cure=self.scenario.kills_cure))


def play_all(cluster: Cluster, scenarios: Sequence[Scenario], *, folder: Path, same: bool) -> list[Outcome]:
    """Play them, so many at a time; with *same* nothing is patched, and both sides are the same."""

    def play_one(scenario: Scenario) -> Outcome:
        try:
            return _play(cluster, scenario, folder=folder / scenario.name, same=same)
        except (DemoError, LabError) as error:
            return Outcome(scenario=scenario, problem=str(error))

    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as threads:
        return list(threads.map(play_one, scenarios))


def _play(cluster: Cluster, scenario: Scenario, *, folder: Path, same: bool) -> Outcome:
    """Play before and after; what looks worse once more, with the same patch: chance seldom does the same twice."""

    def play(change: Change, name: str) -> Figures:
        found = side.play(cluster, scenario, change, namespace=f"after-{scenario.name}-{name}", folder=folder / name)
        print(f"after: {scenario.name}, {name}: {found}", flush=True)
        return found

    before = play(dict, "before")
    told = advice.analyze(folder / "before", scenario.name)
    print(f"after: {scenario.name}: {', '.join(told.findings)}; patch: {told.patch or 'none'}", flush=True)
    outcome = Outcome(scenario=scenario, advice=told, before=(before,))
    if not is_troubled(before):
        return replace(outcome, problem="no trouble came, so nothing was compared")
    if not told.patch and not same:
        return outcome
    change: Change = dict if same else partial(advice.patched, cluster, told.patch)
    outcome = replace(outcome, after=(play(change, "after"),))
    if outcome.worse:
        print(f"after: {scenario.name} once more, for it looks worse: {'; '.join(outcome.worse)}", flush=True)
        again = play(dict, "before-again"), play(change, "after-again")
        outcome = replace(outcome, before=(before, again[0]), after=(*outcome.after, again[1]))
    return outcome
