"""Readiness notices a silent replica as soon as chance allows, and liveness outlasts what passes by itself."""

from dataclasses import replace

import pytest

from gym import shaping
from gym.manifest import CONTAINER
from gym.pipeline import advise_after
from gym.score import train
from probetuner.diagnosis.diagnose import diagnose
from probetuner.model.policy import Objectives, Policy
from probetuner.model.probe import ProbeType
from probetuner.tuning.recommend import recommend
from support.application import App, Spell
from support.scene import READYZ, WORK, Scene, asks, deletion

SELDOM = asks(READYZ)
HOUR = 3600.0
LOCKS = Scene(
    liveness=asks(), readiness=SELDOM, replicas=2, apps=(App(locks=(700.0,)), App(locks=(950.0,))), seconds=HOUR
)


SURE = replace(LOCKS, apps=tuple(replace(app, handles_term=143) for app in LOCKS.apps), extra=deletion(LOCKS, 143))
"""The same of a process that is known to hear SIGTERM."""


def test_replicas_that_lock_up_again_and_again_are_noticed_sooner() -> None:
    """Every lock-up sends users to a stuck replica for the detection time: it becomes the smallest that is safe."""
    said = LOCKS.judge()
    readiness = said.target.readiness

    assert "tighten-readiness" in said.actions
    assert readiness is not None
    assert readiness.detection_seconds <= SELDOM.detection_seconds / 3
    assert readiness.failure_threshold >= 2


def test_a_probe_is_tightened_only_after_it_was_watched_for_long() -> None:
    """The same in a few minutes is not enough to tell how often an answer is late by chance."""
    hurried = replace(LOCKS, apps=(App(locks=(70.0,)), App(locks=(95.0,))), seconds=900)
    assert hurried.judge().recommendation is None


@pytest.mark.slow
def test_replicas_that_all_stay_silent_are_noticed_sooner_next_time() -> None:
    """Nobody restarts them, so hours later no answer is remembered minute by minute; there were many before."""
    apps = tuple(App(locks=(after,)) for after in (3000.0, 4000.0, 5000.0))
    for seconds in (1.6 * HOUR, 5 * HOUR):
        said = Scene(readiness=SELDOM, replicas=3, apps=apps, seconds=seconds).judge()

        assert said.actions == {"add-liveness", "tighten-readiness"}, seconds


def test_liveness_is_tightened_where_lockups_are_many_and_answers_quick() -> None:
    """Fewer failures end a lock-up sooner, and restart a busy container sooner as well; a start loses no time by it."""
    few = replace(SURE, apps=tuple(replace(app, locks=(*app.locks, 1e9)) for app in SURE.apps))
    busy = replace(SURE, apps=tuple(replace(app, slow=0.1, slow_seconds=0.3) for app in SURE.apps))
    for scene in (few, busy):
        assert scene.judge().target.liveness == LOCKS.liveness

    said = SURE.judge()
    assert said.actions == {"tighten-readiness", "lower-failure-threshold"}
    assert said.target.liveness == asks(initial_delay_seconds=10, failure_threshold=2)


def test_where_no_process_tells_whether_it_was_stuck_liveness_is_tightened_if_no_silence_ever_passed() -> None:
    """That every kill took the whole grace period shows a lock-up only where others stop when they are asked to.

    But a quicker probe ends nothing else than the present one did, except what was silent for less.
    """
    never_hears = replace(LOCKS, extra=deletion(LOCKS, 137))
    for scene in (LOCKS, never_hears):
        assert scene.judge().target.liveness == asks(initial_delay_seconds=10, failure_threshold=2)

        pause = Spell(begin=400, end=424, mode="pause")
        paused = replace(scene, apps=tuple(replace(app, spells=(pause,)) for app in scene.apps))
        assert paused.judge().target.liveness == LOCKS.liveness


def test_a_lone_replica_gains_nothing_from_being_noticed() -> None:
    """Without another replica there is nobody to send the users to."""
    assert "tighten-readiness" not in replace(LOCKS, replicas=1).judge().actions


@pytest.mark.slow
def test_lockups_that_are_rare_are_no_reason_for_a_rollout() -> None:
    """Two lock-ups in an hour of many replicas cost too little, as long as the objective is kept."""
    apps = (App(locks=(2000.0, 1e9)), App(locks=(1500.0, 1e9)), App())
    quick = asks(READYZ, period_seconds=5, failure_threshold=2)
    rare = replace(LOCKS, readiness=quick, replicas=8, apps=apps)

    assert rare.judge().recommendation is None
    strict = Policy(objectives=Objectives(readiness_detection_seconds=8))
    assert replace(rare, policy=strict).judge().actions == {"tighten-readiness"}


