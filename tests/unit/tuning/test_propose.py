"""Every action leads to probes that answer the trouble, and to nothing that the user did not allow."""

from dataclasses import replace

import pytest

from gym.manifest import CONTAINER
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.starting import liveness_kills
from probetuner.facts.fact import CpuThrottled, Fact
from probetuner.model.policy import Allowance, Objectives, Policy, Range
from probetuner.model.probe import Exec, Grpc, HttpGet, Probe, ProbeType
from probetuner.tuning.figures import Figures
from probetuner.tuning.forecast import forecast
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import ActionName
from support.application import App, Spell
from support.facts import counted, exited, failed, killed, pod, remember, started
from support.scene import DEPENDENT, READYZ, T0, WORK, Scene, asks
from support.workloads import container, workload

OFTEN = asks(READYZ, period_seconds=5)
GROWING = Spell(begin=10, end=40, mode="slow", seconds=0.8)
"""A queue answers late before it answers too late; without that it might be a lock-up."""
BUSY = Scene(
    liveness=asks(WORK), apps=(App(spells=(GROWING, Spell(begin=40, end=300, mode="slow", seconds=2.0))),), seconds=360
)
STUCK = Scene(readiness=OFTEN, apps=(App(locks=(75.0,)), App(locks=(92.0,))), seconds=360)
LOCKS = Scene(liveness=asks(), readiness=OFTEN, apps=(App(locks=(70.0,)), App(locks=(95.0,))), seconds=420)
FLAPS = Scene(
    readiness=asks(READYZ, period_seconds=2, failure_threshold=1),
    replicas=3,
    apps=(App(slow=0.15, slow_seconds=1.3, latency=0.15),),
)
AWAY = Scene(liveness=asks(DEPENDENT), replicas=3, apps=(App(spells=(Spell(begin=75, end=165, paths=("/health",)),)),))
NOTHING = Policy(allow=frozenset())


def only(*allowed: Allowance) -> Policy:
    return Policy(allow=frozenset(allowed))


def test_liveness_under_pressure_becomes_readiness() -> None:
    """The endpoint moves to readiness, which outlasts the load that was seen, and few failures take it out."""
    said = BUSY.judge()

    assert said.actions == {"replace-liveness-with-readiness"}
    assert said.target.liveness is None
    assert said.target.readiness == asks(WORK, period_seconds=30, timeout_seconds=30, failure_threshold=3)


def test_what_bounds_take_from_a_timeout_failures_make_up_for() -> None:
    """Readiness bears the load that was seen within them."""
    bounded = Policy(bounds={(ProbeType.READINESS, "timeout_seconds"): Range(most=10)})
    said = replace(BUSY, policy=bounded).judge()

    assert said.target.readiness == asks(WORK, timeout_seconds=10, failure_threshold=9)


def test_the_same_question_in_both_probes_stays_in_readiness_alone() -> None:
    """Where readiness asks it already, liveness goes and readiness becomes patient; another question stays as it is."""
    same = replace(BUSY, readiness=asks(WORK, period_seconds=5)).judge().target
    assert same.liveness is None
    assert same.readiness == asks(WORK, period_seconds=30, timeout_seconds=30, failure_threshold=3)

    other = replace(BUSY, readiness=OFTEN).judge().target
    assert other.liveness is None
    assert other.readiness == OFTEN


@pytest.mark.parametrize("period_seconds", [1, 2, 5])
def test_readiness_that_asks_often_is_patient_too(period_seconds: int) -> None:
    """A short period is no reason to follow every queue: it waits as long as a probe of the default period does."""
    often = asks(WORK, period_seconds=period_seconds, timeout_seconds=1)
    said = replace(BUSY, liveness=often).judge()

    assert said.target.liveness is None
    assert said.target.readiness is not None
    assert said.target.readiness.timeout_seconds >= 10
    assert said.target.readiness.borne_seconds <= 90


