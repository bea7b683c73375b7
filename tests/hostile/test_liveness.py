"""/livez says when the operator does nothing any more, and is content when it only cannot reach the API server."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import cast

import pytest

from probetuner.change.situation import Decision, Situation
from probetuner.cluster.errors import UnreachableError
from probetuner.controller import workers
from probetuner.controller.deciding import Account, DecisionThread, UndecidedError
from probetuner.controller.supervising import Loop
from probetuner.controller.workers import WORKERS, work
from probetuner.controller.workqueue import WorkQueue
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.loops import a_loop

LIMIT_SECONDS = 1.0
Look = Callable[[WorkloadRef], Awaitable[float | None]]


def workloads(namespace: str, count: int) -> list[WorkloadRef]:
    return [
        WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace=namespace, name=f"w{number}") for number in range(count)
    ]


class Bench:
    """The workers at work on a queue, with limits of a second in place of minutes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refs: list[WorkloadRef]) -> None:
        monkeypatch.setattr(workers, "MOST_SECONDS", 0.6)
        monkeypatch.setattr(workers, "_IDLE_SECONDS", 0.1)
        monkeypatch.setattr("probetuner.controller.workqueue._FIRST_RETRY_SECONDS", 0.01)
        monkeypatch.setattr("probetuner.controller.workqueue._LAST_RETRY_SECONDS", 0.1)
        self.queue: WorkQueue[WorkloadRef] = WorkQueue(
            time.monotonic, tenant=lambda ref: ref.namespace, most_active=WORKERS - 1
        )
        self.loop: Loop = a_loop(clock=time.monotonic, limit_seconds=LIMIT_SECONDS)
        for ref in refs:
            self.queue.add(ref)

    async def run(self, look: Look, *, until: Callable[[], bool], seconds: float = 20.0) -> bool:
        """Look until something holds; returns whether it did within that time."""
        working = asyncio.create_task(work(self.queue, look, failed=lambda: None, loop=self.loop))
        deadline = time.monotonic() + seconds
        while not until() and time.monotonic() < deadline:
            assert not working.done()
            await asyncio.sleep(0.02)
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        return until()


@pytest.mark.slow
async def test_it_complains_when_nothing_is_decided_although_the_queue_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks that wait for a decision in vain, one after the other, are no sign of life."""
    bench = Bench(monkeypatch, workloads("shop", 40))

    async def look(ref: WorkloadRef) -> float | None:
        await asyncio.sleep(0.2)
        raise UndecidedError(f"no decision about {ref}")

    assert await bench.run(look, until=lambda: bench.loop.problem() is not None)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["refused", "silent"])
async def test_an_api_server_that_is_away_is_no_reason(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Whether it refuses or does not answer: a restart would not bring it back."""
    bench, looks = Bench(monkeypatch, workloads("shop", 10)), Counter[str]()

    async def look(ref: WorkloadRef) -> float | None:
        looks[ref.name] += 1
        if how == "silent":
            await asyncio.sleep(60)
        raise UnreachableError("the API server did not answer")

    complained = await bench.run(look, until=lambda: bench.loop.problem() is not None, seconds=3 * LIMIT_SECONDS)

    assert not complained
    assert sum(looks.values()) > 10


@pytest.mark.slow
async def test_nothing_to_do_is_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quiet cluster has nothing due for hours."""
    bench = Bench(monkeypatch, [])

    async def look(_: WorkloadRef) -> float | None:
        return None

    assert not await bench.run(look, until=lambda: bench.loop.problem() is not None, seconds=2 * LIMIT_SECONDS)


def thread(decide: Callable[..., Decision], account: Account) -> DecisionThread:
    return DecisionThread(
        decide, clock=time.time, monotonic=time.monotonic, limit_seconds=LIMIT_SECONDS, account=account
    )


def about(ref: WorkloadRef) -> Situation:
    return cast("Situation", SimpleNamespace(workload=SimpleNamespace(ref=ref)))


@pytest.mark.slow
async def test_it_complains_when_a_decision_hangs() -> None:
    """Also where nobody waits for it any more, and says which it is; when it has ended, all is well."""
    (ref,) = workloads("shop", 1)
    may_end = threading.Event()

    def decide(_: Situation, _now: float) -> Decision:
        assert may_end.wait(20)
        return Decision(status={})

    deciding = thread(decide, WorkQueue(time.monotonic))
    with suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await deciding.compute(about(ref))
    assert deciding.problem() is None
    deadline = time.monotonic() + 20
    while (problem := deciding.problem()) is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    assert str(ref) in problem

    may_end.set()
    while deciding.problem() is not None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("namespaces", "times"), [(20, 10), (1, 5)])
async def test_others_are_decided_upon_beside_one_tenant_with_many_slow_ones(
    monkeypatch: pytest.MonkeyPatch, namespaces: int, times: int
) -> None:
    """Sixty workloads of one namespace that take long do not keep twenty others that take little.

    In the order in which they are due, which was the queue's, these would have one turn for three of the slow ones. One
    worker of eight is always for another namespace, so where all others are in one they have seven turns for one.
    """
    quick = [ref for number in range(namespaces) for ref in workloads(f"shop-{number}", 20 // namespaces)]
    bench, decided = Bench(monkeypatch, [*workloads("greedy", 60), *quick]), Counter[str]()
    monkeypatch.setattr(workers, "MOST_SECONDS", 60.0)

    def decide(situation: Situation, _: float) -> Decision:
        tenant = situation.workload.ref.namespace.partition("-")[0]
        if tenant == "greedy":
            time.sleep(0.2)
        decided[tenant] += 1
        return Decision(status={})

    deciding = thread(decide, bench.queue)

    async def look(ref: WorkloadRef) -> float | None:
        async with deciding.turn(ref):
            await deciding.compute(about(ref))
        return 0.0

    await bench.run(look, until=lambda: decided["greedy"] >= 10)

    assert decided["shop"] >= times * decided["greedy"]
    assert bench.loop.problem() is None


async def test_who_gave_up_waiting_is_charged_all_the_same() -> None:
    """Else a tenant whose decisions take longer than a look may would have its turns for nothing."""
    (ref,) = workloads("greedy", 1)
    account: WorkQueue[WorkloadRef] = WorkQueue(time.monotonic)

    def decide(_: Situation, _now: float) -> Decision:
        time.sleep(0.3)
        return Decision(status={})

    deciding = thread(decide, account)
    with suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await deciding.compute(about(ref))
    deadline = time.monotonic() + 20
    while not account.spent(ref):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)

    assert account.spent(ref) >= 0.3
