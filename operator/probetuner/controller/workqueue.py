"""The queue of what is to be looked at: level-triggered, each key once, one at a time, not before its time, and fair.

Keys belong to tenants (workloads to namespaces). Whoever has keys that are due gets its turn, however many keys others
have, and however long theirs take: a turn goes to the tenant that has had the least time of all that wait (start-time
fair queueing; Goyal, Vin, Cheng 1996). Where all looks take the same time, that is one tenant after the other. Who
has had nothing to do for a while has saved nothing up. Time is what is charged: that of decisions, which are made one
at a time and in the same order (`deciding`). A key that took long rests after it, so that one which is due at all times
(anybody can change a workload again and again) leaves the others most of the time.
"""

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Tenant = Hashable

_FIRST_RETRY_SECONDS = 1.0
_LAST_RETRY_SECONDS = 60.0
_MOST_DOUBLINGS = 10
_LEAST_SECONDS = 0.01
"""What each look counts for, besides what is charged for it: also one that costs nothing is a turn."""


REST = 9.0
"""Whatever happens to one key, its looks take a tenth of the time. A decision of five milliseconds rests for 45, one of
a second for nine: with fresh counters each ten seconds it would hardly come sooner."""


class WorkQueue(Generic[Key]):
    """Keys and when each is due. `clock` gives seconds on any monotonic scale, `tenant` whose a key is.

    No more than `most_active` keys of a tenant are given out at a time, so that others need not wait for them. Each
    rests after a look for `rest` times as long as was charged for it, also where it is to come first.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        tenant: Callable[[Key], Tenant] = lambda _: None,
        most_active: int | None = None,
        rest: float = REST,
    ) -> None:
        self._clock = clock
        self._rest = rest
        self._tenant = tenant
        self._most_active = most_active
        self._due: dict[Key, float] = {}
        self._later: list[tuple[float, int, Key]] = []
        self._order = itertools.count()
        self._ready: dict[Tenant, dict[Key, None]] = {}
        self._active: set[Key] = set()
        self._active_of: Counter[Tenant] = Counter()
        self._spent: dict[Tenant, float] = {}
        self._present = 0.0
        self._failures: dict[Key, int] = {}
        self._not_before: dict[Key, float] = {}
        self._rests_until: dict[Key, float] = {}
        self._first: set[Key] = set()
        self._first_was_last = False
        self._changed = asyncio.Event()

    def add(self, key: Key, *, delay_seconds: float = 0.0, first: bool = False) -> None:
        """Have the key looked at after the delay, or sooner if that was asked for already; a retry keeps its wait.

        With *first* it is looked at before all others that are due by then, at every other turn at least.
        """
        if first:
            self._first.add(key)
        due = self._as_soon_as_may_be(key, self._clock() + delay_seconds)
        if key in self._due and self._due[key] <= due:
            return
        self._due[key] = due
        heapq.heappush(self._later, (due, next(self._order), key))
        self._changed.set()

    async def take(self) -> Key:
        """Wait for the next key that is due; it is not given out again until it is `done` or `failed`."""
        while True:
            self._changed.clear()
            self._sort_out()
            able = [tenant for tenant in self._ready if self._may_have_another(tenant)]
            if able:
                return self._give_out(self._whose_turn(able))
            await self._wait()

    def charge(self, key: Key, seconds: float) -> None:
        """Note that a look at the key has taken so much of everybody's time."""
        self._spent[self._tenant(key)] = self.spent(key) + seconds
        if self._rest:
            self._rests_until[key] = self._clock() + self._rest * seconds

    def spent(self, key: Key) -> float:
        """How much time the key's tenant has had, or would have had if it had always waited."""
        return self._spent.get(self._tenant(key), self._present)

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
        self._due.pop(key, None)
        self.add(key, delay_seconds=wait_seconds)
        return wait_seconds

    def forget(self, key: Key) -> None:
        """Drop what is planned for the key, and its failures."""
        self._due.pop(key, None)
        self._failures.pop(key, None)
        self._not_before.pop(key, None)
        self._rests_until.pop(key, None)
        self._first.discard(key)
        self._drop_ready(key)

    def waits(self) -> bool:
        """Whether some key is due and not given out."""
        self._sort_out()
        return bool(self._ready)

    def oldest_seconds(self) -> float:
        """For how long the key that is due longest has been; 0 where none is."""
        self._sort_out()
        now = self._clock()
        return max((now - self._due[key] for ready in self._ready.values() for key in ready), default=0.0)

    def __len__(self) -> int:
        return len(self._due)

    def _sort_out(self) -> None:
        """Let those that have become due join the others of their tenant, in the order in which they did."""
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            due, _, key = heapq.heappop(self._later)
            if self._due.get(key) != due or key in self._active:
                continue  # It is due at another time by now, or has to be released first.
            tenant = self._tenant(key)
            if tenant not in self._ready:
                self._ready[tenant] = {}
                self._spent[tenant] = max(self._spent.get(tenant, 0.0), self._present)
            self._ready[tenant][key] = None

    def _whose_turn(self, able: list[Tenant]) -> Tenant:
        """Of those with a key that comes first, or of all, whoever has had the least time.

        The former only at every other turn: else a tenant whose workloads are killed all the time would come before
        all others always.
        """
        first = {self._tenant(key) for key in self._first if key in self._ready.get(self._tenant(key), ())}
        urgent = [tenant for tenant in able if tenant in first]
        self._first_was_last = bool(urgent) and not self._first_was_last
        return min(urgent if self._first_was_last else able, key=lambda tenant: self._spent[tenant])

    def _may_have_another(self, tenant: Tenant) -> bool:
        return self._most_active is None or self._active_of[tenant] < self._most_active

    def _give_out(self, tenant: Tenant) -> Key:
        """Take the tenant's next key off the plan."""
        ready = self._ready[tenant]
        first = (key for key in ready if key in self._first) if self._first else iter(ready)
        key = next(first, next(iter(ready)))
        self._drop_ready(key)
        del self._due[key]
        self._first.discard(key)
        self._active.add(key)
        self._active_of[tenant] += 1
        self._present = max(self._present, self._spent[tenant])
        self._spent[tenant] += _LEAST_SECONDS
        return key

    def _as_soon_as_may_be(self, key: Key, due: float) -> float:
        return max(due, self._not_before.get(key, due), self._rests_until.get(key, due))

    def _release(self, key: Key) -> None:
        self._active.discard(key)
        self._active_of.subtract([self._tenant(key)])
        self._active_of += Counter()  # drops what is zero
        now = self._clock()
        self._rests_until = {resting: until for resting, until in self._rests_until.items() if until > now}
        if key in self._due:
            # It may have been passed over while it was active, and has to rest.
            self._due[key] = self._as_soon_as_may_be(key, self._due[key])
            heapq.heappush(self._later, (self._due[key], next(self._order), key))
        for idle in [who for who, spent in self._spent.items() if spent <= self._present and who not in self._ready]:
            del self._spent[idle]
        self._changed.set()

    def _drop_ready(self, key: Key) -> None:
        tenant = self._tenant(key)
        ready = self._ready.get(tenant, {})
        ready.pop(key, None)
        if not ready:
            self._ready.pop(tenant, None)

    async def _wait(self) -> None:
        """Wait until something changes, or something becomes due."""
        wait_seconds = max(0.0, self._later[0][0] - self._clock()) if self._later else None
        try:
            async with asyncio.timeout(wait_seconds):
                await self._changed.wait()
        except TimeoutError:
            return
