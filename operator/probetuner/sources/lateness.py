"""How late this process gets to what is due, measured while it waits for somebody else.

Who asks and is busy, or gets no CPU, sees slow answers and timeouts that are its own.
"""

import asyncio
from typing import Self

_BEAT_SECONDS = 0.05
_USUAL_SECONDS = 0.02
"""Another thread that computes makes a beat that late (sys.getswitchinterval is 5 ms); no answer suffers from it."""


class Lateness:
    """Beats on the running event loop from entry to exit; `seconds` adds up by how much they were unusually late."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> Self:
        self._set()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._note()

    def _set(self) -> None:
        self._due = self._loop.time() + _BEAT_SECONDS
        self._timer = self._loop.call_at(self._due, self._beat)

    def _beat(self) -> None:
        self._note()
        self._set()

    def _note(self) -> None:
        self.seconds += max(0.0, self._loop.time() - self._due - _USUAL_SECONDS)
