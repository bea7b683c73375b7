"""What is promised of the mass guard."""

from collections.abc import Mapping
from typing import Any, cast

from probetuner.change.enrolment import parse_policy_object
from probetuner.cluster.api import Api
from probetuner.cluster.errors import UnreachableError
from probetuner.controller.guarding import Guard
from probetuner.controller.metrics import Metrics
from probetuner.controller.serving import Following, Served, serve
from probetuner.diagnosis.mass import MassRule
from probetuner.history.record import WorkloadHistory
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.facts import CONTAINER, T0, killed, pod, remember, started
from support.loops import a_loop

WEB = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")
POLICY = parse_policy_object(
    {
        "metadata": {"name": "deployment-web", "namespace": "shop", "uid": "p"},
        "spec": {"targetRef": {"kind": "Deployment", "name": "web"}},
    }
)
SERIES = b'probetuner_mass_killed{kind="Deployment",name="web",namespace="shop"}'


class Bench:
    """A guard of one workload of two replicas, with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = T0 + 10.0
        self.away = False
        self.events: list[str] = []
        self.metrics = Metrics()
        following = Following(since=0.0, changed=lambda *_: None, loop=a_loop())
        following.add(_served())
        self.served = following.served[WEB]
        self.guard = Guard(MassRule(), cast("Api", self), following, self.metrics, clock=lambda: self.now)

    async def write(self, method: str, path: str, body: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Take an Event as `Api.write` does."""
        if self.away:
            raise UnreachableError(f"the API server did not answer {method} {path}")
        self.events.append(f"{body['involvedObject']['kind']} {body['reason']}: {body['message']}")
        return dict(body)

    def kill_both(self) -> None:
        """Let liveness kill both replicas."""
        pods = (pod("web-a"), pod("web-b"))
        facts = [fact for of in pods for fact in (started(0.0, of=of), killed(self.now - T0, of=of))]
        self.served.history = remember(facts)


async def test_it_is_urgent_until_it_was_told_and_first_until_it_is_over() -> None:
    """One Event on each of workload and policy and one count for all of it; the gauge shows how long it lasts."""
    bench = Bench()
    await bench.guard.tell(bench.served, POLICY)
    assert not bench.guard.begins(WEB)

    bench.kill_both()
    assert bench.guard.begins(WEB)
    for _ in range(3):
        await bench.guard.tell(bench.served, POLICY)
        assert (bench.guard.begins(WEB), bench.guard.comes_first(WEB)) == (False, True)

    said = "MassKill: the liveness probe killed 2 of 2 replicas within 5 min (web-a, web-b)"
    for event, kind in zip(bench.events, ("Deployment", "ProbePolicy"), strict=True):
        assert event.startswith(f"{kind} {said}")
    assert SERIES + b" 1.0" in bench.metrics.page()
    assert b"probetuner_mass_kills_total 1.0" in bench.metrics.page()
    assert bench.guard.ends_in_seconds(WEB) == 300.0
    bench.now += 301.0
    await bench.guard.tell(bench.served, POLICY)
    assert not bench.guard.comes_first(WEB)
    assert bench.guard.ends_in_seconds(WEB) is None
    assert SERIES + b" 0.0" in bench.metrics.page()


async def test_an_event_that_cannot_be_posted_holds_nothing_up() -> None:
    """The metric and the urgency do not wait for the API server."""
    bench = Bench()
    bench.away = True
    bench.kill_both()

    await bench.guard.tell(bench.served, POLICY)

    assert bench.guard.comes_first(WEB)
    assert SERIES + b" 1.0" in bench.metrics.page()


async def test_nothing_is_left_of_a_workload_that_is_not_served_any_more() -> None:
    """Neither the metric nor the urgency stay behind."""
    bench = Bench()
    bench.kill_both()
    await bench.guard.tell(bench.served, POLICY)

    bench.guard.forget(WEB)
    bench.metrics.forget(WEB)

    assert not bench.guard.comes_first(WEB)
    assert SERIES not in bench.metrics.page()


def _served() -> Served:
    container = {"name": CONTAINER, "livenessProbe": {"httpGet": {"path": "/", "port": 80}}}
    raw = {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "w"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [container]}}},
    }
    return serve(raw, WorkloadHistory(), at=0.0)
