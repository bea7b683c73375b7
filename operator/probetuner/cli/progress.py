"""A bar for whoever waits at a terminal, on standard error and only when there is something to wait for."""

import sys
import threading
from collections.abc import Iterator, Sequence
from importlib import import_module
from types import TracebackType
from typing import Any, Self, TypeVar

_PATIENCE_SECONDS = 2.0

T = TypeVar("T")


class Bar:
    """How far a command is, from the entrance of the context to its exit; shown once that has taken two seconds.

    Its methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._what, self._total, self._done = "", 0, 0
        self._shown: Any = None
        self._over = False
        self._timer = threading.Timer(_PATIENCE_SECONDS, self._show)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True
            if self._shown is not None:
                self._shown.stop()

    def begin(self, what: str, *, total: int) -> None:
        """Begin with something that takes so many steps."""
        with self._lock:
            self._what, self._total, self._done = what, total, 0
            self._update()

    def step(self, *, to: int | None = None) -> None:
        """A step more is done, or so many in all."""
        with self._lock:
            self._done = self._done + 1 if to is None else to
            self._update()

    def each(self, items: Sequence[T], what: str) -> Iterator[T]:
        """Give out the items, with a step for each."""
        self.begin(what, total=len(items))
        for item in items:
            yield item
            self.step()

    def _show(self) -> None:
        """Rich is loaded only here: most runs are over before a bar is due."""
        console = import_module("rich.console").Console(stderr=True)
        progress = import_module("rich.progress").Progress(console=console, transient=True)
        with self._lock:
            if self._over:
                return
            progress.add_task(self._what, total=self._total, completed=self._done)
            progress.start()
            self._shown = progress

    def _update(self) -> None:
        if self._shown is not None:
            self._shown.update(self._shown.task_ids[0], description=self._what, total=self._total, completed=self._done)