def test_one_replica_gets_no_readiness() -> None:
    """All that readiness could do for a single replica is to take the only backend away."""
    said = replace(BUSY, replicas=1).judge()

    assert said.target.liveness is None
    assert said.target.readiness is None


def test_numbers_alone_are_raised_where_types_may_not_change() -> None:
    """With leave for thresholds only, liveness stays and becomes more patient."""
    said = replace(BUSY, policy=only(Allowance.THRESHOLDS)).judge()

    assert said.actions <= {"raise-timeout", "raise-failure-threshold"}
    assert said.target.liveness is not None
    assert said.target.liveness.handler == WORK
    assert said.target.liveness.detection_seconds > asks(WORK).detection_seconds


def test_a_first_kill_gives_time_for_answers_as_well_as_failures() -> None:
    """Nobody saw how late the answers were that were not waited for, and the silence may outlast what was watched."""
    liveness = {"httpGet": {"path": "/1", "port": 8080}}
    a, b = pod("web-a"), pod("web-b")
    facts: list[Fact] = [started(0, of=a), started(0, of=b), counted(0, 30, ok=3, of=a), counted(0, 30, ok=3, of=b)]
    facts += [*(failed(at, of=a) for at in (34, 44, 54)), counted(30, 54, bad=3, of=a), killed(54, of=a)]
    facts += [*(failed(at, of=b) for at in (36, 46)), counted(30, 47, bad=2, of=b)]
    facts += [exited(61, code=143, of=a), started(62, restarts=1, of=a)]
    facts += [counted(47, 58, ok=1, of=b)]
    seen = cases(workload(container(livenessProbe=liveness)), remember(sorted(facts, key=lambda fact: fact.at)))

    said = recommend(seen, diagnose(seen), Policy())

    assert said is not None
    patient = said.target["web"].liveness
    assert patient is not None
    assert 5 <= patient.timeout_seconds <= patient.period_seconds
    assert patient.failure_threshold > 3


@pytest.mark.parametrize("scene", [BUSY, STUCK, FLAPS], ids=["busy", "stuck", "flaps"])
def test_what_is_not_allowed_is_shown_and_not_done(scene: Scene) -> None:
    """Without any leave every action is withheld and the probes stay as they are."""
    recommendation = replace(scene, policy=NOTHING).judge().recommendation

    assert recommendation is not None
    assert recommendation.actions == ()
    assert recommendation.withheld
    assert recommendation.target == recommendation.current


def test_a_lockup_gets_a_liveness_probe_from_what_fell_silent() -> None:
    """Liveness asks what readiness asks, more patiently, and finds a lock-up within the objective."""
    said = STUCK.judge()
    liveness = said.target.liveness

    assert "add-liveness" in said.actions
    assert liveness is not None
    assert liveness.handler == READYZ
    assert liveness.timeout_seconds >= 5
    assert liveness.success_threshold == 1
    assert OFTEN.detection_seconds < liveness.detection_seconds <= 60
    assert said.target.readiness == OFTEN


def test_the_objective_for_detection_is_honoured() -> None:
    """Who allows twice the time gets no quicker probe, and it still keeps to the time."""
    patient = Policy(objectives=Objectives(liveness_detection_seconds=120))
    liveness = replace(STUCK, policy=patient).judge().target.liveness
    default = STUCK.judge().target.liveness

    assert liveness is not None
    assert default is not None
    assert default.detection_seconds <= liveness.detection_seconds <= 120


def test_liveness_that_finds_lockups_is_never_weakened() -> None:
    """A probe that restarts stuck containers, quickly enough, is left alone in every field."""
    assert LOCKS.judge().actions == {"none"}


def test_slow_detection_is_shortened_but_outlasts_what_passes() -> None:
    """The threshold falls until the objective is met."""
    lax = replace(LOCKS, liveness=asks(failure_threshold=9), seconds=900)
    said = lax.judge()

    assert "lower-failure-threshold" in said.actions
    assert said.target.liveness is not None
    assert said.target.liveness.detection_seconds <= 60


