"""Nobody's clock but the operator's own leads into the future: no time that is told blinds anybody."""

import math
from typing import Any

import pytest

from hostile.tenants import BEGAN, Operator, clock, counters, event, pod, workload
from probetuner.facts.cadvisor import read_cadvisor
from probetuner.facts.events import parse_event
from probetuner.facts.fact import CpuThrottled, ReadinessShown
from probetuner.facts.pods import read_pod
from probetuner.history import codec
from probetuner.history.future import without_future
from probetuner.history.record import WorkloadHistory
from probetuner.sources.dump import gather_objects
from probetuner.sources.manifests import Given, Origin

ABSURD = ("9999-12-31T23:59:59Z", "0001-01-01T00:00:01Z", "1970-01-01T00:00:01Z", "1955-11-05T00:00:00Z")
CONDITIONS = ("Ready", "ContainersReady")
HOUR = 3600.0


def restarted(operator: Operator, *, at: float) -> Operator:
    """The operator that begins anew so many seconds after the first began, with what that one had saved."""
    saved = {
        tenant: codec.decode(codec.encode(operator.served(tenant).history), version=codec.VERSION)
        for tenant in ("red", "blue")
    }
    known = {tenant: without_future(history, now=BEGAN + at) for tenant, history in saved.items()}
    return Operator(since=at, remembers=known.items())


@pytest.mark.parametrize("absurd", ABSURD)
@pytest.mark.parametrize("field", ["firstTimestamp", "lastTimestamp", "eventTime"])
def test_an_events_absurd_time_blinds_nobody(absurd: str, field: str) -> None:
    """Neither the pod that it names nor anybody else's, now or after a restart of the operator."""
    operator = Operator()
    operator.watch(pod("red"), pod("blue"), at=10)
    for tenant in ("red", "blue"):
        times = {"firstTimestamp": None, "lastTimestamp": None, field: absurd}
        operator.watch({**event(tenant, "absurd", at=clock(20)), **times}, at=20)
    for number in range(10):
        operator.watch(event("blue", f"real-{number}", at=clock(30 + number)), at=30 + number)
    later = restarted(operator, at=40)
    later.watch(pod("red"), pod("blue"), at=40, change=None)
    known = later.failures("blue")
    for number in range(30):
        later.watch(event("blue", f"later-{number}", at=clock(50 + number)), at=50 + number)

    assert operator.failures("blue") >= 10
    assert later.failures("blue") - known == 30


@pytest.mark.parametrize("absurd", ABSURD)
def test_a_pods_absurd_times_blind_nobody(absurd: str) -> None:
    """Its start, its last end and its conditions may say what they like; its creation is the API server's to say."""
    odd = pod("blue", started=absurd, created=absurd if absurd > "2026" else "")
    (shown,) = odd["status"]["containerStatuses"]
    shown["restartCount"] = 1
    shown["lastState"] = {"terminated": {"exitCode": 137, "startedAt": absurd, "finishedAt": absurd}}
    odd["status"]["conditions"] = [
        {"type": kind, "status": "False", "lastTransitionTime": absurd} for kind in CONDITIONS
    ]
    operator = Operator()
    operator.watch(pod("red"), odd, at=10)
    later = restarted(operator, at=40)
    later.watch(pod("red"), odd, at=40, change=None)
    for number in range(30):
        later.watch(event("blue", f"real-{number}", at=clock(50 + number)), at=50 + number)

    assert later.failures("blue") == 30


def test_a_node_ahead_does_not_tell_that_a_pod_was_never_ready() -> None:
    """Its times are cut off at ours, so that they cannot be compared with each other: that is not known, not no."""
    for ahead, known in ((0.0, True), (HOUR, None)):
        raw = pod("blue", started=clock(ahead + 5))
        raw["status"]["containerStatuses"][0]["ready"] = False
        conditions = [{"type": kind, "status": "False", "lastTransitionTime": clock(ahead + 60)} for kind in CONDITIONS]
        raw["status"] |= {"startTime": clock(ahead), "conditions": conditions}
        _, told = read_pod(None, raw, at=BEGAN + 90)

        assert [fact.was_ready for fact in told if isinstance(fact, ReadinessShown)] == [known]


