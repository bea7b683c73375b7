"""Endpoints are tried with the user's consent only, slowly, and never two at once in one pod."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import structlog

from probetuner.change.enrolment import parse_policy_object
from probetuner.cluster.errors import StatusError
from probetuner.cluster.pacing import RequestPace
from probetuner.controller.metrics import Metrics
from probetuner.controller.outages import Outages
from probetuner.controller.serving import Following, serve
from probetuner.controller.trials import MOST_PODS, Trials
from probetuner.controller.view import View
from probetuner.facts.fact import FailureCause
from probetuner.history.record import WorkloadHistory
from probetuner.model.endpoint import Endpoint, name_of
from probetuner.model.mode import Mode
from probetuner.model.workload import WorkloadKind, WorkloadRef
from probetuner.sources.endpoints import Answer
from support.loops import a_loop

WEB = WorkloadRef(kind=WorkloadKind.STATEFUL_SET, namespace="shop", name="web")
DISCOVERY = {"endpoints": {"discovery": True}}
CANDIDATE = {"candidates": [{"httpGet": {"path": "/alive", "port": 8080}}]}
SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"


def waiting() -> dict[str, Any]:
    return {"name": "web", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}


class Asked:
    """Stands for the pods: notes who was asked what, and how many at once."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, str]] = []
        self.timeouts: dict[str, float] = {}
        self.absent: set[str] = set()
        self.late_seconds = 0.0
        self.most_at_once = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._now: dict[str, int] = {}

    async def ask(self, endpoint: Endpoint, *, address: str, port: int, timeout_seconds: float) -> Answer:
        """Answer well, but for what is absent."""
        assert port == 8080
        name = name_of(endpoint)
        self.questions.append((address, name))
        self.timeouts[name] = timeout_seconds
        self._now[address] = self._now.get(address, 0) + 1
        self.most_at_once = max(self.most_at_once, self._now[address])
        await asyncio.sleep(0)
        await self.may_answer.wait()
        self._now[address] -= 1
        if name in self.absent:
            return Answer(seconds=0.001, cause=FailureCause.HTTP_STATUS, client_error=True)
        return Answer(seconds=self.late_seconds + 0.001, late_seconds=self.late_seconds)

    @property
    def names(self) -> set[str]:
        """Which endpoints were asked."""
        return {name for _, name in self.questions}


class Listing:
    """Stands for the API server: the EndpointSlices of a namespace."""

    def __init__(self) -> None:
        self.ready: dict[str, bool] = {}
        self.problem: StatusError | None = None
        self.reads = 0

    async def each(self, path: str) -> Any:
        """List them."""
        assert path == SLICES
        self.reads += 1
        if self.problem is not None:
            raise self.problem
        for service, ready in self.ready.items():
            yield endpoint_slice(service, ready=ready)


class Bench:
    """A StatefulSet with four pods, its policy, and what tries its endpoints. `now` is epoch seconds."""

    def __init__(self, spec: Mapping[str, Any] | None, *, mode: str = "Observe") -> None:
        self.now = 1_000.0
        self.asked, self.listing, self.metrics = Asked(), Listing(), Metrics()
        self.view = View(default_mode=Mode.OFF)
        self.following = Following(since=0.0, changed=lambda *_: None, loop=a_loop())
        self.view.see_workload(WEB, workload())
        if spec is not None:
            self.view.see_policy(parse_policy_object(policy({**spec, "mode": mode})))
        self.following.add(serve(workload(), WorkloadHistory(), at=0.0))
        for number in range(4):
            self.see(pod(number))
        self.outages = Outages(self.listing, clock=lambda: self.now)  # type: ignore[arg-type] # only lists are asked for
        self.trials = Trials(
            self.view,
            self.following,
            self.outages,
            self.asked,  # type: ignore[arg-type] # it asks nobody
            self.metrics,
            pace=RequestPace(per_second=10_000.0, burst=1, clock=time.monotonic),
            clock=lambda: self.now,
            loop=a_loop(),
            interval_seconds=0.01,
        )

    def see(self, raw: Mapping[str, Any]) -> None:
        """Take in a pod."""
        self.following.watch(raw, "ADDED", 100.0)

    async def rounds(self, number: int, *, also_absent: bool = False) -> None:
        """Try so often, ten seconds apart."""
        for _ in range(number):
            await self.trials.try_once(WEB, also_absent=also_absent)
            self.now += 10.0

    @property
    def trial(self) -> Any:
        """What is remembered of /alive."""
        return self.following.served[WEB].history.containers[0].trials["httpGet :8080/alive"]


