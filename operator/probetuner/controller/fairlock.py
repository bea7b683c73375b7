"""A lock that goes to whoever has had least of what it guards, of all who wait for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class FairLock(Generic[Key]):
    """One at a time. `spent` gives how much the bearer of a key has had; among equals, who came first is first."""

    def __init__(self, spent: Callable[[Key], float]) -> None:
        self._spent = spent
        self._taken = False
        self._waiting: dict[asyncio.Future[None], Key] = {}

    @asynccontextmanager
    async def held(self, key: Key) -> AsyncIterator[None]:
        """Hold it, once it is one's turn."""
        await self._take(key)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, key: Key) -> None:
        if not self._taken:
            self._taken = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = key
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()  # It was given just as its bearer gave up.
            raise
        finally:
            self._waiting.pop(turn, None)

    def _pass_on(self) -> None:
        """Give it to the next, or to nobody."""
        waiting = [turn for turn in self._waiting if not turn.done()]
        if not waiting:
            self._taken = False
            return
        min(waiting, key=lambda turn: self._spent(self._waiting[turn])).set_result(None)
