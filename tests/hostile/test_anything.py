"""Whatever a cluster tells of any workload, it can be remembered, saved, read again and decided upon."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile.tenants import BEGAN, KILL, TIMEOUT, Operator, clock, counters, event, pod, ref
from probetuner.change.decide import decide
from probetuner.change.situation import Situation, Traffic
from probetuner.facts import fact as facts
from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS, Fact, FailureCause, PodRef
from probetuner.history import codec
from probetuner.history.fold import observe
from probetuner.history.future import without_future
from probetuner.history.notable import happenings
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode, ModeDecision, ModeSource
from probetuner.model.policy import Allowance, Endpoints, Policy, Reaper, ReaperStrategy
from probetuner.model.probe import ProbeType
from probetuner.model.workload import Workload, WorkloadKind, parse_workload

pytestmark = pytest.mark.timeout(600)

INT32 = 2**31 - 1
DAY = 86400.0
_SLOW = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

few = st.sampled_from([0, 1, 1, 2, 3, 5, 10, 30, INT32])
counts = st.sampled_from([0, 1, 1, 2, 5, 50, 10**9, INT32])
seconds = st.one_of(
    st.floats(0, 600), st.floats(0, DAY), st.integers(0, 600).map(float), st.sampled_from([-DAY, -BEGAN, 0.0, 5.0, DAY])
)
kinds = st.sampled_from(list(ProbeType))
causes = st.sampled_from(list(FailureCause))
flags = st.booleans()
containers = st.sampled_from(["c0", "c1"])
handlers: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"httpGet": {"port": 8080, "path": "/"}},
        {"httpGet": {"port": "http", "path": "@x"}},
        {"tcpSocket": {"port": 1}},
        {"exec": {"command": ["sh", "-c", "sleep 1 & true"]}},
        {"exec": {"command": []}},
        {"grpc": {"port": 5}},
        {},
    ]
)


@st.composite
def probes(draw: st.DrawFn) -> dict[str, Any]:
    names = ("periodSeconds", "timeoutSeconds", "failureThreshold", "initialDelaySeconds")
    probe = {**draw(handlers), **{name: draw(few) for name in names}}
    return {**probe, "terminationGracePeriodSeconds": draw(few)} if draw(st.booleans()) else probe


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    fields = [kind.field for kind in ProbeType]
    pod_containers = [
        {"name": name, "image": "x", **{field: draw(probes()) for field in fields if draw(st.integers(0, 2))}}
        for name in ("c0", "c1")[: draw(st.integers(1, 2))]
    ]
    replicas = draw(st.sampled_from([0, 1, 1, 2, 3, 20, INT32]))
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": pod_containers, "terminationGracePeriodSeconds": draw(few | st.just(2**62))},
    }
    return parse_workload(
        {
            "apiVersion": "apps/v1",
            "kind": draw(st.sampled_from(list(WorkloadKind))).value,
            "metadata": {"name": "web", "namespace": "blue", "uid": "u", "resourceVersion": "7", "generation": 1},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template},
            "status": {
                "observedGeneration": 1,
                "replicas": replicas,
                "updatedReplicas": replicas,
                "readyReplicas": draw(st.sampled_from([0, replicas])),
                "availableReplicas": replicas,
            },
        }
    )


def any_fact(workload: Workload) -> st.SearchStrategy[Fact]:
    """A fact of any kind about one of the workload's pods, at any time."""
    pods = st.builds(
        PodRef,
        namespace=st.just("blue"),
        name=st.just("web-0"),
        uid=st.sampled_from(["u0", "u1", "u2"]),
        template_hash=st.sampled_from(["", "5d", "6e"]),
        node=st.sampled_from(["n1", "n2", ""]),
        workload=st.just(workload.ref),
    )
    times = seconds.map(lambda after: BEGAN + after)

    def of(kind: Callable[..., Fact], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Fact]:
        return st.builds(kind, at=times, pod=pods, container=containers, **fields)

    buckets = st.tuples(*[st.sampled_from([0, 0, 1, 50, INT32])] * (len(LATENCY_BOUNDS_SECONDS) + 1))
    some = counts.filter(bool)
    return st.one_of(
        of(facts.ContainerStarted, restarts=few),
        of(
            facts.ContainerExited,
            restarts=few,
            started_at=st.none() | times,
            exit_code=st.sampled_from([0, 1, 137, 143, -1, INT32]),
            reason=st.sampled_from(["Error", "OOMKilled", "Completed", ""]),
        ),
        of(facts.ReadinessChanged, ready=st.booleans(), by_probe=st.booleans(), passed=st.booleans()),
        of(facts.ReadinessShown, ready=flags, was_ready=st.none() | flags),
        of(facts.StopAnnounced, count=some),
        of(facts.StartupSucceeded),
        of(facts.PodEnding, reason=st.just("Deleted")),
        of(
            facts.ProbeFailed,
            probe=kinds,
            cause=causes,
            client_error=flags,
            count=some,
            combined=flags,
            since=st.none() | times,
            said=st.text(max_size=9),
        ),
        of(facts.ProbeErrored, probe=kinds, message=st.text(max_size=9), count=some, combined=flags),
        of(facts.KillAnnounced, probe=kinds, count=some),
        of(facts.BackOff, seconds=st.none() | st.floats(0, 300)),
        of(facts.ProbeCounted, probe=kinds, since=times, succeeded=counts, failed=counts),
        of(facts.ProbeLatencySampled, probe=kinds, counts=buckets),
        of(facts.CpuThrottled, periods=counts, throttled=counts),
        of(facts.ProcessesCounted, processes=counts, threads=counts),
        of(facts.NodeDisturbed, reason=st.just("NodeNotReady")),
        of(
            facts.EndpointTried,
            endpoint=st.sampled_from(["httpGet :8080/", "tcpSocket :1"]),
            seconds=st.floats(0, 12),
            cause=st.none() | causes,
            client_error=flags,
            elsewhere=st.booleans(),
            services_out=st.sampled_from([(), ("a",)]),
        ),
    )


