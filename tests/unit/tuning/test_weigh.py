"""Numbers of both probes where replicas fall silent: what they cost users, and that the least is chosen."""

import math
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym.manifest import CONTAINER
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.load import busy_kills
from probetuner.diagnosis.lockup import earlier_lockups
from probetuner.facts.fact import (
    ContainerExited,
    ContainerStarted,
    Fact,
    FailureCause,
    KillAnnounced,
    PodEnding,
    ProbeFailed,
)
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.policy import Costs, Objectives, Policy, Range
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.experience import TIMEOUTS_SECONDS, Experience, Pause, experience_of
from probetuner.tuning.loss import loss as loss_at
from probetuner.tuning.queues import Queue, ends_of_rushes, queues_of
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import Probes, Recommendation
from support.application import App, Spell
from support.facts import remember
from support.scene import T0, WORK, Scene, asks, deletion

NOTHING = Experience(
    replicas=3,
    seconds=3600.0,
    lockups=0,
    times=1.0,
    pauses=(),
    queues=(),
    shared=0.0,
    start_seconds=1.0,
    late=dict.fromkeys(TIMEOUTS_SECONDS, 0.0),
)
PROBES = st.builds(
    Probe,
    handler=st.just(WORK),
    period_seconds=st.integers(1, 20),
    timeout_seconds=st.sampled_from(TIMEOUTS_SECONDS),
    failure_threshold=st.integers(1, 12),
)
loss = partial(loss_at, costs=Costs())


def queue(kind: ProbeType, seconds: float, *, pod: str = "a") -> Queue:
    return Queue(pod_uid=pod, probe=kind, began_at=0.0, seconds=seconds, timeout_seconds=1)


@given(liveness=PROBES, readiness=PROBES, count=st.integers(1, 50))
def test_who_saw_no_trouble_has_nothing_to_lose(liveness: Probe, readiness: Probe, count: int) -> None:
    """And what lock-ups cost grows with their number."""
    probes = Probes(liveness=liveness, readiness=readiness)

    assert loss(NOTHING, probes) == 0.0
    assert loss(replace(NOTHING, lockups=count), probes) == pytest.approx(
        count * loss(replace(NOTHING, lockups=1), probes)
    )


@given(liveness=PROBES, readiness=PROBES, lockups=st.integers(1, 9))
def test_of_lockups_alone_patience_is_never_cheaper(liveness: Probe, readiness: Probe, lockups: int) -> None:
    """One more failure finds none sooner."""
    stuck, probes = replace(NOTHING, lockups=lockups), Probes(liveness=liveness, readiness=readiness)
    for kind, probe in ((ProbeType.LIVENESS, liveness), (ProbeType.READINESS, readiness)):
        patient = replace(probe, failure_threshold=probe.failure_threshold + 1)
        assert loss(stuck, probes) <= loss(stuck, probes.with_probe(kind, patient))


@given(liveness=PROBES, readiness=PROBES, seconds=st.floats(1.0, 300.0), more=st.sampled_from(TIMEOUTS_SECONDS))
def test_of_queues_alone_patience_never_costs_more(
    liveness: Probe, readiness: Probe, seconds: float, more: int
) -> None:
    """More failures at the same pace bear more, and so does more time for each answer."""
    probes = Probes(liveness=liveness, readiness=readiness)
    for kind, probe in ((ProbeType.LIVENESS, liveness), (ProbeType.READINESS, readiness)):
        queued = replace(NOTHING, queues=(queue(kind, seconds),), shared=1.0)
        firm = replace(probe, failure_threshold=probe.failure_threshold + 1)
        slow = replace(probe, timeout_seconds=max(probe.timeout_seconds, min(more, probe.period_seconds)))
        assert loss(queued, probes.with_probe(kind, firm)) <= loss(queued, probes) + 1e-9
        assert loss(queued, probes.with_probe(kind, slow)) <= loss(queued, probes) + 1e-9