def test_grace_is_set_on_the_probe_only_with_leave() -> None:
    """A probe-level grace period ends stuck containers sooner; the pod's own stays as it is."""
    scene = Scene(liveness=asks(), apps=(App(locks=(60.0,)),), seconds=900, replicas=1, grace=60)
    said = scene.judge()
    assert said.recommendation is not None
    assert ActionName.SET_PROBE_GRACE in [action.name for action in said.recommendation.withheld]

    allowed = replace(scene, policy=only(*Allowance)).judge()
    assert "set-probe-grace" in allowed.actions
    assert allowed.target.liveness is not None
    assert allowed.target.liveness.termination_grace_period_seconds == 10


def test_flapping_readiness_becomes_patient() -> None:
    """A late answer doubles the timeout, and failures outlast what ended by itself, within the objective."""
    said = FLAPS.judge()

    assert said.actions == {"raise-timeout", "raise-failure-threshold"}
    assert said.target.readiness is not None
    assert said.target.readiness.timeout_seconds == 2
    assert said.target.readiness.failure_threshold >= 3
    assert said.target.readiness.detection_seconds <= 30


def test_readiness_that_empties_the_service_waits_as_long_as_it_may() -> None:
    """Load that makes all replicas late at once took every backend away: a slow service became a dead one."""
    late = tuple(Spell(begin=b, end=b + 25, mode="slow", seconds=3.0) for b in range(60, 900, 120))
    scene = Scene(readiness=asks(READYZ, period_seconds=5), apps=(App(spells=late),), replicas=3, seconds=900)
    said = scene.judge()

    assert "raise-timeout" in said.actions
    assert said.target.readiness is not None
    assert said.target.readiness.timeout_seconds == 20
    assert said.target.readiness.borne_seconds <= 90


def test_readiness_that_still_empties_the_service_waits_twice_as_long() -> None:
    """All that the objective leaves was not enough: users wait longer than that, so the probe does."""
    late = tuple(Spell(begin=b, end=b + 60, mode="slow", seconds=18.0) for b in range(60, 1800, 180))
    patient = asks(READYZ, timeout_seconds=10)
    said = Scene(readiness=patient, apps=(App(spells=late),), replicas=3, seconds=1800).judge()

    assert said.target.readiness is not None
    assert said.target.readiness.timeout_seconds == 30


def test_readiness_in_a_queue_gets_time_too_where_lockups_keep_liveness() -> None:
    """Both ask the same: a queue fails neither any more, and a stuck replica is still noticed within the objectives."""
    rush = tuple(Spell(begin=b, end=b + 70, mode="slow", seconds=3.0) for b in (100, 700, 1300, 1900))
    app = App(spells=rush, locks=(2900.0, 2900.0, 330.0), handles_term=143)
    scene = Scene(liveness=asks(WORK), readiness=asks(WORK), apps=(app,), seconds=2600)
    target = scene.judge().target

    assert target.liveness is not None
    assert target.readiness is not None
    assert target.liveness.timeout_seconds >= target.readiness.timeout_seconds > 2
    assert target.liveness.detection_seconds <= 60
    assert target.readiness.detection_seconds <= 30


def test_long_spells_of_a_busy_container_are_flaps() -> None:
    """A rush that lasts for minutes takes replicas out for minutes; answers were late before and after, and came."""
    parts = ((-60, 0, 0.7), (0, 200, 3.0), (200, 260, 0.7))
    rush = tuple(
        Spell(begin=b + since, end=b + until, mode="slow", seconds=seconds)
        for b in range(100, 3400, 600)
        for since, until, seconds in parts
    )
    said = Scene(readiness=asks(READYZ, period_seconds=5), apps=(App(spells=rush),), replicas=3, seconds=3600).judge()

    assert "readiness-flapping" in said.names
    assert "raise-timeout" in said.actions