def policies() -> st.SearchStrategy[Policy]:
    return st.builds(
        Policy,
        allow=st.just(frozenset(Allowance)),
        reaper=st.builds(Reaper, strategy=st.sampled_from(list(ReaperStrategy))),
        endpoints=st.builds(Endpoints, discovery=st.booleans()),
    )


def hold(workload: Workload, history: WorkloadHistory, policy: Policy) -> None:
    """Do with a history what the operator does with it; nothing may raise."""
    happenings(history)
    saved = codec.encode(history)
    assert len(saved.encode()) <= codec.MOST_BYTES
    known = without_future(codec.decode(saved, version=codec.VERSION), now=BEGAN + DAY)
    assert codec.decode(codec.encode(known), version=codec.VERSION) == known
    for one in (history, known):
        decide(
            Situation(
                workload=workload,
                mode=ModeDecision(mode=Mode.APPLY, source=ModeSource.WORKLOAD),
                policy=policy,
                history=one,
                policy_generation=1,
                status={},
                history_problem=None,
                refusal=None,
                traffic=Traffic(),
            ),
            BEGAN + DAY,
        )


@pytest.mark.slow
@_SLOW
@given(st.data())
def test_any_facts_are_remembered_saved_and_decided_upon(data: st.DataObject) -> None:
    """Facts in any order, at any time, of any size."""
    workload = data.draw(workloads())
    history = WorkloadHistory()
    for fact in data.draw(st.lists(any_fact(workload), max_size=40)):
        history = observe(history, fact)

    hold(workload, history, data.draw(policies()))


_moments = st.one_of(
    st.integers(-7200, 7200).map(clock),
    st.sampled_from(["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:01Z", "1955-11-05T00:00:00Z"]),
)


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    """A pod whose status says anything that a kubelet, or who may write statuses, can say."""
    raw = pod("blue", number=draw(st.integers(0, 1)), started=draw(_moments), created=draw(_moments))
    (shown,) = raw["status"]["containerStatuses"]
    shown |= {"ready": draw(st.booleans()), "started": draw(st.booleans()), "restartCount": draw(few)}
    shown["containerID"] = draw(st.sampled_from(["", "c://0", "c://1"]))
    ended = {"exitCode": draw(few), "startedAt": draw(_moments), "finishedAt": draw(_moments), "containerID": "c://9"}
    if draw(st.booleans()):
        shown["lastState"] = {"terminated": ended}
    if draw(st.booleans()):
        raw["status"]["conditions"] = [
            {"type": kind, "status": draw(st.sampled_from(["True", "False"])), "lastTransitionTime": draw(_moments)}
            for kind in ("Ready", "ContainersReady")
        ]
    if draw(st.booleans()):
        raw["metadata"] |= {"deletionTimestamp": draw(_moments), "deletionGracePeriodSeconds": draw(few)}
    return raw


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    message = draw(st.sampled_from([TIMEOUT, KILL, "Readiness probe errored: x"]))
    reason = "Killing" if message == KILL else "Unhealthy"
    raw = event("blue", draw(st.sampled_from(["e0", "e1", "e2"])), message, reason=reason, at=draw(_moments))
    return {**raw, "firstTimestamp": draw(_moments), "count": draw(counts)}


pages = st.lists(
    st.builds(
        counters,
        st.just("blue"),
        st.sampled_from(["successful", "failed", "unknown"]),
        st.one_of(counts, st.floats(), st.sampled_from(["1e300", "-5", 2**53, "x"])),
    ),
    max_size=3,
).map("".join)


@pytest.mark.slow
@_SLOW
@given(st.lists(st.tuples(st.one_of(pods(), events(), pages), st.integers(-30, 600)), max_size=40))
def test_anything_that_a_cluster_tells_is_taken_in_and_decided_upon(told: list[tuple[Any, int]]) -> None:
    """Pods, Events and pages of a hostile cluster, while our own clock goes back at times: nothing is of the future."""
    operator = Operator()
    now = latest = 0.0
    for one, step in told:
        now += step
        latest = max(latest, now)
        if isinstance(one, str):
            operator.scrape(one, at=now)
        else:
            operator.watch(one, at=now)
    served = operator.served("blue")

    hold(served.workload, served.history, Policy(allow=frozenset(Allowance)))
    assert served.workload.ref == ref("blue")
    assert all(entry.last_seen_at <= BEGAN + latest + 5 for entry in served.history.containers)
