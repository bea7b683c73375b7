"""No loop of the operator ends by what one object does to it: it is passed over, counted, and the others are served."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from importlib import import_module
from operator import attrgetter
from typing import Any, cast

import pytest

from probetuner.change.enrolment import parse_policy_object
from probetuner.cluster.api import Api
from probetuner.cluster.errors import UnreachableError
from probetuner.cluster.pacing import RequestPace
from probetuner.controller import census, keeping, scraping, sweeping, trials
from probetuner.controller.intake import Intake
from probetuner.controller.keeping import Keeper
from probetuner.controller.metrics import Metrics
from probetuner.controller.outages import Outages
from probetuner.controller.scraping import Scraper
from probetuner.controller.serving import Following, serve
from probetuner.controller.supervising import Loop
from probetuner.controller.sweeping import Sweeper
from probetuner.controller.trials import Trials
from probetuner.controller.view import View
from probetuner.controller.workqueue import WorkQueue
from probetuner.facts.fact import ContainerStarted, PodRef
from probetuner.facts.page import Page
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode
from probetuner.model.workload import WorkloadKind, WorkloadRef
from probetuner.sources.endpoints import Answer, EndpointClient
from probetuner.sources.kubelet import Kubelets, parse_address
from support.loops import a_loop
from support.workloads import LIVENESS, Json, container, deployment

EVIL, GOOD = (WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name=name) for name in ("evil", "good"))


class Fault(Exception):  # noqa: N818 - it is a bug that stands for all others
    """What nobody has foreseen."""


def raw(name: str, *, version: str = "1") -> Json:
    """A Deployment that asks to be observed, with a pod's template."""
    probed = {**container(livenessProbe=LIVENESS), "ports": [{"containerPort": 80, "name": "http"}]}
    made = deployment(probed, annotations={"probetuner.dev/mode": "Observe"})
    made["metadata"] |= {
        "name": name,
        "uid": name,
        "resourceVersion": version,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    made["spec"]["selector"] = {"matchLabels": {"app": name}}
    return made


def pod(name: str, *, node: str) -> Json:
    """A running pod of that Deployment."""
    running = {"state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}, "restartCount": 0, "ready": True}
    return {
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-h-1",
            "namespace": "shop",
            "uid": f"pod-of-{name}",
            "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"pod-template-hash": "h"},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-h", "controller": True}
            ],
        },
        "spec": {"nodeName": node, "containers": raw(name)["spec"]["template"]["spec"]["containers"]},
        "status": {"podIP": "10.0.0.1", "containerStatuses": [{"name": "web", "containerID": "x://1", **running}]},
    }


class Bench:
    """Two served workloads, of which one is evil, and a loop whose failures are counted."""

    def __init__(self) -> None:
        self.failures = 0
        self.told: list[WorkloadRef] = []
        self.loop = a_loop(failed=self._count, clock=lambda: 0.0)
        self.following = Following(since=0.0, changed=lambda ref, _: self.told.append(ref), loop=self.loop)
        self.view = View(default_mode=Mode.OFF)
        for ref in (EVIL, GOOD):
            self.view.see_workload(ref, raw(ref.name))
            self.following.add(serve(raw(ref.name), WorkloadHistory(), at=0.0))
            self.following.watch(pod(ref.name, node=f"node-{ref.name}"), "ADDED", 1.0)

    def _count(self) -> None:
        self.failures += 1

    async def runs_until(self, coroutine: Any, holds: Callable[[], bool]) -> None:
        """Run a loop until something holds; it must not have ended by then."""
        task = asyncio.ensure_future(coroutine)
        async with asyncio.timeout(10):
            while not holds():
                assert not task.done(), task
                await asyncio.sleep(0.01)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def fails(monkeypatch: pytest.MonkeyPatch, place: str, *, at: str = "evil") -> None:
    """Have a function of the controller fail for whatever it is found in, where it is looked up."""
    module, _, name = place.partition(".")
    really = attrgetter(name)(import_module(f"probetuner.controller.{module}"))

    def failing(*arguments: Any, **options: Any) -> Any:
        if at in str(arguments):
            raise Fault(at)
        return really(*arguments, **options)

    monkeypatch.setattr(f"probetuner.controller.{place}", failing)