def test_liveness_waits_no_shorter_for_the_same_than_patient_readiness() -> None:
    """The queue that readiness now bears would else be killed by a liveness probe that asks the same."""
    late = tuple(Spell(begin=b, end=b + 25, mode="slow", seconds=3.0) for b in range(60, 900, 120))
    lax = asks(READYZ, failure_threshold=5)
    scene = Scene(
        liveness=lax, readiness=asks(READYZ, period_seconds=5), apps=(App(spells=late),), replicas=3, seconds=900
    )
    target = scene.judge().target

    assert target.liveness is not None
    assert target.readiness is not None
    assert target.liveness.timeout_seconds == target.readiness.timeout_seconds == 20
    assert replace(scene, liveness=replace(lax, handler=WORK)).judge().target.liveness == replace(lax, handler=WORK)


RUSHED = App(spells=tuple(Spell(begin=b, end=b + 25, mode="slow", seconds=3.0) for b in range(60, 900, 120)))


@pytest.mark.parametrize(
    ("app", "actions"), [(RUSHED, {"raise-cpu", "raise-timeout"}), (FLAPS.apps[0], {"raise-cpu"})], ids=["all", "one"]
)
def test_want_of_cpu_is_no_reason_for_patience_unless_nobody_is_left(app: App, actions: set[str]) -> None:
    """More CPU is the cure; only a readiness probe that takes out all replicas at once makes it worse than it is."""
    scene = replace(FLAPS, readiness=asks(READYZ, period_seconds=5, failure_threshold=2), apps=(app,), seconds=900)
    if app in FLAPS.apps:
        scene = replace(scene, readiness=FLAPS.readiness)
    throttled = tuple(
        CpuThrottled(at=T0 + at, pod=scene.pod(), container=CONTAINER, periods=100, throttled=80)
        for at in range(10, 900, 10)
    )
    said = replace(scene, extra=throttled).judge()

    assert {"cpu-throttled", "readiness-flapping"} <= said.names
    assert said.actions - {"raise-failure-threshold"} == actions


def test_what_flaps_is_not_tightened() -> None:
    """A replica that gets stuck now and then asks for a quicker probe, and one that flaps for a slower one first."""
    stuck = App(locks=(200.0,), slow=0.25, slow_seconds=1.3, latency=0.15)
    scene = replace(FLAPS, liveness=asks(), readiness=asks(READYZ, failure_threshold=1), apps=(stuck,), seconds=2400)
    said = scene.judge()

    assert {"readiness-flapping", "detection-too-slow"} <= said.names
    assert "tighten-readiness" not in said.actions


def test_a_dependency_is_named_and_no_handler_is_made_up() -> None:
    """Where no other probe shows an independent endpoint, the probes stay and a person is told."""
    said = AWAY.judge()
    assert said.actions == {"decouple-liveness"}
    assert said.target == AWAY.probes


def test_liveness_takes_the_endpoint_that_went_on() -> None:
    """Liveness asks it as readiness does, with its numbers, no less patient than it was, and acts after readiness."""
    said = replace(AWAY, readiness=OFTEN).judge()

    assert said.actions == {"decouple-liveness"}
    liveness = said.target.liveness
    assert liveness is not None
    assert liveness.handler == READYZ
    assert liveness.period_seconds == OFTEN.period_seconds
    assert liveness.borne_seconds >= asks(DEPENDENT).borne_seconds
    assert liveness.detection_seconds > OFTEN.detection_seconds
    assert said.target.readiness == OFTEN


def test_a_readiness_that_failed_too_is_no_way_out() -> None:
    """Readiness that asks the dependency as well is not handed to liveness."""
    scene = replace(AWAY, readiness=asks(HttpGet(port=8080, path="/readyz"), period_seconds=5))
    app = App(spells=(Spell(begin=75, end=165),))

    assert replace(scene, apps=(app,)).judge().target == scene.probes