def test_a_tail_of_late_answers_asks_for_more_failures() -> None:
    """Where an answer is late now and then, more attempts must fail in a row, or chance would take replicas out."""
    plain = LOCKS.judge().target.readiness
    tail = tuple(replace(app, slow=0.03, slow_seconds=1.3) for app in LOCKS.apps)
    late = replace(LOCKS, apps=tail).judge().target.readiness

    assert plain is not None
    assert late is not None
    assert late.failure_threshold > plain.failure_threshold


def test_liveness_outlasts_pauses_as_long_as_nothing_tells_them_from_lockups() -> None:
    """Who is killed and stops at once may have been about to go on; what is silent for longer will tell."""
    spells = [
        tuple(Spell(begin=at, end=at + 9, mode="pause") for at in range(200 + 37 * index, 2400, 440))
        for index in range(4)
    ]
    apps = tuple(App(handles_term=143, spells=each) for each in spells)
    hasty = asks(WORK, period_seconds=5, failure_threshold=2)
    said = replace(LOCKS, replicas=4, liveness=hasty, readiness=asks(READYZ, period_seconds=5), apps=apps).judge()

    assert said.actions & {"raise-failure-threshold", "raise-timeout"}
    assert said.target.liveness is not None
    assert 9 < said.target.liveness.borne_seconds <= 60


def test_pauses_are_not_outlasted_at_the_price_of_many_lockups() -> None:
    """Where lock-ups are sure, since they took the whole grace period, both are weighed: these are more and longer."""
    pauses = tuple(Spell(begin=at, end=at + 6.9, mode="hang") for at in range(300, 3600, 300))
    apps = (App(locks=(650.0,), spells=pauses, handles_term=143), App(locks=(900.0,), handles_term=143))
    hasty = asks(WORK, period_seconds=5, failure_threshold=2)
    sure = replace(SURE, liveness=hasty, readiness=asks(READYZ, period_seconds=2), apps=apps)
    unsure = replace(sure, extra=()).judge().target.liveness

    assert sure.judge().target.liveness == hasty
    assert unsure is not None
    assert unsure.borne_seconds > hasty.borne_seconds


def test_pauses_are_noticed_sooner_too() -> None:
    """Nobody is killed, but users are sent to a silent replica again and again until readiness notices."""
    paused = tuple(
        App(spells=tuple(Spell(begin=at, end=at + 35, mode="hang") for at in range(first, 3600, 300)))
        for first in (200, 350)
    )
    said = replace(LOCKS, liveness=asks(failure_threshold=5), apps=paused).judge()
    readiness = said.target.readiness

    assert said.names >= {"detection-too-slow"}
    assert said.actions == {"tighten-readiness"}
    assert readiness is not None
    assert readiness.detection_seconds <= SELDOM.detection_seconds / 3


def test_what_was_loosened_lately_is_not_tightened() -> None:
    """A probe that was given more time because of trouble keeps it while the trouble rests."""
    judged, both = SURE.cases(), {(CONTAINER, ProbeType.LIVENESS), (CONTAINER, ProbeType.READINESS)}
    liveness = recommend(judged, diagnose(judged), Policy(), loosened={(CONTAINER, ProbeType.LIVENESS)})

    assert liveness is not None
    assert liveness.target[CONTAINER].liveness == LOCKS.liveness
    assert liveness.target[CONTAINER].readiness != LOCKS.readiness
    assert recommend(judged, diagnose(judged), Policy(), loosened=both) is None


def test_flaps_beside_lockups_ask_for_just_as_many_failures_as_chance() -> None:
    """Patience beyond what chance asks for would leave stuck replicas in the Service."""
    tail = tuple(replace(app, slow=0.06, slow_seconds=1.5, latency=0.15) for app in LOCKS.apps)
    strict = asks(READYZ, period_seconds=5, failure_threshold=1)
    said = replace(LOCKS, liveness=asks(failure_threshold=5), readiness=strict, apps=tail).judge()
    readiness = said.target.readiness

    assert "readiness-flapping" in said.names
    assert said.actions == {"raise-failure-threshold"}
    assert readiness is not None
    assert readiness.timeout_seconds == strict.timeout_seconds
    assert strict.failure_threshold < readiness.failure_threshold <= 6


def test_late_answers_beside_lockups_get_a_little_time_and_no_patience() -> None:
    """Moments out of the Service weigh less than lock-ups that are found later."""
    tail = tuple(replace(app, slow=0.2, slow_seconds=1.5, latency=0.15) for app in LOCKS.apps)
    strict = asks(READYZ, period_seconds=2, failure_threshold=2)
    said = replace(LOCKS, readiness=strict, apps=tail).judge()
    readiness = said.target.readiness

    assert "readiness-flapping" in said.names
    assert readiness is not None
    assert readiness.timeout_seconds >= 2
    assert readiness.detection_seconds <= 10


