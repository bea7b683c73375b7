"""The reader gives the same facts from the same records, of the followed workloads only, and forgets what is gone."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts.fact import NodeDisturbed, ProbeCounted, ProbeFailed, ReadinessChanged
from probetuner.facts.feed import Reader, only
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadKind, WorkloadRef
from unit.facts.objects import NOON, clock, event, node, pod, running, status

WEB = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")
READY = pod(status(running(0), ready=True))
FAILED = event("Liveness probe failed: HTTP probe failed with statuscode: 500")
COUNTED = (
    'prober_probe_total{container="app",namespace="shop",pod="web-5d4f-abcde",pod_uid="uid-1",'
    'probe_type="Liveness",result="failed"} 3\n'
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def reader(**options: Any) -> Reader:
    return Reader(since=NOON, **options)


def test_facts_carry_their_workload() -> None:
    """Whoever remembers facts per workload need not look up owners again."""
    subject = reader()
    facts = subject.watch(READY, "ADDED", NOON) + subject.watch(FAILED, "ADDED", NOON + 10)

    assert {fact.pod.workload for fact in facts} == {WEB}
    assert {fact.pod.template_hash for fact in facts} == {"5d4f"}


def test_only_followed_workloads_tell_facts() -> None:
    """Pods, events and counters of others are passed over and not remembered."""
    other = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="other")
    subject = reader(follows=only([other]))

    assert subject.watch(READY, "ADDED", NOON) == []
    assert subject.watch(FAILED, "ADDED", NOON + 10) == []
    assert subject.scrape("node-1", "/metrics/probes", COUNTED, NOON + 10) == []
    assert subject.pods_on("node-1") == []


def test_an_event_that_comes_before_its_pod_waits_for_it() -> None:
    """A list may bring events first; they are told with the pod, once."""
    subject = reader()

    assert subject.watch(FAILED, None, NOON) == []
    assert [type(fact) for fact in subject.watch(READY, None, NOON)].count(ProbeFailed) == 1
    assert subject.watch(FAILED, "ADDED", NOON + 20) == []


@pytest.mark.parametrize("order", ["pod first", "event first"])
def test_an_event_without_a_uid_finds_its_pod_by_name(order: str) -> None:
    """People take uids out of files that they show; another pod's events are not taken for it."""
    reader = Reader(since=NOON, trusts_names=True)
    nameless = event("Liveness probe failed: dial tcp 10.0.0.7:80: connect: connection refused", uid="")
    other = {**nameless, "involvedObject": {**nameless["involvedObject"], "name": "web-5d4f-other"}}
    shown = pod(status(running(0)))
    views = [shown, nameless, other] if order == "pod first" else [nameless, other, shown]
    facts = [fact for view in views for fact in reader.watch(view, None, NOON + 60)]

    assert len([fact for fact in facts if isinstance(fact, ProbeFailed)]) == 1


def test_events_of_a_pod_that_is_being_deleted_are_no_evidence() -> None:
    """From the moment that deletion was asked for, what probes say is dropped; before it, it is not."""
    subject = reader()
    subject.watch(READY, "ADDED", NOON)
    deleting = pod(metadata={"deletionTimestamp": clock(50), "deletionGracePeriodSeconds": 30})
    subject.watch(deleting, "MODIFIED", NOON + 20)

    assert subject.watch(event(FAILED["message"], last=19), "ADDED", NOON + 21) != []
    assert subject.watch(event(FAILED["message"], name="later", last=20), "ADDED", NOON + 21) == []


