"""The thread in which decisions are computed, one at a time, and what each took of everybody's time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from probetuner.change.situation import Decision, Situation
from probetuner.controller.fairlock import FairLock
from probetuner.model.workload import WorkloadRef

_DECIDING_SECONDS = 90.0
"""Less than a whole look may take (`workers`), and far more than the eight decisions that it may be behind do."""


class Decide(Protocol):
    """The pure decision (`change.decide.decide`)."""

    def __call__(self, situation: Situation, now: float) -> Decision:
        """Decide what to do; `now` is epoch seconds."""
        ...


class UndecidedError(Exception):
    """A look was given up because its decision did not come: others', or its own, take too long."""


class Account(Protocol):
    """Who has had how much of the time (`workqueue.WorkQueue`)."""

    def charge(self, key: WorkloadRef, seconds: float) -> None:
        """Note that a decision about the workload has taken so long."""
        ...

    def spent(self, key: WorkloadRef) -> float:
        """How much its namespace has had, with what is under way."""
        ...


class DecisionThread:
    """Computes decisions beside everything else. `clock` gives epoch seconds, `monotonic` seconds on any such scale.

    The `account` is charged with each decision, and says whose is next. One that has not ended within `limit_seconds`
    hangs: the work of a decision is bounded, and the thread can do nothing else.
    """

    def __init__(
        self,
        decide: Decide,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        limit_seconds: float,
        account: Account,
    ) -> None:
        self._decide = decide
        self._clock = clock
        self._monotonic = monotonic
        self._limit_seconds = limit_seconds
        self._account = account
        self._one_at_a_time = FairLock(account.spent)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="decide")
        self._under_way: tuple[WorkloadRef, float] | None = None

    @asynccontextmanager
    async def turn(self, ref: WorkloadRef) -> AsyncIterator[None]:
        """Be the only one who decides; raises UndecidedError when waiting and deciding take too long together."""
        try:
            async with asyncio.timeout(_DECIDING_SECONDS), self._one_at_a_time.held(ref):
                yield
        except TimeoutError:
            raise UndecidedError(f"no decision about {ref} within {_DECIDING_SECONDS:.0f} s") from None

    async def compute(self, situation: Situation) -> Decision:
        """Decide; who does not wait for it any more is charged all the same."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._compute, situation, loop)

    def problem(self) -> str | None:
        """Return a sentence when a decision has been computed for too long."""
        under_way = self._under_way
        seconds = 0.0 if under_way is None else self._monotonic() - under_way[1]
        if under_way is None or seconds <= self._limit_seconds:
            return None
        return f"deciding about {under_way[0]} has taken {seconds:.0f} s; {self._limit_seconds:.0f} s are allowed"

    def _compute(self, situation: Situation, loop: asyncio.AbstractEventLoop) -> Decision:
        ref, began = situation.workload.ref, self._monotonic()
        self._under_way = (ref, began)
        try:
            return self._decide(situation, self._clock())
        finally:
            self._under_way = None
            with suppress(RuntimeError):  # the operator has ended meanwhile, and nobody is charged any more
                loop.call_soon_threadsafe(self._account.charge, ref, self._monotonic() - began)