class Server:
    """Stands for the API server: both workloads, in a version that is new at each look."""

    def __init__(self) -> None:
        self.version = 1
        self.saved: list[str] = []
        self.away = False

    async def get(self, path: str, **_: Any) -> Json:
        """Read a workload, or our kind."""
        if path.startswith("/apis/probetuner.dev"):
            return {"resources": [{"name": "probepolicies"}]}
        return raw(path.rpartition("/")[2], version=str(self.version))

    async def each(self, path: str, **_: Any) -> AsyncIterator[Json]:
        """List the workloads."""
        if self.away:
            raise UnreachableError("the API server did not answer")
        self.version += 1
        if path.endswith("/deployments"):
            for name in ("evil", "good"):
                yield raw(name, version=str(self.version))
        if path.endswith("/namespaces"):
            yield {"metadata": {"name": "shop"}}

    async def write(self, _method: str, _path: str, body: Mapping[str, Any], **_: Any) -> Json:
        """Take a history."""
        self.saved.append(body["metadata"]["name"])
        return {**body, "metadata": {**body["metadata"], "resourceVersion": "1"}}


async def test_sweeping_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A workload that cannot be read keeps neither this sweep from the others nor the next from coming."""
    bench, server = Bench(), Server()
    sweeper = Sweeper(cast("Api", server), bench.view, bench.following, look_at=lambda _: None, loop=bench.loop)
    fails(monkeypatch, "serving.parse_workload")
    monkeypatch.setattr(sweeping, "_INTERVAL_SECONDS", 0.01)

    await bench.runs_until(sweeper.run(), lambda: bench.failures >= 3)

    assert int(bench.following.served[GOOD].workload.resource_version) > 1
    assert bench.following.served[EVIL].workload.resource_version == "1"


async def test_a_census_goes_on_and_one_that_fails_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start as later; what was not understood of one object is no reason to know nothing of the others."""
    bench, server = Bench(), Server()
    view = View(default_mode=Mode.OFF)
    sweeper = Sweeper(cast("Api", server), view, bench.following, look_at=lambda _: None, loop=bench.loop)
    monkeypatch.setattr(sweeping, "_FIRST_WAIT_SECONDS", 0.01)
    fails(monkeypatch, "census.known_of")

    await asyncio.wait_for(sweeper.begin(), 10)

    assert set(view.workloads) == {GOOD}
    assert bench.failures == 1

    tries = iter([Fault("a bug"), None])

    async def take_census(*_: Any, **__: Any) -> Any:
        fault = next(tries)
        if fault is not None:
            raise fault
        return await census.take_census(cast("Api", server), bench.loop)

    monkeypatch.setattr(sweeping, "take_census", take_census)
    again = Sweeper(cast("Api", server), view, bench.following, look_at=lambda _: None, loop=bench.loop)

    await asyncio.wait_for(again.begin(), 10)

    assert again.problem is None


async def test_saving_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history that cannot be written down keeps no other from being saved, also at the end."""
    bench, server = Bench(), Server()
    keeper = Keeper(cast("Api", server), bench.following, clock=lambda: 1_000_000.0, loop=bench.loop)
    fails(monkeypatch, "keeping.histories.save")
    monkeypatch.setattr(keeping, "_LOOK_SECONDS", 0.01)

    await bench.runs_until(keeper.run(), lambda: bench.failures >= 1 and len(server.saved) >= 1)
    bench.following.learn([started(ref, number=2) for ref in (EVIL, GOOD)])
    await keeper.save_all()

    assert server.saved == ["deployment-good"] * 2


def started(ref: WorkloadRef, *, number: int) -> ContainerStarted:
    of = PodRef(
        namespace="shop", name=f"{ref.name}-{number}", uid=f"{ref.name}-{number}", template_hash="h", workload=ref
    )
    return ContainerStarted(at=2.0, pod=of, container="web", restarts=0)


async def test_scraping_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node whose pages nobody can read is asked again, and the other is asked all the while."""
    bench, asked = Bench(), []

    class Pages:
        threads = None

        async def read(self, address: Any, *_: Any) -> Page:
            asked.append(str(address))
            if "10.9.9.9" in str(address):
                raise Fault("evil")
            return Page(text="")

    monkeypatch.setattr(scraping, "_LOOK_SECONDS", 0.01)
    scraper = Scraper(
        bench.following,
        cast("Kubelets", Pages()),
        Metrics(),
        interval_seconds=0.01,
        clock=lambda: 1.0,
        loop=bench.loop,
    )
    for node, address in (("node-evil", "10.9.9.9"), ("node-good", "10.0.0.1")):
        scraper.addresses[node] = address_of(node, address)

    await bench.runs_until(scraper.run(), lambda: bench.failures >= 3 and len(asked) >= 10)

    assert any("10.0.0.1" in each for each in asked[-6:])