def test_a_node_that_goes_away_disturbs_its_pods() -> None:
    """Both turns of the node are told, and a flip in between is not blamed on the probe."""
    subject = reader()
    subject.watch(node(ready=True), "ADDED", NOON)
    subject.watch(pod(), "ADDED", NOON)
    subject.watch(READY, "MODIFIED", NOON + 1)
    gone = subject.watch(node(ready=False, since=30, reason="NodeStatusUnknown"), "MODIFIED", NOON + 31)
    flip = subject.watch(pod(status(running(0), ready=False)), "MODIFIED", NOON + 32)
    back = subject.watch(node(ready=True, since=60), "MODIFIED", NOON + 61)

    assert [(fact.at - NOON, fact.reason) for fact in gone + back if isinstance(fact, NodeDisturbed)] == [
        (30, "NodeStatusUnknown"),
        (60, "KubeletReady"),
    ]
    assert [fact.by_probe for fact in flip if isinstance(fact, ReadinessChanged)] == [False]


def test_counters_are_read_for_the_pods_of_the_node() -> None:
    """Each path of each node is compared with its own scrape before; other paths tell nothing."""
    subject = reader()
    subject.watch(READY, "ADDED", NOON)

    assert [
        f.failed for f in subject.scrape("node-1", "/metrics/probes", COUNTED, NOON + 5) if isinstance(f, ProbeCounted)
    ] == [3]
    assert subject.scrape("node-2", "/metrics/probes", COUNTED, NOON + 5) == []
    assert subject.scrape("node-1", "/metrics", COUNTED, NOON + 5) == []


def test_what_could_not_be_read_of_a_scrape_is_said_until_it_can() -> None:
    """The sentence names the node and the path."""
    subject = reader()
    subject.scrape("node-1", "/metrics/probes", "<html>\n", NOON)

    assert subject.problem("node-1") == "/metrics/probes of node node-1: 1 of 2 lines could not be read"
    subject.scrape("node-1", "/metrics/probes", "", NOON + 10)
    assert subject.problem("node-1") is None


def test_pods_that_are_gone_are_forgotten() -> None:
    """By a DELETED event, and by a full list that has them no more."""
    subject = reader()
    subject.watch(READY, "ADDED", NOON)
    subject.watch(READY, "DELETED", NOON + 1)
    assert subject.pods_on("node-1") == []

    subject.watch(READY, "ADDED", NOON)
    subject.keep([])
    assert subject.pods_on("node-1") == []


def test_a_bad_object_changes_nothing() -> None:
    """After an object that cannot be understood the next one is compared with the last good one."""
    subject = reader()
    subject.watch(READY, "ADDED", NOON)
    bad = copy.deepcopy(READY)
    bad["status"]["containerStatuses"][0]["restartCount"] = "three"

    with pytest.raises(InvalidObjectError, match="restartCount"):
        subject.watch(bad, "MODIFIED", NOON + 1)
    assert subject.watch(READY, "MODIFIED", NOON + 2) == []


@given(st.sampled_from([READY, FAILED, node(ready=True)]), st.data())
def test_damaged_objects_raise_nothing_but_a_sentence(good: dict[str, Any], data: st.DataObject) -> None:
    """Any value in any place of an object either is understood or is named by InvalidObjectError."""
    damaged = copy.deepcopy(good)
    spot: Any = damaged
    while True:
        key = data.draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
        if not isinstance(spot[key], dict | list) or not spot[key] or data.draw(st.booleans()):
            break
        spot = spot[key]
    spot[key] = data.draw(json_values)
    subject = reader()
    for change in ("ADDED", "MODIFIED", "DELETED"):
        try:
            subject.watch(damaged, change, NOON)
            subject.watch(good, change, NOON)
        except InvalidObjectError as error:
            assert str(error)  # noqa: PT017 - it may raise or not


@given(json_values)
def test_any_json_raises_nothing_but_a_sentence(value: Any) -> None:
    """An object that is none, or not ours, is passed over or named."""
    for kind in ("Pod", "Event", "Node", value):
        raw = {**(value if isinstance(value, dict) else {"metadata": value}), "kind": kind}
        try:
            reader().watch(raw, "ADDED", NOON)
        except InvalidObjectError as error:
            assert str(error)  # noqa: PT017 - it may raise or not
