"""The workers that take workloads from the queue, one look each, and see to it that what fails is tried again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from probetuner.cluster.errors import ApiError
from probetuner.controller.heartbeat import Heartbeat
from probetuner.controller.workqueue import WorkQueue
from probetuner.model.workload import WorkloadRef

_WORKERS = 4
_LOOK_SECONDS = 5.0
MOST_SECONDS = 120.0

log = structlog.get_logger()

Look = Callable[[WorkloadRef], Awaitable[float | None]]


async def work(queue: WorkQueue[WorkloadRef], look: Look, *, failed: Callable[[], None], heartbeat: Heartbeat) -> None:
    """Look at workloads as they are due, until cancelled; `failed` is called for each look that fails."""
    async with asyncio.TaskGroup() as group:
        for number in range(_WORKERS):
            group.create_task(_work(queue, look, failed, heartbeat), name=f"worker {number}")


async def _work(queue: WorkQueue[WorkloadRef], look: Look, failed: Callable[[], None], heartbeat: Heartbeat) -> None:
    while True:
        heartbeat.beat()
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                ref = await queue.take()
        except TimeoutError:
            continue
        try:
            async with asyncio.timeout(MOST_SECONDS):
                again_seconds = await look(ref)
        except Exception as problem:  # noqa: BLE001 - a fault in one workload, of whatever kind, never stops the others
            failed()
            _report(ref, problem, queue.failed(ref))
        else:
            queue.done(ref)
            if again_seconds is not None:
                queue.add(ref, delay_seconds=again_seconds)


def _report(ref: WorkloadRef, problem: Exception, wait_seconds: float) -> None:
    if isinstance(problem, ApiError | TimeoutError):
        said = str(problem) or f"not done within {MOST_SECONDS:.0f} s"
        log.warning("to be tried again", workload=str(ref), problem=said, seconds=wait_seconds)
    else:
        log.error("failed, to be tried again", workload=str(ref), seconds=wait_seconds, exc_info=problem)
