"""Pod statuses give what they prove, once, and blame on the readiness probe only what it did."""

from collections.abc import Iterable
from typing import Any, TypeVar

import pytest

from probetuner.facts.fact import (
    BackOff,
    ContainerExited,
    ContainerStarted,
    Fact,
    NodeDisturbed,
    PodEnding,
    ReadinessChanged,
    ReadinessShown,
    StartupSucceeded,
)
from probetuner.facts.pods import PodState, read_pod
from probetuner.model.problem import InvalidObjectError
from unit.facts.objects import NOON, clock, condition, pod, running, status, terminated, waiting

Kind = TypeVar("Kind", bound=Fact)

FRESH = pod()
NOT_READY = pod(status(running(0), ready=False))
READY = pod(status(running(0), ready=True))
AGAIN = terminated("life-0", 0, 50)
RESTARTED = pod(status(running(51), life="life-1", restarts=1, ready=False, last=AGAIN))
GATED = (
    condition("ContainersReady", value=True),
    condition("Ready", value=False, reason="ReadinessGatesNotReady"),
)
LOST = (condition("ContainersReady", value=True), condition("Ready", value=False, since=18))


def see(*views: dict[str, Any], since: float = 0, **options: Any) -> tuple[PodState | None, list[list[Fact]]]:
    """Show the views ten seconds apart, the first so many seconds after noon; gives the facts of each."""
    state, told = None, []
    for number, view in enumerate(views):
        state, facts = read_pod(state, view, at=NOON + since + 10 * number, **options)
        told.append(facts)
    return state, told


def of(kind: type[Kind], facts: Iterable[Fact]) -> list[Kind]:
    return [fact for fact in facts if isinstance(fact, kind)]


def last_readiness(*views: dict[str, Any], **options: Any) -> ReadinessChanged:
    return of(ReadinessChanged, see(*views, **options)[1][-1])[-1]


def test_a_pod_seen_from_its_beginning_tells_its_start_and_first_readiness() -> None:
    """A start stands at the runtime's time, readiness at the time of receipt and by the probe."""
    _, (nothing, start, ready) = see(FRESH, NOT_READY, READY)

    assert nothing == []
    assert [(fact.at, fact.restarts) for fact in of(ContainerStarted, start)] == [(NOON, 0)]
    assert [(fact.at, fact.ready, fact.by_probe) for fact in of(ReadinessChanged, ready)] == [(NOON + 20, True, True)]


def test_nothing_is_told_twice() -> None:
    """The same view again, as after a relist, tells nothing."""
    for view in (READY, RESTARTED, pod(status(waiting("back-off 10s restarting failed container=app"), last=AGAIN))):
        assert see(FRESH, view, view)[1][-1] == []


def test_first_sight_tells_the_lives_that_the_status_shows() -> None:
    """A pod that was restarted before it was first seen gives its last exit and its present start."""
    _, (facts,) = see(RESTARTED, since=60)

    assert [(fact.at, fact.restarts) for fact in of(ContainerStarted, facts)] == [(NOON, 0), (NOON + 51, 1)]
    (exited,) = of(ContainerExited, facts)
    assert (exited.at, exited.restarts, exited.started_at, exited.exit_code) == (NOON + 50, 0, NOON, 137)


def test_first_sight_of_a_ready_container_is_no_change_by_its_probe() -> None:
    """It closes what was open before, at the kubelet's own time; its probe passed, but that is no sample of a start."""
    (fact,) = of(
        ReadinessChanged,
        see(pod(status(running(0), ready=True), conditions=(condition("ContainersReady", value=True, since=-60),)))[1][
            0
        ],
    )

    assert (fact.at, fact.ready, fact.by_probe) == (NOON - 60, True, False)
    assert fact.passed


def test_first_sight_of_an_unready_container_is_no_change() -> None:
    """That it was ever ready is not known."""
    assert of(ReadinessChanged, see(NOT_READY)[1][0]) == []


def unready_since(seconds: float, *statuses: dict[str, Any], **options: Any) -> dict[str, Any]:
    fallen = condition("ContainersReady", value=False, since=seconds)
    return pod(*(statuses or (status(running(0)),)), conditions=(fallen,), **options)