@pytest.mark.parametrize("kind", [ProbeType.LIVENESS, ProbeType.READINESS])
def test_a_broken_handler_is_never_rewritten(kind: ProbeType) -> None:
    """A wrong port is told, and no number and no handler is touched."""
    wrong: dict[str, Probe] = {"liveness": asks(), "readiness": OFTEN}
    wrong[kind.value.lower()] = asks(HttpGet(port=8081, path="/livez"))
    scene = Scene(liveness=wrong["liveness"], readiness=wrong["readiness"])
    said = scene.judge()

    assert said.actions == {"fix-handler"}
    assert said.target == scene.probes


def test_crash_and_memory_touch_no_probe() -> None:
    """The application's own exits lead to no other probes."""
    for app, action in ((App(exits=(25.0,)), "none"), (App(exits=(25.0,), oom=True), "raise-memory")):
        scene = Scene(liveness=asks(), readiness=OFTEN, apps=(app,))
        said = scene.judge()
        assert said.actions == {action}
        assert said.recommendation is None or said.target == scene.probes


@pytest.mark.parametrize("handler", [Exec(command=("sh", "-c", "true")), Grpc(port=8080), WORK])
def test_nothing_is_proposed_on_a_healthy_workload(handler: Exec | Grpc | HttpGet) -> None:
    """A container whose probes work gets no recommendation at all."""
    assert Scene(liveness=asks(handler), readiness=OFTEN).judge().recommendation is None


def test_bounds_cap_only_what_changes() -> None:
    """A capped timeout keeps to the bound; a field outside its bound that nobody changes stays as it is written."""
    bounds = {
        (ProbeType.READINESS, "timeout_seconds"): Range(most=4),
        (ProbeType.READINESS, "period_seconds"): Range(most=1),
    }
    recommendation = replace(FLAPS, policy=Policy(bounds=bounds)).judge().recommendation
    assert recommendation is not None
    (target,) = recommendation.target.values()
    assert target.readiness is not None
    assert target.readiness.timeout_seconds == 2
    assert target.readiness.period_seconds == 2

    tight = Policy(bounds={(ProbeType.READINESS, "timeout_seconds"): Range(most=1)})
    capped = replace(FLAPS, policy=tight).judge().recommendation
    assert capped is not None
    (target,), (uncapped,) = capped.target.values(), capped.uncapped.values()
    assert target.readiness is not None
    assert uncapped.readiness is not None
    assert target.readiness.timeout_seconds == 1
    assert uncapped.readiness.timeout_seconds == 2


@pytest.mark.parametrize("scene", [BUSY, STUCK, AWAY], ids=["busy", "stuck", "away"])
def test_an_id_is_of_what_would_be_written(scene: Scene) -> None:
    """More of the same evidence gives the same id, and other probes give another."""
    one = scene.judge().recommendation
    two = replace(scene, seconds=scene.seconds + 40).judge().recommendation
    other = replace(scene, policy=NOTHING).judge().recommendation

    assert one is not None
    assert two is not None
    assert other is not None
    assert one.id == two.id
    assert len(one.id) == 10
    assert one.id != other.id or one.target == other.target


def test_a_forecast_says_what_would_have_happened() -> None:
    """Before are the kills that were seen; after, none without a liveness probe, and no detection either."""
    recommendation = BUSY.judge().recommendation
    assert recommendation is not None
    after = forecast(BUSY.cases(), recommendation)
    assert isinstance(after, Figures)

    assert recommendation.before.false_restarts == len(liveness_kills(BUSY.cases()[0]))
    assert recommendation.before.detection_seconds == 31
    assert after.false_restarts == 0
    assert after.detection_seconds is None
    assert after.observed_seconds == recommendation.before.observed_seconds


def test_a_forecast_of_flaps_falls() -> None:
    """What outlasts the spells that were seen is forecast to flap less."""
    recommendation = FLAPS.judge().recommendation
    assert recommendation is not None
    after = forecast(FLAPS.cases(), recommendation)
    assert isinstance(after, Figures)

    assert recommendation.before.flaps
    assert after.flaps is not None
    assert after.flaps < recommendation.before.flaps
