"""What is promised of the keeping of histories."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from probetuner.cluster.api import Api
from probetuner.cluster.errors import UnreachableError
from probetuner.controller.keeping import Keeper
from probetuner.controller.serving import Following, serve
from probetuner.facts.fact import ContainerStarted, PodRef, ProbeCounted
from probetuner.history.packing import unpack
from probetuner.history.record import WorkloadHistory
from probetuner.model.probe import ProbeType
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.loops import a_loop

WEB = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")


class Writes:
    """An API server that takes writes, or is away."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, Any]] = []
        self.away = False

    async def write(self, method: str, path: str, body: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Take a write as `Api.write` does."""
        if self.away:
            raise UnreachableError(f"the API server did not answer {method} {path}")
        self.taken.append(body)
        return {**body, "metadata": {**body["metadata"], "resourceVersion": str(len(self.taken))}}


class Bench:
    """A keeper of one workload's history, with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.server = Writes()
        self.following = Following(since=0.0, changed=lambda *_: None, loop=a_loop())
        raw = {"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "w"}}
        self.following.add(serve(raw, WorkloadHistory(), at=0.0))
        self.keeper = Keeper(cast("Api", self.server), self.following, clock=lambda: self.now, loop=a_loop())
        self._lives = 0

    def learn(self) -> None:
        """Learn something new."""
        self._lives += 1
        pod = PodRef(namespace="shop", name="web-0", uid=f"u{self._lives}", template_hash="h", workload=WEB)
        self.following.learn([ContainerStarted(at=1.0, pod=pod, container="c", restarts=0)])

    def go_on_well(self) -> None:
        """Learn that a probe succeeded once more."""
        pod = PodRef(namespace="shop", name="web-0", uid=f"u{self._lives}", template_hash="h", workload=WEB)
        counted = ProbeCounted(
            at=self.now, pod=pod, container="c", probe=ProbeType.LIVENESS, since=self.now - 10, succeeded=1, failed=0
        )
        self.following.learn([counted])

    def go_on_badly(self) -> None:
        """Learn that a probe failed once more."""
        pod = PodRef(namespace="shop", name="web-0", uid=f"u{self._lives}", template_hash="h", workload=WEB)
        counted = ProbeCounted(
            at=self.now, pod=pod, container="c", probe=ProbeType.LIVENESS, since=self.now - 10, succeeded=0, failed=1
        )
        self.following.learn([counted])

    async def pass_seconds(self, seconds: float) -> int:
        """Let time pass, look what is due, and return how many writes there were until now."""
        self.now += seconds
        await self.keeper.save_due()
        return len(self.server.taken)


async def test_a_history_is_saved_at_most_once_a_minute() -> None:
    """What is learned in between waits, and is saved with the next."""
    bench = Bench()
    bench.learn()
    assert await bench.pass_seconds(5) == 1
    bench.learn()
    assert await bench.pass_seconds(5) == 1
    bench.learn()
    assert await bench.pass_seconds(60) == 2
    assert b'"pod_uid":"u3"' in unpack(bench.server.taken[-1]["data"]["state"])


async def test_what_did_not_change_is_not_written() -> None:
    """A workload of which nothing new is known causes no writes."""
    bench = Bench()
    assert await bench.pass_seconds(600) == 0
    bench.learn()
    assert await bench.pass_seconds(600) == 1
    assert await bench.pass_seconds(600) == 1


async def test_what_could_not_be_saved_is_saved_later() -> None:
    """An API server that is away costs no history and is asked once a minute."""
    bench = Bench()
    bench.server.away = True
    bench.learn()
    assert await bench.pass_seconds(5) == 0
    bench.server.away = False
    assert await bench.pass_seconds(5) == 0
    assert await bench.pass_seconds(60) == 1


async def test_at_the_end_everything_is_saved_at_once() -> None:
    """A graceful stop does not wait for the minute."""
    bench = Bench()
    bench.learn()
    await bench.pass_seconds(5)
    bench.learn()
    await bench.keeper.save_all()

    assert len(bench.server.taken) == 2


async def test_what_happened_is_saved_before_what_merely_went_on() -> None:
    """There may not be time for all: then some minutes of successes are lost, and no kill."""
    bench = Bench()
    bench.learn()
    await bench.pass_seconds(5)
    bench.go_on_well()
    await bench.pass_seconds(70)
    bench.go_on_well()
    raw = {"kind": "Deployment", "metadata": {"name": "late", "namespace": "shop", "uid": "l"}}
    bench.following.add(serve(raw, WorkloadHistory(), at=0.0))
    pod = PodRef(namespace="shop", name="late-0", uid="u", template_hash="h", workload=replace(WEB, name="late"))
    bench.following.learn([ContainerStarted(at=1.0, pod=pod, container="c", restarts=0)])
    before = len(bench.server.taken)

    await bench.keeper.save_all()

    saved = [body["metadata"]["name"] for body in bench.server.taken[before:]]
    assert saved == ["deployment-late", "deployment-web"]


async def test_success_after_success_causes_no_writes() -> None:
    """A quiet cluster is not written to: only the first answer of a container is worth saving."""
    bench = Bench()
    bench.learn()
    bench.go_on_well()
    writes = await bench.pass_seconds(70)

    for _ in range(30):
        bench.go_on_well()
        await bench.pass_seconds(70)

    assert len(bench.server.taken) == writes == 1


async def test_what_goes_on_failing_causes_few_writes() -> None:
    """A probe that never succeeds is written down at its first failures, and then each ten minutes."""
    bench = Bench()
    bench.learn()
    for _ in range(180):
        bench.go_on_badly()
        await bench.pass_seconds(10)
    half_an_hour = len(bench.server.taken)
    for _ in range(180):
        bench.go_on_badly()
        await bench.pass_seconds(10)

    assert half_an_hour <= 9
    assert len(bench.server.taken) - half_an_hour <= 4
    served = bench.following.served[WEB]
    assert sum(run.failures for run in served.saved.containers[0].runs) >= 300


async def test_what_a_newer_version_saved_is_never_replaced() -> None:
    """What is learned beside a history that cannot be read is not saved, neither in time nor at the end."""
    bench = Bench()
    bench.following.served[WEB].history_problem = "it is in form 99"
    bench.learn()

    await bench.pass_seconds(600)
    await bench.keeper.save_all()

    assert bench.server.taken == []