@pytest.mark.parametrize(
    ("ready", "since", "was_ready"),
    [(True, 40, None), (False, 2, False), (False, 40, True), (False, 4000, True)],
    ids=["ready now", "never", "some day", "in an earlier life"],
)
def test_first_sight_tells_whether_it_is_ready_and_ever_was(
    *, ready: bool, since: float, was_ready: bool | None
) -> None:
    """The condition keeps the time of its last change: False since the pod began is never having been ready."""
    conditions = tuple(condition(kind, value=ready, since=since) for kind in ("Ready", "ContainersReady"))
    again = status(running(4400), life="life-9", restarts=9, ready=ready)
    first, later = see(*[pod(again, conditions=conditions, pod_status={"startTime": clock(0)})] * 2, since=5000)[1]

    shown = [(fact.at, fact.ready, fact.was_ready) for fact in of(ReadinessShown, first)]
    assert shown == [(NOON + 5000, ready, was_ready)]
    assert of(ReadinessShown, later) == []


def test_the_pods_condition_tells_when_a_container_fell() -> None:
    """It turned False long after the container had started: its probe had passed, and took it out then."""
    changes = of(ReadinessChanged, see(unready_since(70), since=80)[1][0])

    assert [(f.at, f.ready, f.by_probe, f.passed) for f in changes] == [
        (NOON + 70, True, False, True),
        (NOON + 70, False, True, False),
    ]