def test_a_delay_that_is_lowered_is_not_replaced_by_a_long_period() -> None:
    """A container that is up at once is let in at once; the probe is as patient as it was."""
    late = asks(READYZ, initial_delay_seconds=60, failure_threshold=5)
    scene = Scene(liveness=asks(), readiness=late, apps=(App(starts=(2.0,), exits=(200.0,)),), seconds=900)
    readiness = scene.judge().target.readiness

    assert readiness is not None
    assert readiness.period_seconds <= 5
    assert readiness.detection_seconds >= late.detection_seconds - late.period_seconds


def queue(first: int, *, last: int = 3500) -> tuple[Spell, ...]:
    """A queue that grows, lasts for half a minute and shrinks, every eight minutes."""
    parts = ((-40, 0, 0.7), (0, 30, 2.0), (30, 70, 0.7))
    return tuple(
        Spell(begin=b + since, end=b + until, mode="slow", seconds=seconds, paths=("/readyz",))
        for b in range(first, last, 480)
        for since, until, seconds in parts
    )


QUEUES = replace(
    LOCKS,
    readiness=asks(READYZ, period_seconds=5),
    apps=tuple(replace(app, spells=queue(first)) for app, first in zip(LOCKS.apps, (100, 340), strict=True)),
)


def test_flaps_of_a_queue_beside_lockups_ask_for_a_longer_timeout() -> None:
    """Late answers follow each other for as long as the queue lasts: that is no chance, and no number of failures.

    Who asks more often meets more of the queue, so readiness is not made quicker without that.
    """
    said = QUEUES.judge()
    readiness = said.target.readiness

    assert "readiness-flapping" in said.names
    assert "raise-timeout" in said.actions
    assert readiness is not None
    assert readiness.borne_seconds >= 10
    assert readiness.timeout_seconds > 2
    assert readiness.detection_seconds <= 30


def test_a_queue_among_pauses_keeps_no_readiness_probe_slow() -> None:
    """What passes is mostly silence then, which more time for an answer would only hide for longer."""
    pauses = [tuple(Spell(begin=b, end=b + 26, mode="pause") for b in range(first, 3500, 250)) for first in (200, 330)]
    apps = tuple(
        replace(app, spells=(*paused, *queue(100, last=101))) for app, paused in zip(LOCKS.apps, pauses, strict=True)
    )
    readiness = replace(QUEUES, liveness=asks(failure_threshold=6), apps=apps).judge().target.readiness

    assert readiness == asks(READYZ, period_seconds=2, failure_threshold=2)


def test_queues_that_empty_the_service_count_for_more() -> None:
    """The same queues at the same time leave nobody to serve: readiness waits longer for them than one by one."""
    often = queue(100)
    together = tuple(replace(app, spells=often) for app in LOCKS.apps)
    apart, shared = QUEUES.judge().target.readiness, replace(QUEUES, apps=together).judge().target.readiness

    assert apart is not None
    assert shared is not None
    assert shared.timeout_seconds >= apart.timeout_seconds > 2


def test_silence_that_nobody_can_bear_is_no_reason_to_wait() -> None:
    """Where answers never queue a longer timeout would find lock-ups later and bear nothing."""
    readiness = LOCKS.judge().target.readiness

    assert readiness is not None
    assert readiness.timeout_seconds == SELDOM.timeout_seconds


def test_patience_for_an_empty_service_is_weighed_against_lockups() -> None:
    """Readiness that waits as it may would send users to stuck replicas for longer than the Service was empty."""
    late = tuple(Spell(begin=b, end=b + 14, mode="slow", seconds=3.0) for b in (1000, 1900, 2800))
    lax = asks(failure_threshold=6)
    empty = Scene(
        liveness=lax, readiness=asks(READYZ, period_seconds=5), apps=(App(spells=late),), replicas=2, seconds=HOUR
    )
    stuck = replace(empty, apps=tuple(App(spells=late, locks=(first, 900.0, 1e9)) for first in (200.0, 330.0)))
    patient, weighed = empty.judge().target.readiness, stuck.judge().target.readiness

    assert patient is not None
    assert weighed is not None
    assert patient.timeout_seconds == 20
    assert 1 < weighed.timeout_seconds < 20
    assert weighed.detection_seconds < patient.detection_seconds


@pytest.mark.slow
def test_moments_out_of_the_service_are_borne_where_pauses_would_be_noticed_later_for_them() -> None:
    """Three short flaps beside ten pauses in an hour are not worth a rollout, and not an attempt more."""
    case = shaping.draw((shaping.stalls_of_storage,), (), count=1, seed="s9")[0]
    said = advise_after(train(case), (HOUR,))[0]

    assert "readiness-flapping" in {finding.name.value for finding in said.findings}
    assert said.probes == case.probes
