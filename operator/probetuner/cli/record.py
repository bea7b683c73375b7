"""`probetuner record`: a live cluster into a recording."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from probetuner.cli.cluster import find_target, records_of
from probetuner.cli.live import Live
from probetuner.cli.progress import Bar
from probetuner.cli.telling import Problems, note
from probetuner.cli.words import KUBELETS_HELP, KubeletRoute
from probetuner.cluster.connection import NoClusterError
from probetuner.sources.live import DEFINING, NODES, RECORDED, TELLING, LiveError
from probetuner.sources.placement import Placement
from probetuner.sources.recorder import write_recording
from probetuner.sources.scraping import SCRAPE_SECONDS, NodeMetrics

app = typer.Typer(add_completion=False)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_RESOURCES = (NODES, *DEFINING, *RECORDED, *TELLING)


@app.command()
def record(
    folder: Annotated[Path, typer.Argument(help="Where to write the recording; it must not be there yet.")],
    *,
    seconds: Annotated[int, typer.Option(min=1, max=86400, help="How long to record.")] = 300,
    namespace: Annotated[list[str] | None, typer.Option("-n", "--namespace", help="Namespaces to record.")] = None,
    context: Annotated[str | None, typer.Option(help="The context of the kubeconfig.")] = None,
    kubelets: Annotated[KubeletRoute, typer.Option(help=KUBELETS_HELP)] = KubeletRoute.PROXY,
) -> None:
    """Record what happens in namespaces of a cluster, to analyze it elsewhere or later.

    SIGTERM or Ctrl-C ends it before its time, and the recording is whole; however it ends, it can be read up to some
    seconds before. A recording holds pods, workloads, Services and events whole, with the values of their env. Look at
    it before you share it.
    """
    problems, stop = Problems(), threading.Event()
    try:
        target = find_target(Live(context=context, namespaces=tuple(namespace or ()), kubelets=kubelets))
        version = target.cluster.version()
        metrics = NodeMetrics(target.cluster, target.direct, target.scope, problems.tell, placement=Placement())
        with _told_to(stop), Bar() as bar:
            count = write_recording(
                folder,
                records_of(target, _RESOURCES, metrics, seconds=seconds, tell=problems.tell, bar=bar, stop=stop),
                kubernetes=version,
                namespaces=target.scope.namespaces,
                started=time.time(),
                seconds=SCRAPE_SECONDS,
            )
    except (NoClusterError, LiveError) as problem:
        note(str(problem))
        raise typer.Exit(2) from None
    except OSError as problem:
        note(f"{folder} cannot be written: {problem.strerror or problem}")
        raise typer.Exit(2) from None
    problems.close()
    if stop.is_set():
        note(f"ended before the {seconds} s were over, as it was asked to")
    note(f"{count} records in {folder}; probetuner analyze {folder} reads them")
    raise typer.Exit(2 if problems.count else 0)


@contextmanager
def _told_to(stop: threading.Event) -> Iterator[None]:
    """Let the first signal that asks to end set the event, so that nothing is cut off; a second one ends at once."""

    def end(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[number])

    before: dict[int, Any] = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
