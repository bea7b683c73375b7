"""An attempt at an endpoint is remembered beside what else went on in its pod at that time."""

import pytest

from probetuner.facts.fact import CpuThrottled, Fact, FailureCause, NodeDisturbed
from probetuner.history import bounds
from probetuner.history.notable import happenings
from probetuner.history.trial import Trial, at_least
from support.facts import CONTAINER, POD, T0, counted, ending, entry, exited, failed, killed, remember, started
from support.trials import CHEAP, SERVICE, in_order, rounds, tried

UP = (started(0), counted(0, 10, ok=1))
LATER = tried(200)


def trial(*facts: Fact) -> Trial:
    return entry(in_order(UP, facts)).trials[CHEAP]


def test_what_nothing_else_was_amiss_with_is_calm() -> None:
    """Success with its latency, and failure with its cause, are kept apart from those in trouble."""
    seen = trial(tried(50, seconds=0.03), tried(60, cause=FailureCause.TIMEOUT), LATER)

    assert (seen.calm.succeeded, dict(seen.calm.causes)) == (1, {FailureCause.TIMEOUT: 1})
    assert seen.calm.latency[3] == 1
    assert seen.troubled.attempts == seen.outage.attempts == 0


@pytest.mark.parametrize("order", [1, -1], ids=["event first", "event last"])
def test_what_failed_beside_it_is_waited_for(order: int) -> None:
    """A failure that the kubelet tells of seconds after the attempt still counts as going on at its time."""
    told: list[Fact] = [failed(55), tried(52)]
    facts = told[::order]

    seen = entry([*UP, *facts, LATER]).trials[CHEAP]

    assert (seen.troubled.succeeded, seen.calm.attempts) == (1, 0)
    assert [(trouble.succeeded, trouble.failed) for trouble in seen.troubles] == [(1, 0)]


def test_an_attempt_is_not_judged_before_its_time() -> None:
    """Until half a minute has passed nothing is counted, and then it is counted once."""
    assert trial(tried(50), tried(79)).all.attempts == 0
    assert trial(tried(50), tried(80), tried(81)).all.attempts == 1


def test_a_throttled_container_is_in_trouble() -> None:
    """What the CPU limit stops says nothing about calm."""
    seen = trial(CpuThrottled(at=T0 + 55, pod=POD, container=CONTAINER, periods=100, throttled=60), tried(50), LATER)

    assert (seen.troubled.attempts, seen.calm.attempts) == (1, 0)


@pytest.mark.parametrize(
    ("facts", "at"),
    [
        ((exited(60, code=1), started(90, restarts=1)), 70),
        ((exited(60, code=1), started(65, restarts=1)), 70),
        ((killed(60), exited(75), started(76, restarts=1)), 65),
        ((ending(60),), 65),
        ((NodeDisturbed(at=T0 + 60, pod=POD, container=CONTAINER, reason="NodeNotReady"),), 70),
    ],
    ids=["not running", "not up yet", "being killed", "being deleted", "node not itself"],
)
def test_a_failure_of_a_container_that_is_not_up_says_nothing(facts: tuple[Fact, ...], at: float) -> None:
    """Nobody can tell from it what the endpoint does."""
    assert trial(*facts, tried(at, cause=FailureCause.REFUSED), LATER).all.attempts == 0


def test_what_answers_is_up() -> None:
    """A success counts although no probe has succeeded yet."""
    seen = trial(exited(60, code=1), started(65, restarts=1), tried(70), LATER)

    assert seen.all.succeeded == 1


def test_a_service_that_is_out_is_remembered_by_name() -> None:
    """With what was answered meanwhile, which is no calm."""
    seen = trial(*rounds(20, 120, bad=(60, 90), out=(60, 90), pods=(POD,)), LATER)

    assert (seen.services[SERVICE].attempts, seen.services[SERVICE].failed) == (3, 3)
    assert (seen.outage.failed, seen.calm.failed) == (3, 0)


def test_a_failure_shortly_before_the_outage_shows_belongs_to_it() -> None:
    """Whoever calls a Service notices its end before its readiness does; a success then says nothing of it."""
    late = tried(70, cause=FailureCause.HTTP_STATUS), tried(68), tried(85, cause=FailureCause.OTHER, out=(SERVICE,))

    seen = trial(*late, LATER)

    assert (seen.services[SERVICE].failed, seen.services[SERVICE].succeeded) == (2, 0)
    assert (seen.calm.succeeded, seen.calm.failed) == (1, 0)


def test_trials_stay_small_and_the_new_outweighs_the_old() -> None:
    """Counts are halved before they grow large, and an endpoint too many is not taken in."""
    many = remember(in_order(UP, rounds(20, 60_000, bad=(0, 30_000), pods=(POD,))))
    seen = many.containers[0].trials[CHEAP]
    assert seen.all.attempts <= bounds.ENDPOINT_ATTEMPTS
    assert seen.calm.succeeded > 1.5 * seen.calm.failed

    crowd = entry([*UP, *(tried(20, f"tcpSocket :{port}") for port in range(99))])
    assert len(crowd.trials) == bounds.ENDPOINTS


def test_a_trial_that_goes_on_well_is_seldom_worth_saving() -> None:
    """A thousand attempts more make a handful of occasions."""
    told, history = set(), remember(UP)
    for fact in rounds(20, 10_020, pods=(POD,)):
        history = remember([fact], history)
        told.add(happenings(history))

    assert len(told) <= 12
    assert [at_least(count) for count in (0, 1, 9, 10, 49, 999)] == [0, 1, 5, 10, 20, 500]
