"""Counters of the kubelet's probes give what is new in each scrape, whatever happened in between."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS, Fact, NodeDisturbed, ProbeCounted, ProbeLatencySampled
from probetuner.facts.growth import Scraped
from probetuner.facts.metrics import read_probes
from probetuner.facts.pods import PodState, read_pod
from probetuner.model.probe import ProbeType
from unit.facts.objects import NOON, clock, pod

START = "process_start_time_seconds 1.7e+09\n"


def state(
    name: str = "web-5d4f-abcde", uid: str = "uid-1", *, created: float = 0, at: float = NOON, **options: Any
) -> PodState:
    return read_pod(None, pod(name=name, uid=uid, created=created, **options), at=at)[0]


def total(result: str, value: object, *, uid: str = "uid-1", kind: str = "Liveness") -> str:
    labels = f'container="app",namespace="shop",pod="web-5d4f-abcde",pod_uid="{uid}",probe_type="{kind}"'
    return f'prober_probe_total{{{labels},result="{result}"}} {value}\n'


def buckets(*cumulative: int, label: str = "web-5d4f-abcde") -> str:
    labels = f'container="app",namespace="shop",pod="{label}",probe_type="Readiness"'
    bounds = [*(f"{bound:g}" for bound in LATENCY_BOUNDS_SECONDS), "+Inf"]
    filled = (*cumulative, *[cumulative[-1]] * (len(bounds) - len(cumulative)))
    return "".join(
        f'prober_probe_duration_seconds_bucket{{{labels},le="{bound}"}} {value}\n'
        for bound, value in zip(bounds, filled, strict=True)
    )


def scrape(*texts: str, pods: tuple[PodState, ...] = (state(),), since: float = NOON) -> list[list[Fact]]:
    """Scrape the texts ten seconds apart, from ten seconds after noon; gives the facts of each."""
    before: Scraped | None = None
    told = []
    for number, text in enumerate(texts, start=1):
        reading = read_probes(before, text, at=NOON + 10 * number, pods=pods, since=since)
        before = reading.scraped
        told.append(reading.facts)
    return told


def counts(facts: list[Fact]) -> list[tuple[int, int]]:
    return [(fact.succeeded, fact.failed) for fact in facts if isinstance(fact, ProbeCounted)]


def test_growth_is_told_with_the_time_it_took() -> None:
    """From the pod's making to the first scrape, and from one scrape to the next."""
    first, second = scrape(total("successful", 2), total("successful", 5) + total("failed", 1))

    assert first == [
        ProbeCounted(
            at=NOON + 10,
            pod=state().ref,
            container="app",
            probe=ProbeType.LIVENESS,
            since=NOON,
            succeeded=2,
            failed=0,
        )
    ]
    assert [(f.since, f.succeeded, f.failed) for f in second if isinstance(f, ProbeCounted)] == [(NOON + 10, 3, 1)]


def test_what_was_counted_before_the_observation_began_is_not_told() -> None:
    """The first scrape of an old pod is only the basis of the next."""
    old = (state(created=-600),)

    assert [counts(facts) for facts in scrape(total("failed", 90), total("failed", 92), pods=old)] == [[], [(0, 2)]]


def test_a_pod_that_is_asked_for_late_is_not_counted_from_its_beginning() -> None:
    """What it counted before an earlier scrape may have been told already."""
    late = state(created=5)
    before = read_probes(None, "", at=NOON + 10, pods=(), since=NOON).scraped
    reading = read_probes(before, total("failed", 9), at=NOON + 20, pods=(late,), since=NOON)

    assert reading.facts == []


def test_a_series_that_appears_late_began_at_zero() -> None:
    """`failed` is made at the first failure."""
    assert counts(scrape(total("successful", 2), total("successful", 2) + total("failed", 3))[1]) == [(0, 3)]


def test_counters_that_fell_began_anew() -> None:
    """Successes and failures of a probe begin anew together, so a lost `failed` shows it too."""
    told = scrape(
        total("successful", 5) + total("failed", 3), total("successful", 7), total("successful", 1) + total("failed", 1)
    )

    assert [counts(facts) for facts in told] == [[(5, 3)], [(7, 0)], [(1, 1)]]


def test_a_restarted_kubelet_disturbs_its_pods_and_counts_from_zero() -> None:
    """Its start time changed; that a counter is already higher than before is chance."""
    _, facts = scrape(
        total("successful", 2) + START, total("successful", 6) + f"process_start_time_seconds {NOON + 12}\n"
    )

    assert [(f.at, f.reason) for f in facts if isinstance(f, NodeDisturbed)] == [(NOON + 12, "KubeletRestarted")]
    assert counts(facts) == [(6, 0)]


def test_a_start_time_that_trembles_is_the_same_start() -> None:
    """The start is reckoned from the time of boot, which moves when the clock is set."""
    _, facts = scrape(START, "process_start_time_seconds 1.700000001e+09\n")

    assert facts == []


@given(st.lists(st.integers(0, 20), min_size=1, max_size=20), st.integers(1, 10))
def test_growths_sum_to_what_was_counted_over_any_resets(steps: list[int], every: int) -> None:
    """With the counter begun anew now and then, what is told sums to what was counted where the fall can be seen."""
    value, values, expected = 0, [], 0
    for number, step in enumerate(steps):
        value = step if number % every == 0 else value + step
        values.append(value)
    for was, now in pairwise([0, *values]):
        expected += now - was if now >= was else now
    told = scrape(*(total("failed", value) for value in values))

    assert all(failed >= 0 for facts in told for _, failed in counts(facts))
    assert sum(failed for facts in told for _, failed in counts(facts)) == expected


