"""The queue of what is to be looked at: level-triggered, each key once, one at a time, not before its time."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

_FIRST_RETRY_SECONDS = 1.0
_LAST_RETRY_SECONDS = 60.0
_MOST_DOUBLINGS = 10


class WorkQueue(Generic[Key]):
    """Keys and when each is due. `clock` gives seconds on any monotonic scale."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._order = itertools.count()
        self._active: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._not_before: dict[Key, float] = {}
        self._first: set[Key] = set()
        self._changed = asyncio.Event()

    def add(self, key: Key, *, delay_seconds: float = 0.0, first: bool = False) -> None:
        """Have the key looked at after the delay, or sooner if that was asked for already; a retry keeps its wait.

        With *first* it is looked at before all others that are due by then.
        """
        if first:
            self._first.add(key)
        due = max(self._clock() + delay_seconds, self._not_before.get(key, 0.0))
        if key in self._due and self._due[key] <= due:
            return
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._order), key))
        self._changed.set()

    async def take(self) -> Key:
        """Wait for the next key that is due; it is not given out again until it is `done` or `failed`."""
        while True:
            self._changed.clear()
            key, wait_seconds = self._next()
            if key is not None:
                return key
            await self._wait(wait_seconds)

    def done(self, key: Key) -> None:
        """Note that the key was dealt with."""
        self._release(key)
        self._failures.pop(key, None)
        self._not_before.pop(key, None)

    def failed(self, key: Key) -> float:
        """Have the key looked at again later, each time twice as late; returns the wait in seconds."""
        self._release(key)
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        wait_seconds = min(_LAST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2.0 ** min(failures, _MOST_DOUBLINGS))
        self._not_before[key] = self._clock() + wait_seconds
        if key in self._due:
            del self._due[key]
        self.add(key, delay_seconds=wait_seconds)
        return wait_seconds

    def forget(self, key: Key) -> None:
        """Drop what is planned for the key, and its failures."""
        self._due.pop(key, None)
        self._failures.pop(key, None)
        self._not_before.pop(key, None)
        self._first.discard(key)

    def __len__(self) -> int:
        return len(self._due)

    def _release(self, key: Key) -> None:
        self._active.discard(key)
        if key in self._due:
            # It may have been passed over while it was active.
            heapq.heappush(self._heap, (self._due[key], next(self._order), key))
        self._changed.set()

    def _next(self) -> tuple[Key | None, float | None]:
        """The first key that is due and not active, else how long there is none."""
        key = next((key for key in self._first if key not in self._active and self._is_due(key)), None)
        if key is not None:
            return self._give_out(key), None
        while self._heap:
            due, _, key = self._heap[0]
            if self._due.get(key) != due or key in self._active:
                heapq.heappop(self._heap)
                continue
            wait_seconds = due - self._clock()
            if wait_seconds > 0:
                return None, wait_seconds
            heapq.heappop(self._heap)
            return self._give_out(key), None
        return None, None

    def _is_due(self, key: Key) -> bool:
        return self._due.get(key, float("inf")) <= self._clock()

    def _give_out(self, key: Key) -> Key:
        """Take the key off the plan; what is left of it in the heap is passed over there."""
        del self._due[key]
        self._first.discard(key)
        self._active.add(key)
        return key

    async def _wait(self, wait_seconds: float | None) -> None:
        try:
            async with asyncio.timeout(wait_seconds):
                await self._changed.wait()
        except TimeoutError:
            return
