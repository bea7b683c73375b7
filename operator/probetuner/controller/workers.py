"""The workers that take workloads from the queue, one look each, and see to it that what fails is tried again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from probetuner.cluster.errors import ApiError
from probetuner.controller.deciding import UndecidedError
from probetuner.controller.supervising import Loop
from probetuner.controller.workqueue import WorkQueue
from probetuner.model.workload import WorkloadRef

WORKERS = 8
"""How many looks are under way at most; one worker is kept for other namespaces."""

MOST_SECONDS = 120.0
"""How long a look may take. It waits for the API server, whose answers have 15 s each, and for its turn to decide."""

_IDLE_SECONDS = 5.0

log = structlog.get_logger()

Look = Callable[[WorkloadRef], Awaitable[float | None]]


async def work(queue: WorkQueue[WorkloadRef], look: Look, *, failed: Callable[[], None], loop: Loop) -> None:
    """Look at workloads as they are due, until cancelled; `failed` is called for each look that fails.

    The loop counts as turning as long as looks come to their end, or nothing is due. One that the API server kept from
    it, by an error or by no answer in time, has come to its end too; one that waited for a decision in vain has not.
    """
    loop.beat()
    async with asyncio.TaskGroup() as group:
        for number in range(WORKERS):
            group.create_task(_work(queue, look, failed, loop), name=f"worker {number}")


async def _work(queue: WorkQueue[WorkloadRef], look: Look, failed: Callable[[], None], loop: Loop) -> None:
    while True:
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                ref = await queue.take()
        except TimeoutError:
            if not queue.waits():
                loop.beat()
            continue
        again_seconds: float | None = None
        with loop.turn(ref) as turn:
            try:
                async with asyncio.timeout(MOST_SECONDS):
                    again_seconds = await look(ref)
            except UndecidedError as problem:
                turn.failed = True
                log.warning("to be tried again", workload=str(ref), problem=str(problem))
            except (ApiError, TimeoutError) as problem:
                turn.failed = True
                loop.beat()
                said = str(problem) or f"not done within {MOST_SECONDS:.0f} s"
                log.warning("to be tried again", workload=str(ref), problem=said)
            else:
                loop.beat()
        if turn.failed:
            failed()
            queue.failed(ref)
            continue
        queue.done(ref)
        if again_seconds is not None:
            queue.add(ref, delay_seconds=again_seconds)
