"""Starts get the time they need: never less than the slowest that was seen, and no quick one is made to wait."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gym.manifest import CONTAINER
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.facts.fact import ContainerStarted, Fact, FailureCause
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.policy import Allowance, Policy, Range
from probetuner.model.probe import Exec, HttpGet, ProbeType
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.start import Budget, startup_budget
from support.application import App, Spell
from support.facts import counted, exited, failed, killed, pod, remember, started
from support.scene import LIVEZ, READYZ, T0, Scene, asks
from support.workloads import LIVENESS, container, workload

SLOW = Scene(liveness=asks(), apps=(App(starts=(45.0,)),))
_UP_TO_A_PERIOD_AND_A_SCRAPE = 20.0


def budget(seen: list[int], killed_after: list[int], *, coverage: float, kind: str = "Deployment") -> Budget:
    """The budget from starts that came up and starts that were killed, one pod each."""
    facts: list[Fact] = []
    for number, seconds in enumerate(seen):
        of = pod(f"up-{number}")
        facts += [started(0, of=of), counted(max(0, seconds - 1), seconds, ok=1, of=of)]
    for number, seconds in enumerate(killed_after):
        of = pod(f"killed-{number}")
        facts += [started(0, of=of)]
        facts += [failed(at, cause=FailureCause.REFUSED, of=of) for at in range(2, seconds, 10)]
        facts += [killed(seconds - 1, of=of), exited(seconds, of=of)]
    patient = container(livenessProbe={**LIVENESS, "failureThreshold": 100})
    (case,) = cases(workload(patient, kind=kind), remember(facts))
    return startup_budget(case, coverage=coverage)


TIMES = st.lists(st.integers(30, 290), max_size=6)
COVERAGES = st.floats(0.5, 0.999)


@settings(max_examples=40)
@given(seen=TIMES, killed_after=TIMES, coverage=COVERAGES)
def test_no_budget_is_shorter_than_a_start_that_was_seen(
    seen: list[int], killed_after: list[int], coverage: float
) -> None:
    """Every start that came up fits in, and every killed one gets more than it had, up to the rollout's deadline."""
    given_seconds = budget(seen, killed_after, coverage=coverage).seconds

    assert given_seconds >= max([0, *seen])
    assert given_seconds > max([0, *killed_after]) or not killed_after
    assert given_seconds <= 540


@settings(max_examples=40)
@given(seen=TIMES, killed_after=TIMES, coverages=st.tuples(COVERAGES, COVERAGES))
def test_more_coverage_never_means_less_time(
    seen: list[int], killed_after: list[int], coverages: tuple[float, float]
) -> None:
    """Whoever asks that more starts come up in time gets at least as much time."""
    less, more = sorted(coverages)

    assert budget(seen, killed_after, coverage=less).seconds <= budget(seen, killed_after, coverage=more).seconds


@settings(max_examples=40)
@given(seen=st.lists(st.integers(5, 300), min_size=1, max_size=6))
def test_the_margin_shrinks_with_samples(seen: list[int]) -> None:
    """The same starts seen twice as often need no more time than before."""
    assert budget(seen * 2, [], coverage=0.9).seconds <= budget(seen, [], coverage=0.9).seconds


@pytest.mark.parametrize("killed_after", [15, 41, 90, 700, 948])
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_start_gets_more_than_was_seen_not_to_be_enough(kind: str, killed_after: int) -> None:
    """Of which only killed ones are known it gets four times as long, or 300 s, and that this is a guess is said."""
    found = budget([], [killed_after], coverage=0.99, kind=kind)

    assert found.guessed
    assert found.seconds > killed_after
    assert f"{killed_after} s were not enough" in found.words
    if kind != "Deployment" or killed_after <= 90:
        assert found.seconds >= max(4 * killed_after, 300)
        assert "progressDeadlineSeconds" not in found.words