@given(liveness=PROBES, readiness=PROBES, seconds=st.floats(1.0, 120.0))
def test_a_pause_is_to_be_noticed_and_not_killed(liveness: Probe, readiness: Probe, seconds: float) -> None:
    """Readiness keeps users away the sooner it acts; liveness that acts restarts what comes back by itself."""
    paused, probes = replace(NOTHING, pauses=(Pause(seconds=seconds),)), Probes(liveness=liveness, readiness=readiness)
    firm = replace(liveness, failure_threshold=liveness.failure_threshold + 1)
    lax = replace(readiness, failure_threshold=readiness.failure_threshold + 1)

    assert loss(paused, replace(probes, liveness=firm)) <= loss(paused, probes)
    assert loss(paused, replace(probes, readiness=lax)) >= loss(paused, probes)


def test_a_queue_that_all_replicas_share_costs_more() -> None:
    """Then nobody is left to serve while readiness follows it."""
    probes = Probes(readiness=asks(WORK))
    one = replace(NOTHING, queues=(queue(ProbeType.READINESS, 60.0),))

    assert loss(replace(one, shared=1.0), probes) > 2 * loss(one, probes)


def test_a_few_queues_weigh_less_than_lockups() -> None:
    """Three take one replica out for a moment, and seven lock-ups are found sooner for it; not so with a hundred."""
    quick, patient = (
        Probes(readiness=asks(WORK, period_seconds=2, timeout_seconds=timeout, failure_threshold=2))
        for timeout in (1, 8)
    )
    few, many = (
        replace(NOTHING, lockups=7, queues=(queue(ProbeType.READINESS, 30.0),) * number) for number in (3, 100)
    )

    assert loss(few, quick) < loss(few, patient)
    assert loss(many, quick) > loss(many, patient)


@given(readiness=PROBES, seconds=st.floats(5.0, 300.0), waits=st.sampled_from(TIMEOUTS_SECONDS))
def test_a_queue_that_readiness_waited_through_counts_for_a_shorter_timeout_only(
    readiness: Probe, seconds: float, waits: int
) -> None:
    """Liveness saw it, since it asked the same and waited less."""
    asked, one = replace(readiness, timeout_seconds=waits), queue(ProbeType.READINESS, seconds)
    waited = replace(NOTHING, waited=(replace(one, probe=ProbeType.LIVENESS),), waits_seconds=waits)
    hasty = replace(asked, timeout_seconds=1)

    assert loss(waited, Probes(readiness=asked)) == 0.0
    expected = loss(replace(NOTHING, queues=(one,)), Probes(readiness=hasty)) if waits > 1 else 0.0
    assert loss(waited, Probes(readiness=hasty)) == expected


def test_a_queue_that_lasts_is_taken_to_be_deep() -> None:
    """A timeout of eight seconds ends a short one for good; of a long one nobody knows how far beyond it went."""
    patient = Probes(liveness=asks(WORK, timeout_seconds=8), readiness=asks(WORK, timeout_seconds=8))
    short, long = (replace(NOTHING, queues=(queue(ProbeType.READINESS, seconds),)) for seconds in (12.0, 120.0))

    assert loss(short, patient) == 0.0
    assert 0.0 < loss(long, patient) < loss(long, Probes(liveness=asks(WORK), readiness=asks(WORK)))


def test_what_earlier_templates_went_through_counts() -> None:
    """As often as it came in all the time that is remembered."""
    probes = Probes(readiness=asks(WORK))
    queued = replace(NOTHING, queues=(queue(ProbeType.READINESS, 60.0),))

    assert loss(replace(NOTHING, earlier=(queued,)), probes) == pytest.approx(loss(queued, probes) / 2)


