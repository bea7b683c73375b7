"""What is promised of the workers that look at workloads."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from probetuner.cluster.errors import UnreachableError
from probetuner.controller.workers import work
from probetuner.controller.workqueue import WorkQueue
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.loops import a_loop

BAD, GOOD = (WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name=name) for name in ("bad", "good"))


@pytest.mark.slow
async def test_a_fault_in_one_workload_stops_no_other() -> None:
    """Whatever goes wrong with one, the others are looked at, and it is looked at again."""
    looks: list[str] = []
    done = asyncio.Event()
    faults = iter([ZeroDivisionError("a bug"), UnreachableError("no answer")])

    async def look(ref: WorkloadRef) -> float | None:
        looks.append(ref.name)
        if looks.count("good") and looks.count("bad") == 3:
            done.set()
        fault = next(faults, None) if ref is BAD else None
        if fault is not None:
            raise fault
        return None

    failures = await _work_until(done, look, [BAD, GOOD])

    assert looks.count("bad") == 3
    assert looks.count("good") == 1
    assert failures == 2


async def test_a_look_that_is_wanted_again_comes_again() -> None:
    """A look that names a time is repeated then, without anything happening."""
    done = asyncio.Event()
    looks: list[str] = []

    async def look(ref: WorkloadRef) -> float | None:
        looks.append(ref.name)
        if len(looks) == 3:
            done.set()
        return 0.01

    assert await _work_until(done, look, [GOOD]) == 0


async def _work_until(
    done: asyncio.Event, look: Callable[[WorkloadRef], Awaitable[float | None]], refs: list[WorkloadRef]
) -> int:
    """Let the workers work until something is done; returns how many looks failed."""
    clock = asyncio.get_running_loop().time
    queue: WorkQueue[WorkloadRef] = WorkQueue(clock)
    failures: list[None] = []
    for ref in refs:
        queue.add(ref)
    working = asyncio.create_task(work(queue, look, failed=lambda: failures.append(None), loop=a_loop(clock=clock)))
    async with asyncio.timeout(20):
        await done.wait()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    return len(failures)