def test_only_a_deployment_has_a_deadline_that_cuts_the_budget_and_it_is_named() -> None:
    """A rollout of 600 s leaves 540; where even that was not enough it is the deadline that has to be raised."""
    cut, beyond = budget([], [200], coverage=0.99), budget([], [700], coverage=0.99)

    assert (cut.seconds, cut.wanted) == (540, 810)
    assert "progressDeadlineSeconds (600) cuts it: for the 810 s that it should be raise that to 870" in cut.words
    assert beyond.seconds == beyond.wanted == 2820
    assert "progressDeadlineSeconds (600) is less: raise that to 2880" in beyond.words
    assert budget([], [200], coverage=0.99, kind="StatefulSet").seconds == 810


def test_a_startup_probe_asks_what_liveness_asked() -> None:
    """The handler is the liveness probe's own, the period short, and the budget well past what the killed ones had."""
    said = SLOW.judge()
    startup = said.target.startup

    assert said.actions == {"add-startup-probe"}
    assert startup is not None
    assert startup.handler == LIVEZ
    assert startup.period_seconds == 2
    assert startup.startup_budget_seconds >= 90
    assert said.target.liveness == SLOW.liveness


def test_a_command_is_not_run_as_often_while_it_starts() -> None:
    """It takes a part of the CPU that the start needs; and no attempt may take longer than the period."""
    commanded = replace(SLOW, liveness=asks(Exec(command=("ready",))))
    patient = replace(SLOW, liveness=asks(LIVEZ, timeout_seconds=4))
    periods = [scene.judge().target.startup for scene in (commanded, patient)]

    assert [startup.period_seconds for startup in periods if startup] == [5, 4]


@pytest.mark.parametrize(("period", "after"), [(10, 2), (3, 2), (1, 1)])
def test_a_startup_probe_of_its_own_gets_more_failures_and_asks_as_often_as_a_new_one(period: int, after: int) -> None:
    """Every start waits for up to a period; the rest of the probe stays as it is."""
    short = asks(HttpGet(port=8080, path="/readyz"), period_seconds=period, timeout_seconds=2, failure_threshold=2)
    target = replace(SLOW, startup=short).judge().target.startup

    assert target is not None
    assert target == replace(short, period_seconds=after, failure_threshold=target.failure_threshold)
    assert target.startup_budget_seconds >= 45


STARTUP = asks(READYZ, period_seconds=10, failure_threshold=4)


@pytest.mark.parametrize(
    ("field", "bound", "period", "least_seconds"),
    [
        ("failure_threshold", Range(most=15), 10, 140),
        ("period_seconds", Range(least=8), 8, 180),
        ("failure_threshold", Range(least=1), 2, 180),
    ],
    ids=["few failures", "a long period", "neither"],
)
def test_bounds_leave_a_startup_probe_as_much_time_as_they_can(
    field: str, bound: Range, period: int, least_seconds: int
) -> None:
    """With a short period few failures would be less time than with the one that is there."""
    bounded = Policy(bounds={(ProbeType.STARTUP, field): bound})
    slow = (App(starts=(30.0,)), App(starts=(70.0,)))
    said = replace(SLOW, startup=STARTUP, apps=slow, policy=bounded, seconds=600).judge().recommendation

    assert said is not None
    target = said.target[CONTAINER].startup
    assert target is not None
    assert target.period_seconds == period
    assert least_seconds <= target.startup_budget_seconds <= 180 + period
    given = min(target.startup_budget_seconds, 180)
    reason = f"a start gets {given} s before a probe may end it"
    if period < STARTUP.period_seconds:
        reason += f", and waits no longer than {period} s to be asked again"
    assert reason in {action.reason for action in said.actions}


def test_a_startup_probe_is_asked_no_more_often_than_an_attempt_takes() -> None:
    """Otherwise the next look would say that its timeout exceeds its period."""
    patient = replace(STARTUP, timeout_seconds=10)
    target = replace(SLOW, startup=patient, apps=(App(starts=(45.0,)),)).judge().target.startup

    assert target is not None
    assert target.period_seconds == 10


def test_a_startup_probe_that_was_not_enough_gets_more_whatever_the_rollouts_deadline() -> None:
    """Less than was seen not to be enough is never recommended; it is the deadline that has to be raised."""
    vast = asks(READYZ, period_seconds=30, failure_threshold=25)
    said = replace(SLOW, startup=vast, apps=(App(starts=(900.0,)), App(starts=(600.0,))), seconds=1800).judge()

    assert "liveness-kill-during-startup" in said.names
    assert said.target.startup is not None
    assert said.target.startup.startup_budget_seconds > vast.startup_budget_seconds


