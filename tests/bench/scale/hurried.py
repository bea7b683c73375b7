"""An event loop whose time is what this process computes, and nothing else: waiting takes none.

So a minute of a calm cluster takes as long as there is to be done in it, and others on the machine change nothing in
what is measured. What waits for a thread or an answer waits as long as that takes, while the clock stands still.
"""

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Any

_POLL_SECONDS = 0.001


class HurriedLoop(asyncio.SelectorEventLoop):
    """Time goes on with the process's own CPU time, and jumps to the next timer when there is nothing to be done.

    `busy` counts what is under way outside: threads, and whatever else is added to it.
    """

    def __init__(self) -> None:
        self.busy = 0
        self._jumped = -time.process_time()
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._jumped + time.process_time()

    def jump(self, seconds: float) -> None:
        """Let so much time pass."""
        self._jumped += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """Count what runs in threads."""
        self.busy += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._is_done)
        return future

    def _is_done(self, _: asyncio.Future[Any]) -> None:
        self.busy -= 1


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: HurriedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._loop.busy or timeout is None:
            return super().select(_POLL_SECONDS if timeout is None else min(timeout, _POLL_SECONDS))
        ready = super().select(0)
        if not ready and timeout > 0:
            self._loop.jump(timeout)
        return ready
