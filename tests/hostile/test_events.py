"""Events are believed about the pod that they name in every way, and nobody's Events cost anybody else's."""

from typing import Any

import pytest

from hostile.tenants import KILL, Operator, clock, event, pod, workload
from probetuner.sources.dump import gather_objects
from probetuner.sources.manifests import Given, Origin


@pytest.mark.parametrize(
    ("namespace", "of"),
    [
        ("red", {"namespace": "red", "uid": "uid-blue-0"}),
        ("red", {"namespace": "blue", "uid": "uid-blue-0"}),
        ("blue", {"name": "web-5d-1"}),
        ("blue", {"name": ""}),
        ("blue", {"uid": "uid-red-0"}),
        ("blue", {"uid": ""}),
    ],
    ids=["another's uid", "another's pod", "another name", "no name", "another uid", "no uid"],
)
def test_an_event_that_does_not_name_the_pod_in_every_way_does_nothing(namespace: str, of: dict[str, str]) -> None:
    """Namespace, name and uid: who may write Events in one namespace says nothing about another's pods."""
    operator = Operator()
    operator.watch(pod("red"), pod("blue"), at=10)
    operator.changed.clear()
    operator.watch(
        event(namespace, "kill", KILL, reason="Killing", at=clock(600), of=of),
        event(namespace, "failed", at=clock(600), of=of),
        at=601,
    )

    assert [operator.kills(tenant) + operator.failures(tenant) for tenant in ("red", "blue")] == [0, 0]
    assert operator.changed == []


def test_an_event_that_names_the_pod_in_every_way_counts() -> None:
    """The kubelet's own, which name namespace, name and uid."""
    operator = Operator()
    operator.watch(pod("red"), pod("blue"), at=10)
    operator.watch(event("blue", "kill", KILL, reason="Killing", at=clock(600)), at=601)

    assert (operator.kills("red"), operator.kills("blue")) == (0, 1)


def test_one_tenants_events_push_out_nobody_elses() -> None:
    """However many Events one tenant makes: what is remembered of those of another stays, and its new ones count."""
    operator = Operator()
    operator.watch(pod("red"), pod("blue"), at=10)
    operator.watch(event("blue", "first", at=clock(600), count=7, firstTimestamp=clock(500)), at=601)
    for number in range(5000):
        operator.watch(event("red", f"flood-{number}", at=clock(700)), at=701)
    operator.watch(event("blue", "first", at=clock(720), count=9, firstTimestamp=clock(500)), at=721, change="MODIFIED")
    for number in range(30):
        operator.watch(event("blue", f"later-{number}", at=clock(730 + number)), at=731 + number)

    assert operator.failures("blue") == 9 + 30


def test_events_for_pods_to_come_are_kept_for_each_tenant() -> None:
    """A flood of Events about pods that are not known pushes out no other tenant's that came before their pod."""
    operator = Operator()
    operator.watch(event("blue", "early", at=clock(20)), at=20)
    for number in range(5000):
        operator.watch(event("red", f"flood-{number}", at=clock(20), of={"uid": f"none-{number}"}), at=20)
    operator.watch(pod("blue"), at=21)

    assert operator.failures("blue") == 1


def _dumped(*objects: dict[str, Any]) -> dict[str, int]:
    """The failures that a dump of these objects shows, by tenant."""
    given = [Given(object=one, origin=Origin(place="dump")) for one in objects]
    subjects = gather_objects(given, tell=pytest.fail).subjects()
    return {
        one.workload.ref.namespace: sum(run.failures for entry in one.history.containers for run in entry.runs)
        for one in subjects
    }


def test_a_dumps_event_without_uid_is_of_the_pod_of_its_name() -> None:
    """Some tools leave uids out; the namespace and the name must still be those of the pod."""
    mine = event("blue", "e1", at=clock(600), of={"uid": ""})
    foreign = event("red", "e2", at=clock(600), of={"namespace": "blue", "uid": ""})
    stranger = event("blue", "e3", at=clock(600), of={"name": "web-5d-7", "uid": ""})
    of_an_earlier = event("blue", "e4", at=clock(600), of={"uid": "the-pod-before"})

    found = _dumped(*map(workload, ("red", "blue")), *map(pod, ("red", "blue")), mine, foreign, stranger, of_an_earlier)

    assert found == {"red": 0, "blue": 1}


def test_a_pod_with_the_uid_of_another_is_not_taken_for_it() -> None:
    """In a folder of files anybody's pod can carry any uid: one pod's memory is not another's."""
    thief = pod("red")
    thief["metadata"]["uid"] = "uid-blue-0"
    told: list[str] = []
    objects = [workload("red"), workload("blue"), pod("blue"), thief, event("blue", "e", at=clock(600))]
    given = [Given(object=one, origin=Origin(place="dump")) for one in objects]

    blue = next(s for s in gather_objects(given, told.append).subjects() if s.workload.ref.namespace == "blue")

    assert sum(run.failures for entry in blue.history.containers for run in entry.runs) == 1
    assert told == ["dump: Pod.metadata.uid is that of pod blue/web-5d-0; it was left out"]