@pytest.mark.parametrize(
    ("view", "options", "what"),
    [
        (unready_since(4), {}, "the end of the life before"),
        (unready_since(70, status(AGAIN)), {}, "the process ended"),
        (unready_since(70, status(running(0), started=False)), {}, "it has not started yet, or its kubelet began anew"),
        (unready_since(70, status(running(0)), status(running(0), name="other")), {}, "it may have been the other one"),
        (unready_since(70, probes=("livenessProbe",)), {}, "nothing asks whether it is ready"),
        (unready_since(70, metadata={"deletionTimestamp": clock(45)}), {}, "the pod is being deleted"),
        (unready_since(70), {"node_ready": False}, "the node is away"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_condition_proves_nothing_where_something_else_may_have_changed_it(
    view: dict[str, Any], options: dict[str, Any], what: str
) -> None:
    """Only a life that ran all the time on a sound node can have been taken out by its probe."""
    assert of(ReadinessChanged, see(view, since=80, **options)[1][0]) == [], what


def test_a_waiting_container_shows_the_life_that_its_restart_count_counts() -> None:
    """While a container waits, restartCount is still that of the life that ended; running, it is one more."""
    back_off = status(waiting("back-off 40s restarting failed container=app pod=x"), restarts=1, last=AGAIN)

    (exited,) = of(ContainerExited, see(pod(back_off))[1][0])
    assert exited.restarts == 1


def test_a_life_that_is_shown_first_as_the_present_and_then_as_the_last_exits_once() -> None:
    """The same exit is in state.terminated and later in lastState."""
    ended = pod(status(AGAIN, started=False))
    _, told = see(READY, ended, RESTARTED)

    assert [fact.restarts for facts in told for fact in of(ContainerExited, facts)] == [0]


def test_lives_between_two_views_show_in_the_jump_of_restarts() -> None:
    """Only two lives are visible; the lost ones are what is missing between the numbers."""
    jumped = status(running(99), life="life-5", restarts=5, last=terminated("life-4", 80, 90))
    _, told = see(READY, pod(jumped))

    assert [fact.restarts for fact in of(ContainerStarted, told[1])] == [4, 5]
    assert [fact.restarts for fact in of(ContainerExited, told[1])] == [4]


def test_restarts_never_fall() -> None:
    """A kubelet that counts anew, having lost its state, does not give a new life the number of an old one."""
    many = status(running(60), life="life-7", restarts=7, last=terminated("life-6", 40, 50))
    anew = status(running(71), life="life-8", restarts=0, last=terminated("life-7", 60, 70))
    after = status(running(81), life="life-9", restarts=1, last=terminated("life-8", 71, 80))
    _, told = see(pod(many), pod(anew), pod(after))

    assert [fact.restarts for facts in told for fact in of(ContainerStarted, facts)] == [6, 7, 8, 9]
    assert [fact.restarts for facts in told for fact in of(ContainerExited, facts)] == [6, 7, 8]


def test_a_container_that_never_started_has_no_start() -> None:
    """StartError comes with a start in 1970: an exit without a beginning."""
    failed = terminated("life-0", 0, 5, code=128, reason="StartError")
    failed["terminated"]["startedAt"] = "1970-01-01T00:00:00Z"
    _, (facts,) = see(pod(status(waiting(), started=False, last=failed)))

    assert of(ContainerStarted, facts) == []
    assert [(f.started_at, f.reason) for f in of(ContainerExited, facts)] == [(None, "StartError")]


def test_an_exit_that_the_runtime_lost_stands_at_its_receipt() -> None:
    """ContainerStatusUnknown has neither times nor an id, and is told once."""
    lost = {"terminated": {"reason": "ContainerStatusUnknown", "exitCode": 137, "startedAt": None, "finishedAt": None}}
    view = pod(status(waiting(reason="ContainerCreating"), restarts=1, life="", last=lost))
    _, told = see(READY, view, view)

    assert [(f.at, f.reason, f.started_at) for f in of(ContainerExited, told[1])] == [
        (NOON + 10, "ContainerStatusUnknown", None)
    ]
    assert told[2] == []


def test_each_wait_is_told_once_with_its_length() -> None:
    """Two waits of the same length after different exits are two; a repeated status is one."""
    one = pod(status(waiting("back-off 5m0s restarting failed container=app"), restarts=1, last=AGAIN))
    other = terminated("life-1", 60, 70)
    two = pod(status(waiting("back-off 5m0s restarting failed container=app"), restarts=2, last=other))
    _, told = see(READY, one, one, two)

    assert [[fact.seconds for fact in of(BackOff, facts)] for facts in told] == [[], [300.0], [], [300.0]]


def test_unready_while_the_same_life_runs_is_by_the_probe() -> None:
    """Nothing else makes a running container of a pod on a sound node unready."""
    assert last_readiness(FRESH, READY, NOT_READY).by_probe


@pytest.mark.parametrize(
    ("view", "what"),
    [
        (pod(status(AGAIN, started=False)), "the process ended"),
        (RESTARTED, "a new life begins unready"),
        (
            pod(
                status(running(0), ready=False),
                metadata={"deletionTimestamp": clock(45), "deletionGracePeriodSeconds": 30},
            ),
            "the pod is being deleted",
        ),
        (pod(status(running(0), ready=False, started=False)), "the kubelet was restarted and probes anew"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unready_for_another_reason_is_not_by_the_probe(view: dict[str, Any], what: str) -> None:
    """What ends readiness with the process, the pod or the kubelet says nothing of the probe."""
    fact = last_readiness(FRESH, READY, view)

    assert not fact.ready, what
    assert not fact.by_probe, what


def test_a_container_without_a_readiness_probe_is_never_unready_by_it() -> None:
    """Its readiness follows its process."""
    views = [pod(status(running(0), ready=ready), probes=("livenessProbe",)) for ready in (False, True, False)]
    changes = [fact for facts in see(*views)[1] for fact in of(ReadinessChanged, facts)]

    assert [(fact.ready, fact.by_probe) for fact in changes] == [(True, False), (False, False)]


def test_a_lost_node_is_not_the_probe() -> None:
    """Ready False with ContainersReady True is the node controller; the kubelet's own reset after it is not the probe.

    Seen on a 1.35.4 whose kubelet was away for 80 s.
    """
    lost = pod(status(running(0), ready=True), conditions=LOST)
    _, told = see(FRESH, READY, lost, NOT_READY, READY, NOT_READY)

    assert [(f.at, f.reason) for f in of(NodeDisturbed, told[2])] == [(NOON + 18, "NodeNotReady")]
    changes = [fact for facts in told[3:] for fact in of(ReadinessChanged, facts)]
    assert [(fact.ready, fact.by_probe) for fact in changes] == [(False, False), (True, False), (False, True)]


def test_what_the_node_says_of_itself_counts_too() -> None:
    """A flip while the Node is not ready is not blamed on the probe."""
    state, _ = read_pod(None, FRESH, at=NOON)
    state, _ = read_pod(state, READY, at=NOON + 1)
    _, facts = read_pod(state, NOT_READY, at=NOON + 2, node_ready=False)

    assert [fact.by_probe for fact in of(ReadinessChanged, facts)] == [False]


def test_a_readiness_gate_is_neither_the_probe_nor_the_node() -> None:
    """A gate turns the pod's Ready alone, with a reason of its own; the container's readiness did not change."""
    assert see(FRESH, READY, pod(status(running(0), ready=True), conditions=GATED))[1][-1] == []


def test_started_turning_true_is_the_startup_probe() -> None:
    """Told at the time of receipt, for a container that has such a probe and whose life was seen without it."""
    _, told = see(FRESH, pod(status(running(0), started=False)), READY)

    assert [fact.at for fact in of(StartupSucceeded, told[2])] == [NOON + 20]


@pytest.mark.parametrize(
    "views",
    [
        [READY],
        [FRESH, READY, RESTARTED],
        [pod(probes=("readinessProbe",)), pod(status(running(0)), probes=("readinessProbe",))],
    ],
    ids=["first sight", "inherited from the life before", "no startup probe"],
)
def test_started_proves_nothing_where_it_may_be_inherited(views: list[dict[str, Any]]) -> None:
    """After a liveness kill 1.35 and 1.36 show started from the life before (kubernetes/kubernetes#141155)."""
    facts = see(*views)[1][-1]

    assert of(StartupSucceeded, facts) == []


def test_deletion_begins_when_it_was_asked_for() -> None:
    """The deletionTimestamp is the end of the grace period; evidence ends at its beginning."""
    deleting = {"deletionTimestamp": clock(45), "deletionGracePeriodSeconds": 30}
    state, told = see(FRESH, pod(), pod(metadata=deleting), pod(metadata=deleting))

    assert [(f.at, f.reason, f.container) for f in of(PodEnding, told[2])] == [(NOON + 15, "Deleted", "app")]
    assert told[3] == []
    assert state is not None
    assert state.ending_at == NOON + 15


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (pod(pod_status={"reason": "Evicted", "phase": "Failed"}), "Evicted"),
        (pod(conditions=(condition("DisruptionTarget", value=True, reason="EvictionByEvictionAPI"),)),
         "EvictionByEvictionAPI"),
        (pod(pod_status={"reason": "NodeLost"}), "NodeLost"),
    ],
)  # fmt: skip
def test_what_dooms_a_pod_is_told_before_its_deletion(view: dict[str, Any], reason: str) -> None:
    """Eviction, disruption and loss are told with their reason, and the deletion that follows adds nothing."""
    deleted = {**view, "metadata": {**view["metadata"], "deletionTimestamp": clock(60)}}
    _, told = see(FRESH, view, deleted)

    assert [fact.reason for fact in of(PodEnding, told[1])] == [reason]
    assert of(PodEnding, told[2]) == []


def test_a_pod_that_vanishes_ends() -> None:
    """A pod deleted with no grace is told as ending at its last view."""
    state, _ = read_pod(None, READY, at=NOON)
    _, facts = read_pod(state, READY, at=NOON + 5, gone=True)

    assert [(fact.at, fact.reason) for fact in of(PodEnding, facts)] == [(NOON + 5, "Deleted")]


def test_sidecars_are_followed_and_init_containers_are_not() -> None:
    """Only containers that the kubelet probes tell facts."""
    view = pod(status(running(0), ready=True))
    view["spec"]["initContainers"] = [{"name": "proxy", "restartPolicy": "Always"}, {"name": "setup"}]
    view["status"]["initContainerStatuses"] = [status(running(0), name="proxy"), status(running(0), name="setup")]

    assert {fact.container for fact in see(view)[1][0]} == {"app", "proxy"}


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ({"status": []}, "status"),
        ({"status": {"containerStatuses": {}}}, "containerStatuses"),
        ({"status": {"containerStatuses": [{"name": "app", "restartCount": -1}]}}, "restartCount"),
        ({"status": {"containerStatuses": [status({"running": {"startedAt": "soon"}})]}}, "startedAt"),
        ({"metadata": 5}, "metadata"),
    ],
)  # fmt: skip
def test_a_malformed_pod_is_named(damage: dict[str, Any], named: str) -> None:
    """What cannot be understood is one sentence that names the place."""
    with pytest.raises(InvalidObjectError, match=named):
        read_pod(None, {**READY, **damage}, at=NOON)