def test_a_node_an_hour_ahead_is_believed_to_the_last_failure() -> None:
    """Its pod starts an hour from now, its events are of then too; the operator begins anew in between."""
    operator = Operator()
    ahead = pod("blue", started=clock(HOUR + 5))
    operator.watch(ahead, at=10)
    for number in range(30):
        operator.watch(event("blue", f"before-{number}", at=clock(HOUR + 60 + number)), at=60 + number)
    assert operator.failures("blue") == 30

    later = restarted(operator, at=100)
    later.watch(ahead, at=100, change=None)
    for number in range(30):
        later.watch(event("blue", f"after-{number}", at=clock(HOUR + 1000 + number)), at=1000 + number)

    assert later.failures("blue") == 60
    ends = [run.last_at for entry in later.served("blue").history.containers for run in entry.runs]
    assert max(ends) <= BEGAN + 1029 + 5


def test_events_of_a_node_an_hour_ahead_are_not_new_after_a_restart() -> None:
    """A list has them with times to come; the API server says when they were written, and that was before."""
    operator = Operator()
    operator.watch(pod("blue"), at=10)
    old = event("blue", "old", at=clock(HOUR + 20), count=3)
    old["metadata"] |= {
        "creationTimestamp": clock(20),
        "managedFields": [{"manager": "kubelet", "operation": "Update", "time": clock(60)}],
    }
    operator.watch(old, at=61)
    later = restarted(operator, at=100)
    later.watch(pod("blue"), old, at=100, change=None)

    assert (operator.failures("blue"), later.failures("blue")) == (3, 3)


def test_an_api_server_whose_clock_is_behind_hides_no_event() -> None:
    """Its time is asked only where a node's cannot be right."""
    raw = event("blue", "e", at=clock(20))
    raw["metadata"]["creationTimestamp"] = clock(20 - HOUR)
    read = parse_event(raw, received_at=BEGAN + 21)

    assert read is not None
    assert read.last_at == BEGAN + 20


def test_what_is_hardly_ahead_is_believed() -> None:
    """Clocks differ by a little; five seconds are taken as they are told."""
    for ahead, believed in ((4, 24), (5, 25), (6, 25), (HOUR, 25)):
        read = parse_event(event("blue", "e", at=clock(20 + ahead)), received_at=BEGAN + 20)
        assert read is not None
        assert read.last_at == BEGAN + believed


@pytest.mark.parametrize("stamp", [9_999_999_999_999, -9_999_999_999_999])
def test_a_counters_own_time_does_not_lead_anywhere(stamp: int) -> None:
    """A sample of cAdvisor's may carry any time stamp."""
    state, _ = read_pod(None, pod("blue"), at=BEGAN + 10)
    labels = 'container="app",namespace="blue",pod="web-5d-0",id="/x"'
    facts: list[Any] = []
    before = None
    for number in range(3):
        text = f"container_cpu_cfs_periods_total{{{labels}}} {100 * number} {stamp}\n"
        reading = read_cadvisor(before, text, at=BEGAN + 20 + 10 * number, pods=(state,), since=BEGAN)
        before, facts = reading.scraped, facts + reading.facts

    throttled = [fact for fact in facts if isinstance(fact, CpuThrottled)]
    assert [fact.periods for fact in throttled] == [100, 100]
    assert all(BEGAN <= fact.at <= BEGAN + 45 for fact in throttled)


def test_a_clock_of_our_own_that_was_set_back_hides_nothing() -> None:
    """For one scrape our clock was a year ahead: what is counted after it was set right is counted."""
    operator = Operator()
    operator.watch(pod("blue"), at=10)
    year = 365 * 86400.0
    operator.scrape(counters("blue", "failed", 0), at=20)
    operator.scrape(counters("blue", "failed", 1), at=year)
    for number in range(200):
        operator.scrape(counters("blue", "failed", 2 + number), at=30 + 10 * number)

    assert operator.failures("blue") >= 199


def test_an_operator_that_began_with_its_clock_ahead_hears_events_once_it_is_right() -> None:
    """Observation did not begin in the future."""
    operator = Operator(since=365 * 86400.0)
    operator.watch(pod("blue"), at=10)
    operator.watch(event("blue", "e", at=clock(20)), at=21)

    assert operator.failures("blue") == 1