def address_of(node: str, address: str) -> Any:
    status = {"addresses": [{"type": "InternalIP", "address": address}]}
    return parse_address({"kind": "Node", "metadata": {"name": node}, "status": status})


@pytest.mark.parametrize(("place", "at"), [("trials._questions", "evil"), ("trials.consents", "4242")])
async def test_trying_goes_on(monkeypatch: pytest.MonkeyPatch, place: str, at: str) -> None:
    """A workload whose trials fail, or of which it cannot even be said whether it consents, is alone with that."""
    bench, asked = Bench(), []

    class Client:
        async def ask(self, *_: Any, **__: Any) -> Answer:
            asked.append(1)
            return Answer(seconds=0.001)

    for ref, cooldown in ((EVIL, 4242), (GOOD, 60)):
        target = {"targetRef": {"kind": "Deployment", "name": ref.name}}
        spec = {**target, "endpoints": {"discovery": True}, "apply": {"cooldownSeconds": cooldown}}
        metadata = {"namespace": "shop", "name": f"of-{ref.name}"}
        bench.view.see_policy(parse_policy_object({"metadata": metadata, "spec": spec}))
    monkeypatch.setattr(trials, "_LOOK_SECONDS", 0.01)
    fails(monkeypatch, place, at=at)
    trying = Trials(
        bench.view,
        bench.following,
        Outages(cast("Api", Server()), clock=lambda: 0.0),
        cast("EndpointClient", Client()),
        Metrics(),
        pace=RequestPace(per_second=10_000.0, burst=1, clock=lambda: 0.0),
        clock=lambda: 1.0,
        loop=bench.loop,
        interval_seconds=0.01,
    )

    await bench.runs_until(trying.run(), lambda: bench.failures >= 3 and len(asked) >= 10)


async def test_watching_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that a watch told of and nobody can take in does not keep the next from being taken in."""
    bench = Bench()
    queue: WorkQueue[WorkloadRef] = WorkQueue(lambda: 0.0)
    intake = Intake(
        bench.view,
        bench.following,
        cast("Scraper", None),
        queue,
        relisted=lambda: None,
        clock=lambda: 1.0,
        loop=bench.loop,
    )
    fails(monkeypatch, "serving.parse_workload")

    for ref in (EVIL, GOOD):
        intake.receive("deployments", raw(ref.name, version="7"), "MODIFIED")
    await asyncio.sleep(0)

    assert bench.failures == 1
    assert bench.following.served[GOOD].workload.resource_version == "7"


def test_learning_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact that a history cannot take in does not keep the others of the same page from theirs."""
    bench = Bench()
    bench.told.clear()
    fails(monkeypatch, "serving.observe", at="name='evil'")

    bench.following.learn([started(EVIL, number=2), started(GOOD, number=2)])

    assert (bench.failures, bench.told) == (1, [GOOD])


def test_what_fails_with_every_event_fills_no_log(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told once a minute for each object, and counted each time."""
    now, failures = [0.0], [0]

    def failed() -> None:
        failures[0] += 1

    loop = Loop("watching", limit_seconds=1.0, clock=lambda: now[0], failed=failed)
    for second in range(120):
        now[0] = float(second)
        for about in ("evil", "other"):
            with loop.turn(about) as turn:
                raise Fault(about)
            assert turn.failed

    assert failures == [240]
    assert capsys.readouterr().out.count("passed over") == 4
