"""From zombies to a verdict: patched by leave only, kept when runs leave nothing more, and else taken back."""

from collections.abc import Iterator

import pytest

from probetuner.change.patch import holds
from probetuner.facts.fact import Fact, PodRef, ProcessesCounted
from probetuner.model.policy import Allowance, ApplyRules, Policy, Reaper, ReaperStrategy
from probetuner.model.workload import parse_workload
from support.facts import CONTAINER, T0, pod, remember, started
from support.stage import Stage
from support.workloads import Json, container, deployment

SCRIPT = ["/opt/check.sh"]
COMMAND = ["redis-server", "--save", ""]
OLD, NEW = pod("redis-old"), pod("redis-new", template="new")


def redis(probe: list[str]) -> Json:
    asked = {"exec": {"command": probe}, "periodSeconds": 4}
    return deployment(container(livenessProbe=asked) | {"command": COMMAND}, replicas=1)


def runs(of: PodRef, *, since: float, seconds: int, each: int) -> Iterator[Fact]:
    """A pod whose probe runs each 4 s and leaves so many zombies each time."""
    yield started(since, of=of)
    for at in range(5, seconds, 10):
        threads = 4 + each * (at // 4)
        yield ProcessesCounted(at=T0 + since + at, pod=of, container=CONTAINER, processes=1, threads=threads)


def applied(strategy: ReaperStrategy, *, probe: list[str] = SCRIPT) -> Stage:
    """Zombies piled up for five minutes, and the cure was sent and rolled out."""
    allow = frozenset({*Policy().allow, Allowance.REAPER})
    stage = Stage(
        live=redis(probe),
        history=remember(runs(OLD, since=0, seconds=300, each=1)),
        policy=Policy(allow=allow, reaper=Reaper(strategy=strategy), apply=ApplyRules(verify_seconds=600)),
    )
    stage.turn()
    assert len(stage.sent) == 1
    stage.now += 5
    stage.turn()
    stage.roll_out()
    return stage


ALL = [ReaperStrategy.SHARE_PROCESS_NAMESPACE, ReaperStrategy.TINI_INIT, ReaperStrategy.TINI_WRAPPER]


@pytest.mark.parametrize("strategy", ALL)
def test_runs_that_leave_nothing_are_proof(strategy: ReaperStrategy) -> None:
    """The verdict is Kept, and has the zombies before and after."""
    stage = applied(strategy)
    stage.learn(*runs(NEW, since=stage.now, seconds=120, each=0))
    stage.now += 120
    stage.turn()

    assert stage.latest["verdict"] == "Kept"
    assert stage.latest["before"]["zombies"] > 50
    assert stage.latest["after"]["zombies"] == 0
    assert "left no zombie, where" in stage.latest["reason"]


@pytest.mark.parametrize("strategy", ALL)
def test_zombies_that_still_come_are_worse_and_everything_is_put_back(strategy: ReaperStrategy) -> None:
    """A cure that did not work is taken back, and the workload is as it was to the letter."""
    before = redis(SCRIPT)["spec"]["template"]
    stage = applied(strategy)
    stage.learn(*runs(NEW, since=stage.now, seconds=120, each=1))
    stage.now += 120
    stage.turn()

    assert stage.latest["verdict"] == "RolledBack"
    assert stage.latest["after"]["zombies"] >= 10
    assert "did not stop them" in stage.latest["reason"]
    assert stage.live["spec"]["template"] == before
    stage.now += 5
    stage.turn()
    assert "undoneAt" in stage.latest


def test_time_without_runs_proves_nothing() -> None:
    """Two samples of a new pod are no proof that it leaks no more."""
    stage = applied(ReaperStrategy.SHARE_PROCESS_NAMESPACE)
    stage.learn(*runs(NEW, since=stage.now, seconds=20, each=0))
    stage.now += 60
    stage.turn()

    assert "verdict" not in stage.latest


def test_a_wrapper_that_is_known_not_to_work_is_not_sent() -> None:
    """The status says why, and names what would."""
    allow = frozenset({*Policy().allow, Allowance.REAPER})
    policy = Policy(allow=allow, reaper=Reaper(strategy=ReaperStrategy.TINI_WRAPPER))
    leaving = ["sh", "-c", "redis-cli ping; sleep 3 & exit 0"]
    stage = Stage(live=redis(leaving), history=remember(runs(OLD, since=0, seconds=300, each=1)), policy=policy)
    stage.turn()
    (action,) = stage.status["recommendation"]["actions"]

    assert stage.sent == []
    assert "ShareProcessNamespace and TiniInit reap them" in action["reason"]
    assert stage.condition("Applied")["reason"] == "NothingToApply"


@pytest.mark.parametrize(
    ("patch", "live", "carried"),
    [
        ({"shareProcessNamespace": True}, {"shareProcessNamespace": True}, True),
        ({"shareProcessNamespace": True}, {}, False),
        ({"shareProcessNamespace": None}, {}, True),
        ({"shareProcessNamespace": None}, {"shareProcessNamespace": False}, True),
        ({"shareProcessNamespace": None}, {"shareProcessNamespace": True}, False),
        ({"containers": [{"name": CONTAINER, "command": COMMAND}]}, {}, True),
        ({"containers": [{"name": CONTAINER, "command": ["tini", "--", *COMMAND]}]}, {}, False),
        ({"containers": [{"name": CONTAINER, "command": "tini"}]}, {}, False),
        ({"shareProcessNamespace": True, "containers": [{"name": "gone"}]}, {"shareProcessNamespace": True}, False),
        ({"containers": [{"name": CONTAINER, "livenessProbe": {"exec": {"command": 5}}}]}, {}, False),
    ],
)
def test_a_patch_is_recognised_on_the_live_workload(patch: Json, live: Json, *, carried: bool) -> None:
    """By effective values: a field that is not set and one that says the default are the same."""
    raw = redis(SCRIPT)
    raw["spec"]["template"]["spec"] |= live

    assert holds({"spec": {"template": {"spec": patch}}}, parse_workload(raw)) is carried