def test_attempts_that_were_late_get_more_time_each() -> None:
    """More failures alone let no answer pass that takes longer than the timeout."""
    silent = App(starts=(45.0,), silent_start=True)
    new = replace(SLOW, apps=(silent,)).judge().target.startup
    short = asks(READYZ, period_seconds=10, failure_threshold=3)
    more = replace(SLOW, apps=(silent,), startup=short).judge()

    assert new is not None
    assert new.timeout_seconds > 1
    assert new.timeout_seconds <= new.period_seconds
    assert more.target.startup is not None
    assert more.target.startup.timeout_seconds > 1
    assert {"raise-timeout", "raise-failure-threshold"} <= more.actions


def test_the_advice_is_the_same_with_more_of_the_same() -> None:
    """A few more killed starts do not make another recommendation."""
    early, late = SLOW.judge().recommendation, replace(SLOW, seconds=420).judge().recommendation

    assert early is not None
    assert late is not None
    assert early.id == late.id


def test_what_may_not_be_added_is_withheld() -> None:
    """Without leave for startup probes the action is shown and the probes stay."""
    said = replace(SLOW, policy=Policy(allow=frozenset({Allowance.THRESHOLDS}))).judge()

    assert said.recommendation is not None
    assert [action.name for action in said.recommendation.withheld] == ["add-startup-probe"]
    assert said.recommendation.actions == ()
    assert said.target == SLOW.probes


def test_bounds_cap_the_startup_probe_and_keep_what_was_wanted() -> None:
    """The target stays within the bounds, and the uncapped probe can still be seen."""
    bounds = {(ProbeType.STARTUP, "failure_threshold"): Range(most=10)}
    recommendation = replace(SLOW, policy=Policy(bounds=bounds)).judge().recommendation

    assert recommendation is not None
    (capped,), (uncapped,) = recommendation.target.values(), recommendation.uncapped.values()
    assert capped.startup is not None
    assert uncapped.startup is not None
    assert capped.startup.failure_threshold == 10
    assert uncapped.startup.failure_threshold > 10


def test_a_command_is_handed_on_as_it_is() -> None:
    """The startup probe of an exec liveness probe runs the same command."""
    command = Exec(command=("redis-cli", "ping"))
    startup = replace(SLOW, liveness=asks(command)).judge().target.startup

    assert startup is not None
    assert startup.handler == command


def test_a_readiness_probe_asks_as_soon_as_the_quickest_start() -> None:
    """Too early a readiness attempt costs nothing, so its delay falls to what the quickest start took."""
    readiness = asks(READYZ, initial_delay_seconds=60, period_seconds=5)
    scene = Scene(
        liveness=asks(initial_delay_seconds=2, period_seconds=5), readiness=readiness, apps=(App(starts=(2.0,)),)
    )
    said = scene.judge()

    assert said.actions == {"lower-initial-delay"}
    assert said.target.liveness == scene.liveness
    assert said.target.readiness is not None
    delay = said.target.readiness.initial_delay_seconds
    assert said.target.readiness == replace(readiness, initial_delay_seconds=delay)
    assert delay <= 2.0 + _UP_TO_A_PERIOD_AND_A_SCRAPE


def test_a_liveness_probe_keeps_a_margin() -> None:
    """Too early a liveness attempt may kill, so its delay stays above the slowest start."""
    scene = Scene(
        liveness=asks(initial_delay_seconds=120),
        readiness=asks(READYZ, period_seconds=5),
        apps=(App(starts=(8.0, 2.0)),),
        seconds=400,
    )
    target = scene.judge().target.liveness

    assert target is not None
    assert 16 <= target.initial_delay_seconds < 120


UNATTENDED = Scene(
    readiness=asks(READYZ, period_seconds=5),
    apps=tuple(App(starts=(40.0,), locks=(first,)) for first in (600.0, 900.0)),
    seconds=3600,
)