@pytest.mark.parametrize("spec", [None, {}, {"endpoints": {"discovery": False}}])
async def test_without_consent_nothing_is_asked(spec: Mapping[str, Any] | None) -> None:
    """A policy that does not speak of endpoints, or says no, permits nothing."""
    bench = Bench(spec)

    await bench.rounds(2)

    assert bench.asked.questions == []
    assert bench.listing.reads == 0


async def test_candidates_alone_are_asked_where_nothing_else_was_permitted() -> None:
    """Naming one endpoint is no permission to look for others."""
    bench = Bench(CANDIDATE)

    await bench.rounds(1)

    assert bench.asked.names == {"httpGet :8080/alive"}


async def test_three_pods_are_asked_one_question_at_a_time() -> None:
    """The oldest three of four, at their own addresses."""
    bench = Bench(DISCOVERY)

    await bench.rounds(1)

    assert {address for address, _ in bench.asked.questions} == {f"10.0.0.{number}" for number in range(MOST_PODS)}
    assert len(bench.asked.questions) == MOST_PODS * len(bench.asked.names)
    assert bench.asked.most_at_once == 1


@pytest.mark.parametrize(
    "change",
    [
        {"status": {"podIP": "127.0.0.1"}},
        {"status": {"podIP": "169.254.169.254"}},
        {"status": {"podIP": "::1"}},
        {"status": {"podIP": ""}},
        {"spec": {"hostNetwork": True}},
        {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
        {"status": {"podIP": "10.0.0.9", "containerStatuses": [waiting()]}},
    ],
    ids=["loopback", "metadata service", "loopback v6", "none", "the node's", "being deleted", "not running"],
)
async def test_only_a_running_pods_own_address_is_asked(change: Mapping[str, Any]) -> None:
    """Whatever a status claims, nothing of the machine's own is."""
    bench = Bench(CANDIDATE)
    for number in range(4):
        raw = pod(number)
        bench.see({**raw, **{name: {**raw[name], **part} for name, part in change.items()}})

    await bench.rounds(1)

    assert bench.asked.questions == []


async def test_a_pod_that_goes_is_asked_no_more() -> None:
    """Its address may be another's by the time of the next question."""
    bench = Bench(DISCOVERY)
    bench.asked.may_answer.clear()
    first = asyncio.create_task(bench.rounds(1))
    await until(lambda: len(bench.asked.questions) == MOST_PODS)

    bench.following.watch(pod(0), "DELETED", 100.0)
    bench.see({**pod(1), "status": {**pod(1)["status"], "podIP": "10.0.0.9"}})
    bench.asked.may_answer.set()
    await first

    asked = [address for address, _ in bench.asked.questions]
    assert (asked.count("10.0.0.0"), asked.count("10.0.0.1"), asked.count("10.0.0.9")) == (1, 1, 0)
    assert asked.count("10.0.0.2") == len(bench.asked.names)


async def test_what_is_not_served_is_seldom_asked_again() -> None:
    """After a few answers that it is not there, only now and then."""
    bench = Bench(DISCOVERY)
    bench.asked.absent = {"httpGet :http/ping"}
    await bench.rounds(12)
    bench.asked.questions.clear()

    await bench.rounds(1)
    assert "httpGet :http/ping" not in bench.asked.names
    assert "httpGet :http/healthz" in bench.asked.names

    await bench.rounds(1, also_absent=True)
    assert "httpGet :http/ping" in bench.asked.names


async def test_each_is_given_the_time_that_a_probe_would_give_it() -> None:
    """What a probe asks has that probe's timeout, the others that of the probe whose place they might take."""
    bench = Bench(DISCOVERY)

    await bench.rounds(1)

    assert bench.asked.timeouts["httpGet :http/ready"] == 7.0
    assert bench.asked.timeouts["httpGet :http/healthz"] == 2.0


async def test_a_service_that_went_out_is_told_with_the_attempts() -> None:
    """One that was never backed is not, and neither is one that sends traffic to these very pods."""
    bench = Bench(CANDIDATE)
    bench.listing.ready = {"db": True, "unused": False, "web": True}
    await bench.rounds(5)
    bench.listing.ready = {"db": False, "unused": False, "web": False}
    await bench.rounds(8)

    assert set(bench.trial.services) == {"db"}
    assert bench.trial.services["db"].attempts == 15
    assert bench.listing.reads == 13


async def test_without_the_right_to_look_no_service_is_blamed() -> None:
    """It is told once, and everything else goes on."""
    bench = Bench(CANDIDATE)
    bench.listing.problem = StatusError(403, "Forbidden", "endpointslices is forbidden")

    with structlog.testing.capture_logs() as logs:
        await bench.rounds(6)

    assert [line["problem"] for line in logs] == ["endpointslices is forbidden (HTTP 403)"]
    assert bench.trial.calm.succeeded == 9
    assert not bench.trial.services


@pytest.mark.slow
async def test_trying_begins_and_ends_with_the_consent() -> None:
    """Each served workload with consent has its own task, which goes when the consent does."""
    bench = Bench(CANDIDATE)
    running = asyncio.create_task(bench.trials.run())
    await until(lambda: bool(bench.asked.questions))

    bench.view.see_policy(parse_policy_object(policy({"mode": "Observe"}, version="2")))
    await until(lambda: not any(task.get_name().startswith("try ") for task in asyncio.all_tasks()))

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - several loops of the code under test turn meanwhile
            await asyncio.sleep(0.01)


async def test_attempts_are_counted() -> None:
    """By what came of them, and how long they took."""
    bench = Bench(DISCOVERY)
    bench.asked.absent = {"httpGet :http/ping"}

    await bench.rounds(1)

    page = bench.metrics.page().decode()
    assert 'probetuner_endpoint_attempts_total{result="http-status"} 3.0' in page
    assert 'probetuner_endpoint_attempt_duration_seconds_bucket{le="0.005"}' in page


async def test_what_the_operator_itself_was_late_for_says_nothing_of_an_endpoint() -> None:
    """It is counted apart, and asked again in the next round."""
    bench = Bench(CANDIDATE)
    bench.asked.late_seconds = 0.6
    await bench.rounds(6)
    assert not bench.following.served[WEB].history.containers[0].trials
    assert 'probetuner_endpoint_attempts_total{result="heard-late"} 18.0' in bench.metrics.page().decode()

    bench.asked.late_seconds = 0.0
    await bench.rounds(6)
    assert bench.trial.calm.succeeded == 9


def workload() -> dict[str, Any]:
    container = {
        "name": "web",
        "ports": [{"containerPort": 8080, "name": "http"}],
        "livenessProbe": {"exec": {"command": ["true"]}, "timeoutSeconds": 2},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "timeoutSeconds": 7},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1"},
        "spec": {"replicas": 4, "template": {"spec": {"containers": [container]}}},
    }


