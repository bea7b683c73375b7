"""The gym's tables say of each regime and way what is lost, and never count a neutral change as harmful."""

from gym import report
from gym.cost import Cost
from gym.fleet import CHEAP
from gym.manifest import http
from gym.regimes import BASE, RESTARTS_DEAR, Regime
from gym.score import APPLY, EARLY, LEAVE, ONCE, ORACLE, Score, Way
from gym.truth import GymCase, Truth
from probetuner.tuning.recommendation import Probes

OLD, NEW = Probes(liveness=http(CHEAP)), Probes(liveness=http(CHEAP, failure_threshold=9))
CASE = GymCase(family="unit", number=0, truth=Truth(), probes=OLD)
DEAR = Regime(group="prices", name="restarts dear", costs=RESTARTS_DEAR)


def idle(seconds: float, restarts: float = 0.0) -> Cost:
    return Cost(idle_seconds=seconds, false_restarts=restarts)


def scored(*, once: float, apply: float | None, changed: bool = True, regime: Regime = BASE) -> Score:
    """A case that costs 100 as it is and 50 under the oracle."""
    way = Way(probes=NEW if changed else OLD, findings=("crash",), actions=("raise-timeout",))
    costs = {LEAVE: idle(100), EARLY: idle(once, 0.1), ONCE: idle(once), ORACLE: idle(50)}
    ways = {EARLY: way, ONCE: way}
    if apply is not None:
        costs[APPLY], ways[APPLY] = idle(apply), way
    return Score(case=CASE, regime=regime, costs=costs, ways=ways)


def rows(text: str) -> list[dict[str, str]]:
    header, _, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines]


def row(*scores: Score) -> dict[str, str]:
    (found,) = rows(report.regimes(scores, 100, {scores[0].regime: ["a", "b"]}))
    return found


def test_each_way_is_judged_for_itself() -> None:
    """Regret is what is lost beyond the oracle, in its share; a change that costs more than before is harmful."""
    found = row(scored(once=120, apply=55))

    assert (found["leave as is"], found["oracle"]) == ("100.0", "50.0")
    assert (found["five hours: cost"], found["five hours: regret"], found["five hours: harmful"]) == (
        "120.0", "140%", "1 of 1",
    )  # fmt: skip
    assert (found["Apply: regret"], found["Apply: harmful"]) == ("10%", "0 of 1")
    assert found["healthy: advised"] == "2 of 100"


def test_a_difference_of_a_second_in_a_thousand_is_no_harm() -> None:
    """What is within the noise of a test is not counted, and neither is what was not changed."""
    assert row(scored(once=101, apply=60))["five hours: harmful"] == "0 of 1"
    assert row(scored(once=120, apply=60, changed=False))["five hours: harmful"] == "0 of 0"


def test_who_only_looks_applies_nothing() -> None:
    """There is no figure for the mode Apply."""
    assert row(scored(once=60, apply=None))["Apply: cost"] == "-"


def test_each_regime_has_its_own_row_and_prices() -> None:
    """The same losses cost more where restarts are dear."""
    scores = [scored(once=60, apply=60), scored(once=60, apply=60, regime=DEAR)]
    cheap, dear = rows(report.regimes(scores, 1, {BASE: [], DEAR: []}))
    assert (cheap["one hour: cost"], dear["one hour: cost"]) == ("63.0", "90.0")
    assert [line["regime"] for line in rows(report.policies(scores))] == [cheap["regime"], dear["regime"]]
    (family,) = rows(report.families(scores))
    assert list(family.values()) == ["unit", "10", "10"]


def test_harmful_changes_are_told_once_with_their_regimes_and_their_findings() -> None:
    """What was found and done stands beside what it cost, the worst first; a harmless change is not told."""
    scores = [scored(once=120, apply=60), scored(once=130, apply=60, regime=DEAR)]
    first, second = rows(report.harm(scores))
    assert (first["way"], first["with it"], second["way"]) == ("one hour", "160", "five hours")
    assert first["regimes"] == second["regimes"] == f"{BASE.name}, {DEAR.name}"
    assert (first["findings"], first["done"]) == ("crash", "raise-timeout")

    (finding,) = rows(report.findings([scored(once=120, apply=60), scored(once=60, apply=60)]))
    assert list(finding.values()) == ["crash", "2", "1 of 2", "20", "40"]