def test_a_liveness_probe_that_comes_new_is_held_back_where_starts_are_slow() -> None:
    """Else it would end every start, and trade replicas that hang for ones that never come up."""
    target = UNATTENDED.judge().target

    assert target.liveness is not None
    assert target.startup is not None
    assert target.startup.startup_budget_seconds >= 2 * 40
    assert target.startup.period_seconds <= 5


def test_without_leave_for_a_startup_probe_the_new_liveness_probe_asks_later() -> None:
    """It is not added without what makes it safe."""
    thrifty = Policy(allow=frozenset({Allowance.THRESHOLDS, Allowance.TYPES}))
    target = replace(UNATTENDED, policy=thrifty).judge().target

    assert target.startup is None
    assert target.liveness is not None
    assert target.liveness.startup_budget_seconds >= 2 * 40


def test_where_starts_are_quick_the_new_liveness_probe_comes_alone() -> None:
    """A startup probe that nobody needs only puts every start off; on a busy node half a minute is still given."""
    quick = replace(UNATTENDED, apps=tuple(App(locks=app.locks) for app in UNATTENDED.apps))
    target = quick.judge().target

    assert target.liveness is not None
    assert target.startup is None
    assert target.liveness.startup_budget_seconds == 31


def test_a_start_is_remembered_after_its_failures_are_forgotten() -> None:
    """Hours of pauses later it is still known that the first attempts failed, and when the first one passed."""
    pauses = tuple(Spell(begin=at, end=at + 25, mode="pause") for at in range(200, 12_000, 60))
    scene = replace(UNATTENDED, apps=(App(starts=(40.0,), locks=(12_500.0,), spells=pauses),), seconds=15_000)

    assert scene.judge().target.startup is not None


def seen_since(scene: Scene, seconds: float) -> Probes:
    """What is recommended by who began to watch so long after the start, and knows when the containers started."""
    history = WorkloadHistory()
    for fact in scene.facts():
        if isinstance(fact, ContainerStarted) or fact.at >= T0 + seconds:
            history = observe(history, fact)
    found = cases(scene.workload, history, objectives=scene.policy.objectives, exposed=True)
    said = recommend(found, diagnose(found), scene.policy)
    assert said is not None
    (target,) = said.target.values()
    return target


@pytest.mark.parametrize("seconds", [200, 400, 590, 1500])
def test_where_no_start_was_seen_the_new_liveness_probe_asks_later(seconds: float) -> None:
    """Whoever is installed beside workloads that run knows only that they came up some day."""
    apps = tuple(App(starts=(40.0,), locks=(first,)) for first in (3000.0, 3600.0))
    target = seen_since(replace(UNATTENDED, apps=apps, seconds=5000), seconds)

    assert target.liveness is not None
    assert target.startup is None
    assert target.liveness.startup_budget_seconds >= 60


@pytest.mark.parametrize("startup", [True, False])
def test_where_bounds_leave_starts_too_little_time_liveness_is_left_to_a_person(startup: bool) -> None:  # noqa: FBT001
    """A probe that ends every start is worse than none."""
    bounds = {(ProbeType.STARTUP, "failure_threshold"): Range(most=5)}
    bounds |= {(ProbeType.LIVENESS, "initial_delay_seconds"): Range(most=10)}
    allow = {Allowance.THRESHOLDS, Allowance.TYPES, *([Allowance.STARTUP] if startup else [])}
    said = replace(UNATTENDED, policy=Policy(bounds=bounds, allow=frozenset(allow))).judge()

    assert "add-liveness" in said.actions
    assert said.target.liveness is None
    assert said.target.startup is None


def test_a_patient_readiness_probe_makes_no_hasty_liveness_probe() -> None:
    """One attempt is no proof, however long it waits, and each start is asked often."""
    apps = tuple(App(starts=(20.0,), silent_start=True, locks=(first,)) for first in (600.0, 900.0))
    target = replace(UNATTENDED, readiness=asks(READYZ, timeout_seconds=30), apps=apps).judge().target

    assert target.liveness is not None
    assert target.liveness.failure_threshold >= 2
    assert target.liveness.timeout_seconds >= 30
    assert target.startup is not None
    assert target.startup.timeout_seconds <= 5