def policy(spec: Mapping[str, Any], *, version: str = "1") -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "name": "mine", "resourceVersion": version},
        "spec": {"targetRef": {"kind": "StatefulSet", "name": "web"}, **spec},
    }


def pod(number: int) -> dict[str, Any]:
    status = {"name": "web", "ready": True, "started": True, "restartCount": 0}
    running = {"startedAt": "1970-01-01T00:01:00Z"}
    return {
        "kind": "Pod",
        "metadata": {
            "namespace": "shop",
            "name": f"web-{number}",
            "uid": f"u{number}",
            "creationTimestamp": f"1970-01-01T00:00:0{number + 1}Z",
            "labels": {"controller-revision-hash": "h"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "controller": True}],
        },
        "spec": {"nodeName": "node-1", "containers": workload()["spec"]["template"]["spec"]["containers"]},
        "status": {
            "podIP": f"10.0.0.{number}",
            "containerStatuses": [{**status, "containerID": f"x://{number}", "state": {"running": running}}],
        },
    }


def endpoint_slice(service: str, *, ready: bool) -> dict[str, Any]:
    uid = "u0" if service == "web" else f"of-{service}"
    return {
        "metadata": {"labels": {"kubernetes.io/service-name": service}},
        "endpoints": [{"conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "uid": uid}}],
    }