@given(times=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 400)), min_size=1, max_size=12))
def test_queues_with_hardly_any_time_between_them_are_of_one_rush(times: list[tuple[int, int]]) -> None:
    """It ends with the last of them, also where a long one holds together what is far apart."""
    queues = [
        replace(queue(ProbeType.LIVENESS, float(seconds)), began_at=float(begin)) for begin, seconds in sorted(times)
    ]
    ends = ends_of_rushes(queues)

    for one, end in zip(queues, ends, strict=True):
        assert end in {other.ended_at for other in queues}
        joined = [
            other for other in queues if one.began_at - 60 <= other.ended_at and other.began_at - 60 <= one.ended_at
        ]
        assert end >= max(other.ended_at for other in joined)
        assert {ends[queues.index(other)] for other in joined} == {end}


RUSH = tuple(Spell(begin=b, end=b + 70, mode="slow", seconds=3.0) for b in (100, 700, 1300, 1900))
BOTH = Scene(
    liveness=asks(WORK),
    readiness=asks(WORK),
    apps=(App(spells=RUSH, locks=(1e9, 1e9, 1e9, 330.0, 1e9), handles_term=143), App(spells=RUSH, handles_term=143)),
    seconds=2600,
    grace=30,
)
STUCK = replace(
    BOTH,
    apps=tuple(
        App(spells=RUSH, locks=(*(1e9 for _ in range(life)), 330.0, 330.0, 1e9), handles_term=143) for life in (2, 3)
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("failures", [1, 3, 5])
def test_readiness_with_a_longer_timeout_bears_what_it_did_or_as_long_as_users_wait(failures: int) -> None:
    """How late the answers are is not known yet; one late answer takes out no replica."""
    before = asks(WORK, failure_threshold=failures)
    readiness = replace(STUCK, readiness=before).judge().target.readiness

    assert readiness is not None
    assert readiness.timeout_seconds > before.timeout_seconds
    assert readiness.borne_seconds >= min(before.borne_seconds, 10)
    assert readiness.failure_threshold >= 2


def test_liveness_that_waits_as_long_as_users_do_may_act_after_two_failures() -> None:
    """A longer queue would be left by those who stand in it; one that waits for less needs three."""
    bounded = Policy(bounds={(ProbeType.LIVENESS, "timeout_seconds"): Range(most=9)})
    free, within = STUCK.judge().target.liveness, replace(STUCK, policy=bounded).judge().target.liveness

    assert free == asks(WORK, initial_delay_seconds=10, timeout_seconds=10, failure_threshold=2)
    assert within is not None
    assert within.failure_threshold >= 3


def rushed(seconds: float, *, last: int, lasting: int = 45) -> Scene:
    """Two replicas that get stuck, and rushes in which all answers take so many seconds."""
    rush = tuple(
        Spell(begin=begin, end=begin + lasting, mode="slow", seconds=seconds, paths=("/work",))
        for begin in range(1300, last + 1, 480)
    )
    apps = tuple(App(locks=(at,), spells=rush) for at in (700.0, 950.0))
    return Scene(liveness=asks(WORK, failure_threshold=5), readiness=asks(WORK), apps=apps, seconds=3600, grace=30)


def test_readiness_that_meets_a_queue_is_made_quicker_with_more_time_for_each_answer() -> None:
    """Who asks more often meets more of it."""
    before, after = rushed(3.0, last=1300), rushed(3.0, last=1300).judge().target.readiness

    assert before.readiness is not None
    assert after is not None
    assert after.detection_seconds < before.readiness.detection_seconds
    assert after.timeout_seconds > before.readiness.timeout_seconds


@pytest.mark.parametrize("timeout", [8, 10])
def test_a_queue_does_not_keep_a_silent_replica_from_being_found_in_time(timeout: int) -> None:
    """Users stand in no longer one, and the objective holds; still each answer gets no less time than it had."""
    late = asks(WORK, timeout_seconds=timeout, failure_threshold=6)
    scene = replace(rushed(20.0, last=1300), readiness=late)
    said = scene.judge()

    assert any(one.probe is ProbeType.READINESS for one in queues_of(scene.cases()[0]))
    assert "detection-too-slow" in said.names
    assert said.target.readiness is not None
    assert said.target.readiness.detection_seconds <= 30
    assert said.target.readiness.timeout_seconds == 10


def test_readiness_keeps_the_time_with_which_it_waited_through_a_queue() -> None:
    """Liveness, which asks the same and waits for less, saw it; and it asks again no sooner than it waits."""
    scene = replace(rushed(1.4, last=2500), readiness=asks(WORK, timeout_seconds=3))
    (case,) = scene.cases()

    assert experience_of(case).waited
    assert scene.judge().target.readiness == asks(WORK, period_seconds=3, timeout_seconds=3, failure_threshold=2)


def test_liveness_is_not_tightened_where_a_deaf_process_was_killed_for_load() -> None:
    """What it ended was not all stuck, though nothing stopped when it was asked to."""
    bounded = Policy(bounds={(ProbeType.LIVENESS, "timeout_seconds"): Range(most=1)})
    scene = replace(rushed(3.0, last=1300, lasting=70), liveness=asks(WORK), policy=bounded)

    assert busy_kills(scene.cases()[0])
    assert scene.judge().target.liveness == scene.liveness


def test_liveness_is_made_quicker_with_a_longer_timeout_only_after_it_was_watched_for_long() -> None:
    """And what a change gave more time keeps it for a day."""
    scene = rushed(3.0, last=1300)
    found = scene.cases()
    kept, made = (
        recommend(found, diagnose(found), scene.policy, loosened=loosened)
        for loosened in ({(CONTAINER, ProbeType.LIVENESS)}, set())
    )

    assert kept is not None
    assert made is not None
    assert scene.liveness is not None
    least = scene.liveness.borne_seconds
    assert borne(kept) >= least > borne(made)
    early = replace(scene, seconds=1700).judge().recommendation
    assert early is None or borne(early) >= least


def borne(said: Recommendation) -> int:
    liveness = said.target[CONTAINER].liveness
    assert liveness is not None
    return liveness.borne_seconds


def test_lockups_under_an_older_template_count_by_the_time_in_which_replicas_worked() -> None:
    """Starts that are ended under the present one are none."""
    locks = Scene(liveness=asks(), readiness=asks(WORK), apps=(App(locks=(900.0,)),), seconds=3600)
    hasty = asks(WORK, period_seconds=5, failure_threshold=6)
    ended = replace(locks, startup=hasty, apps=(App(starts=(60.0,)), App()), seed=2)
    facts = (*replace(locks, extra=deletion(locks, 143)).facts(epoch=T0 - 3700, template="t0"), *ended.facts())
    (case,) = cases(ended.workload, remember(facts))
    experience = experience_of(case)
    (earlier,) = experience.earlier

    stuck = experience.lockups / experience.seconds * (experience.seconds + earlier.seconds)
    assert stuck == pytest.approx(len(earlier_lockups(case)))
    assert experience.seconds == pytest.approx(1800, rel=0.1)


def test_liveness_that_is_given_time_is_not_the_first_to_act() -> None:
    """Readiness that waits longer lets a queue last; liveness that asks the same waits as long, and acts after it."""
    target = STUCK.judge().target

    assert target.liveness is not None
    assert target.readiness is not None
    assert target.readiness.timeout_seconds > 1
    assert target.liveness.timeout_seconds >= target.readiness.timeout_seconds
    assert target.liveness.detection_seconds >= target.readiness.detection_seconds


def test_a_queue_that_a_kill_cut_short_lasted_as_long_as_the_rush() -> None:
    """Where the fresh container fails again at once, or other replicas go on to, the restart ended nothing."""
    cut = [one for one in queues_of(BOTH.cases()[0]) if one.probe is ProbeType.LIVENESS]
    rushes = [spell for spell in RUSH if any(T0 + spell.begin <= one.began_at <= T0 + spell.end for one in cut)]

    assert len(rushes) == len(RUSH)
    for spell in rushes:
        ends = [one.ended_at - T0 for one in cut if spell.begin <= one.began_at - T0 <= spell.end]
        assert max(ends) == pytest.approx(min(ends), abs=10.0)
        assert max(ends) == pytest.approx(spell.end, abs=20.0)
    for pod in {one.pod_uid for one in cut}:
        assert all(one.ended_at <= other.began_at for one, other in pairwise(one for one in cut if one.pod_uid == pod))


def test_what_was_loosened_is_tightened_only_by_who_remembers_why() -> None:
    """Then the queues that it was loosened for are weighed against lock-ups; else a day has to pass."""
    locks = tuple(App(locks=(first, 900.0, 900.0, 1e9), handles_term=143) for first in (700.0, 950.0))
    slow = asks(WORK, timeout_seconds=8, failure_threshold=6)
    calm = replace(BOTH, liveness=slow, readiness=slow, apps=locks, seconds=3600)
    targets = []
    for facts in ((), replace(STUCK, seed=2).facts(epoch=T0 - 4000, template="t0")):
        history = WorkloadHistory()
        for fact in (*facts, *calm.facts()):
            history = observe(history, fact)
        found = cases(calm.workload, history, objectives=calm.policy.objectives, exposed=True)
        loosened = {(CONTAINER, kind) for kind in (ProbeType.LIVENESS, ProbeType.READINESS)}
        said = recommend(found, diagnose(found), calm.policy, loosened=loosened)
        targets.append(calm.probes if said is None else said.target[CONTAINER])
    forgot, remembered = targets

    assert forgot.liveness == calm.liveness
    assert remembered.liveness is not None
    assert remembered.liveness.failure_threshold < 6
    assert remembered.liveness.timeout_seconds == 8


def test_what_is_weighed_stays_within_objectives_and_bounds() -> None:
    """The objectives cap detection and the policy's bounds each number, whatever would cost less."""
    strict = Policy(objectives=Objectives(readiness_detection_seconds=20, liveness_detection_seconds=45))
    bounded = Policy(bounds={(ProbeType.LIVENESS, "timeout_seconds"): Range(most=2)})
    capped, cut = (replace(STUCK, policy=policy).judge().target for policy in (strict, bounded))

    assert capped.liveness is not None
    assert capped.readiness is not None
    assert cut.liveness is not None
    assert capped.liveness.detection_seconds <= 45
    assert capped.readiness.detection_seconds <= max(20, asks(WORK).detection_seconds)
    assert cut.liveness.timeout_seconds <= 2


PRICES = st.builds(
    Costs,
    error_seconds=st.integers(1, 1000),
    false_restart_seconds=st.integers(0, 86400),
    rollout_seconds=st.integers(0, 2592000),
)
TROUBLED = replace(
    NOTHING,
    lockups=2,
    pauses=(Pause(seconds=40.0),),
    queues=(queue(ProbeType.READINESS, 60.0), queue(ProbeType.LIVENESS, 60.0)),
    shared=1.0,
)


@given(liveness=PROBES, readiness=PROBES, costs=PRICES, errors=st.integers(1, 1000), restarts=st.integers(0, 86400))
def test_what_is_dearer_never_costs_less(
    liveness: Probe, readiness: Probe, costs: Costs, errors: int, restarts: int
) -> None:
    """The sum grows with each price, stays a number, and knows nothing of the rollout, which is weighed against it."""
    probes = Probes(liveness=liveness, readiness=readiness)
    sums = [
        loss_at(TROUBLED, probes, replace(costs, **prices))
        for prices in ({}, {"error_seconds": costs.error_seconds + errors}, {"rollout_seconds": 7})
    ]
    restarted = replace(costs, false_restart_seconds=costs.false_restart_seconds + restarts)

    assert 0.0 <= sums[0] < math.inf
    assert sums[0] == sums[2] <= min(sums[1], loss_at(TROUBLED, probes, restarted))


def priced(scene: Scene, **prices: int) -> Probes:
    """The probes that are recommended to a user with these prices."""
    return replace(scene, policy=Policy(objectives=Objectives(costs=Costs(**prices)))).judge().target


def test_default_prices_change_nothing() -> None:
    """Stated or left out, they are what numbers were chosen by before anybody could state them."""
    stated = priced(STUCK, error_seconds=10, false_restart_seconds=30, rollout_seconds=2592)

    assert stated == STUCK.judge().target


def test_dear_errors_have_a_silent_replica_found_sooner() -> None:
    """Users are sent to it for less time; where errors cost no more than idle replicas, mistakes are avoided first."""
    dear, usual = priced(STUCK, error_seconds=50).readiness, priced(STUCK).readiness
    rush = rushed(3.0, last=1300)
    cheap, normal = priced(rush, error_seconds=1).readiness, priced(rush).readiness

    assert dear is not None
    assert usual is not None
    assert cheap is not None
    assert normal is not None
    assert dear.detection_seconds < usual.detection_seconds
    assert normal.detection_seconds < cheap.detection_seconds


def test_dear_restarts_ask_for_patience() -> None:
    """Liveness bears more, within its objective."""
    dear, usual = priced(STUCK, false_restart_seconds=300).liveness, priced(STUCK).liveness

    assert dear is not None
    assert usual is not None
    assert usual.borne_seconds < dear.borne_seconds
    assert dear.detection_seconds <= Objectives().liveness_detection_seconds


def test_dear_rollouts_leave_things_alone() -> None:
    """At a price that no change can gain nothing changes that no objective asks for."""
    target = priced(STUCK, rollout_seconds=2592000)

    assert (target.liveness, target.readiness) == (STUCK.liveness, STUCK.readiness)


def test_pauses_without_a_lockup_are_borne_beyond_the_objective() -> None:
    """Restarts of what would have come back are seen, and what would be found late is not: twice the longest pause."""
    pauses = tuple(Spell(begin=at, end=at + 30 + at % 7 * 3, mode="pause") for at in range(400, 3600, 400))
    apps = (App(spells=pauses, handles_term=143), App(handles_term=143))
    scene = replace(BOTH, liveness=asks(), apps=apps, seconds=3600)
    target = scene.judge().target

    assert target.liveness is not None
    assert 60 < target.liveness.detection_seconds <= 2 * 60
    said = scene.judge().recommendation
    assert said is not None
    assert any("the objective of 60 s" in action.reason for action in said.actions)
    lockups = replace(scene, apps=(apps[0], App(locks=(700.0,), handles_term=143)))
    stuck = lockups.judge().target.liveness
    assert stuck is not None
    assert stuck.detection_seconds <= 60


def test_a_number_outside_the_bounds_that_needs_no_change_stays() -> None:
    """Bounds cap what changes; they are no reason to change what the user wrote."""
    locks = tuple(App(locks=(first, 1e9), handles_term=143) for first in (700.0, 950.0))
    bounds = {
        (ProbeType.LIVENESS, "period_seconds"): Range(most=5),
        (ProbeType.LIVENESS, "timeout_seconds"): Range(least=2),
    }
    scene = replace(BOTH, apps=locks, seconds=3600, policy=Policy(bounds=bounds))

    assert scene.judge().target.liveness == scene.liveness


def deaf_kill() -> tuple[Fact, ...]:
    """Under an older template a silent container was killed and did not hear; another one had heard."""
    old = replace(BOTH.pod(), uid="old", name="old", template_hash="t0")
    heard = replace(old, uid="heard", name="heard")
    return (
        ContainerStarted(at=T0 - 900, pod=old, container=CONTAINER, restarts=0),
        ContainerStarted(at=T0 - 900, pod=heard, container=CONTAINER, restarts=0),
        *(
            ProbeFailed(
                at=T0 - 330 + 10 * n,
                pod=old,
                container=CONTAINER,
                probe=ProbeType.LIVENESS,
                cause=FailureCause.TIMEOUT,
                count=1,
            )
            for n in range(3)
        ),
        KillAnnounced(at=T0 - 310, pod=old, container=CONTAINER, probe=ProbeType.LIVENESS),
        *(
            ContainerExited(
                at=at, pod=of, container=CONTAINER, restarts=0, started_at=T0 - 900, exit_code=code, reason="Error"
            )
            for at, of, code in ((T0 - 280, old, 137), (T0 - 30, heard, 143))
        ),
        PodEnding(at=T0 - 31, pod=heard, container=CONTAINER, reason="Deleted"),
    )


def test_lockups_of_an_earlier_template_are_not_forgotten() -> None:
    """A change of probes begins a new record; that replicas lock up stays known, and liveness stays."""
    late = Spell(begin=RUSH[0].begin - 40, end=RUSH[0].begin, mode="slow", seconds=0.8)
    busy = replace(BOTH, apps=(App(spells=(late, RUSH[0]), handles_term=143),))
    assert busy.judge().target.liveness is None

    history = WorkloadHistory()
    for fact in (*deaf_kill(), *busy.facts()):
        history = observe(history, fact)
    found = cases(busy.workload, history, objectives=busy.policy.objectives, exposed=True)
    said = recommend(found, diagnose(found), busy.policy)

    assert len(earlier_lockups(found[0])) == 1
    assert said is not None
    assert said.target[CONTAINER].liveness is not None


def test_a_liveness_probe_that_comes_new_bears_the_pauses_that_were_seen() -> None:
    """Readiness met them before the first lock-up; without any the new probe is as quick as it may be."""
    pauses = tuple(Spell(begin=at, end=at + 24, mode="pause") for at in range(200, 1800, 200))
    apps = (App(spells=pauses, locks=(1900.0,)), App(locks=(2000.0,)))
    scene = Scene(readiness=asks(WORK), apps=apps, seconds=3600)
    patient, quick = (
        one.judge().target.liveness for one in (scene, replace(scene, apps=tuple(App(locks=app.locks) for app in apps)))
    )

    assert patient is not None
    assert quick is not None
    assert patient.borne_seconds >= 24
    assert quick.borne_seconds < patient.borne_seconds
    assert patient.detection_seconds <= 60


def test_the_odd_lockup_among_many_pauses_does_not_undo_the_patience_for_them() -> None:
    """Most restarts were of what would have come back: the objective for false restarts is the one that is missed."""
    pauses = tuple(Spell(begin=at, end=at + 30 + at % 7 * 3, mode="pause") for at in range(400, 7000, 300))
    apps = (App(spells=pauses, handles_term=143), App(locks=(700.0, 1e9), handles_term=143))
    said = replace(BOTH, liveness=asks(), apps=apps, seconds=7200).judge()

    assert "liveness-kill-of-lockup" in said.names
    assert said.target.liveness is not None
    assert said.target.liveness.borne_seconds >= 40


def test_a_liveness_probe_that_comes_new_acts_after_readiness() -> None:
    """However slow that is: a replica gets time without users before it is restarted."""
    scene = Scene(readiness=asks(WORK), apps=(App(locks=(400.0,)), App(locks=(500.0,))), seconds=1500)
    for period in (5, 10, 20):
        target = replace(scene, readiness=asks(WORK, period_seconds=period)).judge().target
        assert target.liveness is not None
        assert target.readiness is not None
        assert target.liveness.detection_seconds >= target.readiness.detection_seconds, period


def test_a_liveness_probe_that_comes_new_waits_for_the_queue_that_readiness_bears() -> None:
    """Both ask the same: what is only late to the one must not be the end to the other."""
    rushes = tuple(Spell(begin=at, end=at + 60, mode="slow", seconds=4.6) for at in range(200, 2200, 400))
    apps = tuple(App(spells=rushes, locks=(first,)) for first in (2500.0, 2700.0))
    target = Scene(readiness=asks(WORK), apps=apps, seconds=4000).judge().target

    assert target.liveness is not None
    assert target.readiness is not None
    assert target.readiness.timeout_seconds > 5
    assert target.liveness.timeout_seconds >= target.readiness.timeout_seconds
