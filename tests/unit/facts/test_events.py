"""Events count by the growth of their count: nothing is told twice, nothing of before the observation is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts.events import EventCounts, ProbeEvent, facts_of, parse_event
from probetuner.facts.fact import BackOff, FailureCause, KillAnnounced, PodRef, ProbeErrored, ProbeFailed
from probetuner.model.probe import Exec, ProbeType
from probetuner.model.problem import InvalidObjectError
from unit.facts.objects import NOON, event

POD = PodRef(namespace="shop", name="web-5d4f-abcde", uid="uid-1", template_hash="5d4f")
REFUSED = "Liveness probe failed: dial tcp 10.0.0.7:80: connect: connection refused"


def read(message: str = REFUSED, **fields: Any) -> ProbeEvent:
    parsed = parse_event(event(message, **fields), received_at=NOON + 99)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize("fields", [{"component": "my-operator"}, {"field_path": ""}, {"reason": "Started"}])
def test_only_the_kubelets_words_about_containers_count(fields: dict[str, Any]) -> None:
    """Events of others, about whole pods or about other things are passed over."""
    assert parse_event(event(REFUSED, **fields), received_at=NOON) is None


def test_a_failure_has_the_kubelets_time_and_its_cause() -> None:
    """The fact stands at lastTimestamp, for as many attempts as are new, with what the kubelet said of the last."""
    facts = facts_of(read(last=30), grown=3, pod=POD)

    assert facts == [
        ProbeFailed(
            at=NOON + 30,
            pod=POD,
            container="app",
            probe=ProbeType.LIVENESS,
            cause=FailureCause.REFUSED,
            count=3,
            said="dial tcp 10.0.0.7:80: connect: connection refused",
        )
    ]


@pytest.mark.parametrize(("count", "grown", "since"), [(9, 9, NOON + 10), (9, 3, None), (1, 1, None)])
def test_an_event_that_tells_of_many_at_once_tells_since_when(count: int, grown: int, since: float | None) -> None:
    """Seen for the first time it is a rate, from its first to its last time; what it grew by later is of that time."""
    (fact,) = facts_of(read(count=count, last=900), grown=grown, pod=POD)

    assert isinstance(fact, ProbeFailed)
    assert fact.since == since


def test_the_known_handler_decides_what_free_text_means() -> None:
    """The output of an exec probe that looks like a refused connection is an exit code."""
    (fact,) = facts_of(read(), grown=1, pod=POD, handler=Exec)

    assert isinstance(fact, ProbeFailed)
    assert fact.cause is FailureCause.EXEC_EXIT


def test_errors_kills_and_waits_are_facts_and_warnings_are_not() -> None:
    """Each meaning gives its own fact; a warning counts as a success and tells nothing."""
    errored = facts_of(read("Readiness probe errored: no"), grown=2, pod=POD)
    combined = facts_of(read("(combined from similar events): Readiness probe errored: no"), grown=1, pod=POD)
    killed = facts_of(read("Container app failed startup probe, will be restarted", reason="Killing"), grown=1, pod=POD)
    waits = facts_of(read("Back-off restarting failed container app in pod x", reason="BackOff"), grown=1, pod=POD)

    assert errored == [
        ProbeErrored(at=NOON + 10, pod=POD, container="app", probe=ProbeType.READINESS, message="no", count=2)
    ]
    assert killed == [KillAnnounced(at=NOON + 10, pod=POD, container="app", probe=ProbeType.STARTUP)]
    assert waits == [BackOff(at=NOON + 10, pod=POD, container="app", seconds=None)]
    assert [f.combined for f in combined if isinstance(f, ProbeErrored)] == [True]
    assert facts_of(read("Liveness probe warning: redirect"), grown=1, pod=POD) == []
    assert facts_of(read(), grown=0, pod=POD) == []


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30))
def test_growth_sums_to_what_was_seen_in_any_order(counts: list[int]) -> None:
    """Repeats, relists and late arrivals add nothing: the sum is the highest count, and no growth is negative."""
    memory = EventCounts(since=NOON)
    growths = [memory.grown(read(count=count)) for count in counts]

    assert min(growths) >= 0
    assert sum(growths) == max(counts)


@pytest.mark.parametrize(("first", "last", "told"), [(10, 50, 7), (-100, 50, 1), (-100, -50, 0)])
def test_first_sight_counts_only_what_is_since_the_observation_began(first: int, last: int, told: int) -> None:
    """An event begun before is known to have happened once since, if it was repeated since, and else not at all."""
    memory = EventCounts(since=NOON)

    assert memory.grown(read(first=first, last=last, count=7)) == told
    assert memory.grown(read(first=first, last=60, count=9)) == 2


def test_an_event_made_anew_after_it_expired_goes_on_counting() -> None:
    """The kubelet makes an expired event again under its name with the count carried on: only the growth is new."""
    memory = EventCounts(since=NOON)
    memory.grown(read(count=40))
    again = event(REFUSED, count=41)
    again["metadata"]["uid"] = "another"
    parsed = parse_event(again, received_at=NOON)

    assert parsed is not None
    assert memory.grown(parsed) == 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100)), max_size=60))
def test_a_bounded_memory_never_counts_twice(steps: list[tuple[int, int]]) -> None:
    """However many events there are for the memory, what is told of one is never more than its count."""
    memory = EventCounts(since=NOON, most=2)
    counts = dict.fromkeys(range(6), 0)
    told = dict.fromkeys(range(6), 0)
    for time, (which, _) in enumerate(steps):
        counts[which] += 1
        told[which] += memory.grown(read(name=f"e{which}", count=counts[which], first=0, last=time))

    assert all(told[which] <= counts[which] for which in counts)


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", -1), ("count", "3"), ("lastTimestamp", "yesterday"), ("message", 5), ("involvedObject", [])],
)
def test_a_malformed_event_is_named(field: str, value: object) -> None:
    """What cannot be understood is one sentence that names the field."""
    with pytest.raises(InvalidObjectError, match=field):
        parse_event({**event(REFUSED), field: value}, received_at=NOON)