def test_lines_that_are_lost_are_not_counters_at_zero() -> None:
    """A damaged line is named, and its counter goes on from where it was."""
    pods = (state(),)
    first = read_probes(None, total("failed", 5), at=NOON + 10, pods=pods, since=NOON)
    second = read_probes(first.scraped, total("failed", "5 5 5"), at=NOON + 20, pods=pods, since=NOON)
    third = read_probes(second.scraped, total("failed", 6), at=NOON + 30, pods=pods, since=NOON)

    assert second.problem == "1 of 2 lines could not be read"
    assert counts(second.facts) == []
    assert counts(third.facts) == [(0, 1)]


def test_a_lost_failure_line_is_not_a_probe_begun_anew() -> None:
    """Where one of a probe's two lines is lost, the other goes on, and nothing is counted again."""
    first = total("successful", 5) + total("failed", 3)
    told = scrape(first, total("successful", 6) + total("failed", "?"), total("successful", 7) + total("failed", 4))

    assert [counts(facts) for facts in told] == [[(5, 3)], [(1, 0)], [(1, 1)]]


def test_attempts_at_a_pod_that_is_going_away_are_no_evidence() -> None:
    """Readiness is probed until the container stops; what began after deletion was asked for is left out."""
    deleting = {"deletionTimestamp": clock(42), "deletionGracePeriodSeconds": 30}
    told = scrape(*(total("failed", value) for value in (1, 3, 9)), pods=(state(metadata=deleting, at=NOON + 12),))

    assert [counts(facts) for facts in told] == [[(0, 1)], [(0, 2)], []]


def test_other_pods_are_left_out() -> None:
    """Only what was asked for is read and remembered."""
    reading = read_probes(None, total("failed", 5, uid="stranger"), at=NOON, pods=(state(),), since=NOON)

    assert reading.facts == []
    assert reading.scraped.values == {}


def test_latencies_are_told_per_bucket() -> None:
    """Cumulative buckets come out as how many attempts fell into each since the last scrape."""
    first, second = scrape(buckets(0, 2, 5), buckets(0, 2, 7, 8))

    assert [f.counts[:4] for f in first if isinstance(f, ProbeLatencySampled)] == [(0, 2, 3, 0)]
    assert [f.counts[:4] for f in second if isinstance(f, ProbeLatencySampled)] == [(0, 0, 2, 1)]


def test_a_histogram_begins_anew_as_a_whole() -> None:
    """When one bucket fell, the others count from zero as well."""
    _, facts = scrape(buckets(0, 5), buckets(3, 6, 4 + 2))[:2]

    assert [f.counts[:2] for f in facts if isinstance(f, ProbeLatencySampled)] == [(3, 0)]
    assert [f.counts[:2] for f in scrape(buckets(4, 5), buckets(3, 6))[1] if isinstance(f, ProbeLatencySampled)] == [
        (3, 3)
    ]


def test_a_shared_latency_series_of_one_pod_is_that_pods() -> None:
    """Some kubelets strip what is generated from the pod label; with one such pod on the node nothing is lost."""
    (facts,) = scrape(buckets(1, label="web"))

    assert [f.pod for f in facts if isinstance(f, ProbeLatencySampled)] == [state().ref]


def test_a_shared_latency_series_of_several_pods_is_the_templates() -> None:
    """It is told once, without a pod's uid."""
    pods = (state(), state("web-5d4f-fghij", "uid-2"))
    ((fact,),) = scrape(buckets(1, label="web"), pods=pods)

    assert (fact.pod.name, fact.pod.uid, fact.pod.template_hash) == ("web", "", "5d4f")


def test_a_latency_series_shared_by_two_templates_is_nobodys() -> None:
    """During a rollout nobody can say whose attempts they were."""
    other = {"labels": {"pod-template-hash": "77aa"}, "generateName": "web-77aa-"}
    owner = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-77aa", "controller": True}]
    pods = (state(), state("web-77aa-zzzzz", "uid-2", metadata={**other, "ownerReferences": owner} | {
        "name": "web-77aa-zzzzz", "namespace": "shop", "uid": "uid-2"}))  # fmt: skip

    assert scrape(buckets(1, label="web"), pods=pods) == [[]]


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "many"])
def test_impossible_values_are_unreadable(value: str) -> None:
    """A counter is a number from 0 that ends somewhere."""
    reading = read_probes(None, total("failed", value), at=NOON, pods=(state(),), since=NOON)

    assert reading.facts == []
    assert reading.problem is not None


def test_a_text_that_was_cut_off_is_read_up_to_there() -> None:
    """The last line without its end may have lost digits, so it is not read."""
    text = total("successful", 4) + total("failed", 12)
    reading = read_probes(None, text[:-2], at=NOON + 10, pods=(state(),), since=NOON)

    assert counts(reading.facts) == [(4, 0)]
    assert reading.problem is not None


@given(st.text(), st.text())
def test_no_text_breaks_the_reading(one: str, other: str) -> None:
    """Garbage gives no exception, and does not keep what stands beside it from being read."""
    text = f"prober_probe_total{{{one}}} {other}\n{one}\nprober_probe_total{other}\n"
    reading = read_probes(None, text + total("successful", 1), at=NOON + 10, pods=(state(),), since=NOON)

    assert counts(reading.facts) == [(1, 0)]
