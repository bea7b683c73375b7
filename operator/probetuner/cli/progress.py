"""A bar for whoever waits at a terminal, on standard error and only when there is something to wait for."""

import sys
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, TypeVar

_PATIENCE_SECONDS = 2.0

T = TypeVar("T")


def each(items: Sequence[T], what: str) -> Iterator[T]:
    """Give out the items; once that has taken two seconds, show how far it got."""
    if not sys.stderr.isatty():
        yield from items
        return
    began = time.monotonic()
    bar: Any = None
    try:
        for done, item in enumerate(items):
            yield item
            if bar is None and time.monotonic() - began > _PATIENCE_SECONDS:
                bar = _start(what, total=len(items))
            if bar is not None:
                bar.update(bar.task_ids[0], completed=done + 1)
    finally:
        if bar is not None:
            bar.stop()


def _start(what: str, *, total: int) -> Any:
    """Rich is loaded only here: most runs are over before a bar is due."""
    console = import_module("rich.console").Console(stderr=True)
    bar = import_module("rich.progress").Progress(console=console, transient=True)
    bar.add_task(what, total=total)
    bar.start()
    return bar
