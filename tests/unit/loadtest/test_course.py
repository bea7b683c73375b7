"""The course of a load, told by a clock that is not ours."""

import pytest

from probetuner.loadtest.course import ClientError, Course, client_pod, refusal_of
from probetuner.loadtest.figures import Ending, Line, write_line
from probetuner.model.workload import WorkloadKind, WorkloadRef
from unit.loadtest.lines import line

REF = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")
NODE_BEGAN = 1_700_000_000.0
POD = {
    "kind": "Pod",
    "metadata": {
        "namespace": "shop",
        "name": "web-abc-1",
        "uid": "1",
        "labels": {"pod-template-hash": "abc"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-abc", "controller": True}],
    },
    "spec": {"nodeName": "node-1", "containers": [{"name": "web", "livenessProbe": {"httpGet": {"port": 80}}}]},
    "status": {
        "containerStatuses": [
            {
                "name": "web",
                "ready": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": "2023-11-14T20:00:00Z"}},
            }
        ]
    },
}


def unhealthy(count: int, last: str) -> dict[str, object]:
    """The kubelet's Event of failed attempts."""
    return {
        "kind": "Event",
        "metadata": {"namespace": "shop", "name": "web.1"},
        "involvedObject": {"kind": "Pod", "uid": "1", "name": "web-abc-1", "fieldPath": "spec.containers{web}"},
        "source": {"component": "kubelet"},
        "reason": "Unhealthy",
        "message": 'Liveness probe failed: Get "http://10.0.0.1/": context deadline exceeded',
        "count": count,
        "firstTimestamp": "2023-11-14T20:00:00Z",
        "lastTimestamp": last,
    }


@pytest.mark.parametrize("our_clock_is_ahead_seconds", [0.0, 3600.0, -3600.0])
def test_facts_count_from_the_first_request_on_whatever_our_clock_says(our_clock_is_ahead_seconds: float) -> None:
    """What an event had counted before is not the load's doing; what it counts later is, though our clock is wrong."""
    ours = NODE_BEGAN + our_clock_is_ahead_seconds
    course = Course(REF)
    course.watch(POD, "ADDED", at=ours - 5)
    course.watch(unhealthy(40, "2023-11-14T22:13:10Z"), "ADDED", at=ours - 5)
    course.read(write_line(Line(figures=line(began_at=NODE_BEGAN, at=NODE_BEGAN))), at=ours)
    course.watch(unhealthy(42, "2023-11-14T22:13:25Z"), "MODIFIED", at=ours + 5)

    assert course.impact is not None
    assert [failures.count for failures in course.impact.failures] == [2]
    assert course.impact.failures[0].at == NODE_BEGAN + 5


def test_the_last_line_of_each_step_is_its_figures() -> None:
    """Lines tell of a step so far; the last one is what became of it."""
    course = Course(REF)
    for one in (line(0, at=1.0, answered=5), line(0, at=2.0, answered=9), line(1, began_at=2.0, at=3.0, answered=4)):
        course.read(write_line(Line(figures=one)), at=one.at)
    course.read(write_line(Line(ended=Ending.COMPLETE)), at=3.0)

    assert [step.answered for step in course.steps] == [9, 4]
    assert course.ended is Ending.COMPLETE


def test_an_image_without_the_client_is_told() -> None:
    """What it printed instead, and what to do, stand in one sentence."""
    with pytest.raises(ClientError, match=r"No module named.*--image"):
        Course(REF).read("/usr/bin/python3: No module named probetuner", at=0.0)


def client(state: dict[str, object]) -> dict[str, object]:
    """The Pod of the Job with the uid `job`."""
    return {
        "kind": "Pod",
        "metadata": {"name": "loadtest-1", "ownerReferences": [{"kind": "Job", "uid": "job"}]},
        "status": {"containerStatuses": [{"name": "client", "state": state}]},
    }


def test_an_image_that_cannot_be_had_is_hopeless() -> None:
    """It is told at once, with the kubelet's own words; a pod that is only being made is waited for."""
    lost = client_pod(client({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}), job_uid="job")
    made = client_pod(client({"waiting": {"reason": "ContainerCreating"}}), job_uid="job")
    runs = client_pod(client({"running": {}}), job_uid="job")

    assert lost is not None
    assert lost.problem == "ImagePullBackOff: not found"
    assert made is not None
    assert (made.problem, made.has_run) == ("", False)
    assert runs is not None
    assert runs.has_run
    assert client_pod(client({"running": {}}), job_uid="another") is None


def test_a_job_that_may_make_no_pod_says_why() -> None:
    """A quota or an admission policy forbids it: the controller's words are passed on, those about others are not."""
    event = {"kind": "Event", "reason": "FailedCreate", "message": "exceeded quota", "involvedObject": {"uid": "job"}}

    assert refusal_of(event, job_uid="job") == "exceeded quota"
    assert refusal_of(event, job_uid="another") is None
