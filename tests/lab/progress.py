"""What a person sees while long steps run: bars on a terminal, a line now and then in a log."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

console = Console(stderr=True, highlight=False, soft_wrap=True)
_SECONDS_BETWEEN_LINES = 30.0


class _Display:
    """The one live display, shared by the steps that run at the same time in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps = 0
        self._progress = _progress()

    @contextmanager
    def task(self, title: str) -> Iterator[tuple[Progress, TaskID]]:
        with self._lock:
            if not self._steps:
                self._progress = _progress()
                self._progress.start()
            self._steps += 1
            progress = self._progress
            task = progress.add_task(title, total=None, counts="")
        try:
            yield progress, task
        finally:
            with self._lock:
                progress.remove_task(task)
                self._steps -= 1
                if not self._steps:
                    progress.stop()


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.fields[counts]}"), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


_display = _Display()


class Step:
    """A step that is under way, whose parts may be counted as they are done."""

    def __init__(self, title: str, progress: Progress, task: TaskID) -> None:
        self._title, self._progress, self._task = title, progress, task
        self._shown_at = time.monotonic()

    def each(self, parts: Iterable[str], *, of: int) -> Iterator[str]:
        """Pass on parts as they come, and show how many of the expected ones are done."""
        for done, part in enumerate(parts, start=1):
            self._progress.update(self._task, counts=f"{done} of {of}")
            if not console.is_terminal and time.monotonic() - self._shown_at >= _SECONDS_BETWEEN_LINES:
                self._shown_at = time.monotonic()
                console.print(f"{self._title}: {done} of {of}")
            yield part


@contextmanager
def step(title: str, *, note: str = "") -> Iterator[Step]:
    """Show a step while it runs, with a note on how long that may be, and in the end what it took."""
    began = time.monotonic()
    if note:
        console.print(f"{title}: {note}")
    with _display.task(title) as (progress, task):
        yield Step(title, progress, task)
    console.print(f"{title}: {time.monotonic() - began:.1f} s")