def test_what_a_saved_history_says_of_the_future_is_dropped() -> None:
    """What began later is gone, what began before ends by now, and what was known of the past is all there."""
    ahead = Operator(since=0)
    ahead.watch(pod("blue"), at=10)
    ahead.watch(event("blue", "past", at=clock(20)), at=21)
    past = ahead.served("blue").history
    ahead.watch(event("blue", "future", at=clock(9 * HOUR)), at=9 * HOUR)
    ahead.scrape(counters("blue", "successful", 1), at=9 * HOUR)
    ahead.scrape(counters("blue", "successful", 9), at=9 * HOUR + 10)

    known = without_future(ahead.served("blue").history, now=BEGAN + 60)

    assert _latest(known) <= BEGAN + 65
    assert max(entry.last_seen_at for entry in known.containers) <= BEGAN + 60
    (before,), (after,) = past.containers, known.containers
    assert [life.started_at for life in after.lives] == [life.started_at for life in before.lives]
    assert after.runs[0].started_at == before.runs[0].started_at
    assert without_future(past, now=BEGAN + 60) == past


def test_what_a_saved_history_says_of_one_look_is_kept_and_ends_by_now() -> None:
    """Failures that one event told of at once keep when they began; a look of times to come was taken now."""
    ahead = Operator(since=0)
    ahead.watch(pod("blue"), at=10)
    ahead.watch(event("blue", "rate", at=clock(12), count=4, lastTimestamp=clock(50)), at=51)
    past = ahead.served("blue").history
    ahead.watch(pod("blue", number=1), at=9 * HOUR)
    known = without_future(ahead.served("blue").history, now=BEGAN + 60)

    assert without_future(past, now=BEGAN + 60) == past
    ((life,),) = [entry.lives for entry in past.containers]
    (told,) = [seen for tally in life.tallies.values() for seen in tally.uncounted]
    assert (told.since, told.count) == (BEGAN + 12, 4)
    assert _latest(known) <= BEGAN + 65
    assert [life.shown_ready_at for entry in known.containers for life in entry.lives] == [BEGAN + 10, BEGAN + 65]


def test_a_saved_history_of_absurd_numbers_is_not_used() -> None:
    """A count that no float holds is no history, and learning starts afresh."""
    state = '{"containers":[{"name":"app","template_hash":"","first_seen_at":1,"last_seen_at":1,"forgotten":1%s}]}'

    assert codec.decode(state % "", version=1).containers[0].forgotten == 1
    with pytest.raises(codec.SavedHistoryError, match="a number"):
        codec.decode(state % ("0" * 400), version=1)
    with pytest.raises(codec.SavedHistoryError, match="a number"):
        codec.decode(state.replace('"first_seen_at":1', '"first_seen_at":-1e300') % "", version=1)


def _latest(value: object) -> float:
    """The latest time anywhere in a history: no other number in it is as large."""
    if isinstance(value, float):
        return value
    if isinstance(value, tuple):
        return max(map(_latest, value), default=-math.inf)
    if isinstance(value, dict):
        return max(map(_latest, value.values()), default=-math.inf)
    names = getattr(type(value), "__dataclass_fields__", ())
    return max((_latest(getattr(value, name)) for name in names), default=-math.inf)


def _gathered(*objects: dict[str, Any], now: float) -> WorkloadHistory:
    """What a dump of these objects shows of the blue tenant's workload."""
    given = [Given(object=one, origin=Origin(place="dump")) for one in objects]
    subjects = gather_objects(given, tell=pytest.fail, now=BEGAN + now).subjects()
    return next(one.history for one in subjects if one.workload.ref.namespace == "blue")


@pytest.mark.parametrize("absurd", ["9999-12-31T23:59:59Z", clock(2 * HOUR)])
def test_one_time_to_come_in_a_dump_moves_nobody_else(absurd: str) -> None:
    """What a dump says of one tenant is the same beside a pod and an Event that claim another time."""
    odd = pod("red", started=absurd)
    told = [workload("blue"), pod("blue"), event("blue", "e", at=clock(600))]

    alone = _gathered(*told, now=HOUR)
    beside = _gathered(*told, workload("red"), odd, event("red", "odd", at=absurd), now=HOUR)

    assert beside == alone
    assert _latest(alone) <= BEGAN + 605


def test_a_reader_whose_clock_is_behind_believes_the_dump() -> None:
    """Where most of a dump lies in the future, the clock is wrong and not the dump."""
    told = [workload("blue"), pod("blue"), event("blue", "e1", at=clock(600)), event("blue", "e2", at=clock(900))]

    assert _gathered(*told, now=-30 * 86400.0) == _gathered(*told, now=HOUR)
