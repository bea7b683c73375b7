"""The gym's tables say of each way of using probetuner whether the goals are met, and never count a neutral change."""

from gym import report
from gym.cost import Cost
from gym.fleet import CHEAP
from gym.manifest import http
from gym.score import APPLY, EARLY, LEAVE, ONCE, ORACLE, Score
from gym.truth import GymCase, Truth
from probetuner.tuning.recommendation import Probes

OLD, NEW = Probes(liveness=http(CHEAP)), Probes(liveness=http(CHEAP, failure_threshold=9))
CASE = GymCase(family="unit", number=0, truth=Truth(), probes=OLD)


def idle(seconds: float) -> Cost:
    return Cost(idle_seconds=seconds)


def scored(*, once: float, apply: float, changed: bool = True) -> Score:
    """A case that costs 100 as it is and 50 under the oracle."""
    after = NEW if changed else OLD
    return Score(
        case=CASE,
        costs={
            LEAVE: idle(100),
            EARLY: idle(once),
            ONCE: idle(once),
            APPLY: idle(apply),
            ORACLE: idle(50),
        },
        findings=(),
        actions=(),
        changes=(),
        probes={LEAVE: OLD, EARLY: after, ONCE: after, APPLY: after, ORACLE: NEW},
    )


def goals(*scores: Score) -> dict[tuple[str, str], str]:
    rows = [line.strip("| ").split(" | ") for line in report.verdicts(scores, 100, []).splitlines()[2:]]
    return {(goal.split()[0], of): f"{measured} {met}" for goal, of, measured, met in rows}


def test_each_way_is_judged_for_itself() -> None:
    """Regret is what is lost beyond the oracle, in its share; a change that costs more than before is harmful."""
    found = goals(scored(once=120, apply=55))

    assert found["regret", ONCE] == "140% no"
    assert found["regret", APPLY] == "10% yes"
    assert found["harmful", ONCE] == "1 of 1: unit-0 no"
    assert found["harmful", APPLY] == "0 of 1 yes"


def test_a_difference_of_a_second_in_a_thousand_is_no_harm() -> None:
    """What is within the noise of a test is not counted, and neither is what was not changed."""
    assert goals(scored(once=101, apply=60))["harmful", ONCE] == "0 of 1 yes"
    assert goals(scored(once=120, apply=60, changed=False))["harmful", ONCE] == "0 of 0 yes"


def test_a_rival_that_is_better_is_named() -> None:
    """The best of the other policies stands in the table, and the oracle is no rival."""
    found = goals(scored(once=101, apply=60))

    assert found["no", ONCE] == "next is leave as is with 100.0 no"
    assert found["no", APPLY] == "next is leave as is with 100.0 yes"
