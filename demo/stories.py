"""Both stories at the same time, each in a namespace and a thread of its own."""

import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from demo import namespaces, pressure, slow_start
from demo.cluster import Cluster
from demo.outcome import PressureOutcome, StartOutcome
from demo.screen import Screen
from demo.stage import Stage
from demo.workloads import documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What the two stories measured."""

    pressure: PressureOutcome
    start: StartOutcome


def play_both(cluster: Cluster, console: Console) -> Outcomes:
    """Play both stories to their ends. Raises what the first one to fail raised, when the other one has stopped too."""
    stop = threading.Event()
    with Screen(console) as screen, ThreadPoolExecutor(max_workers=2) as threads:

        def stage(namespace: str, workload: str, style: str) -> Stage:
            voice = screen.voice(workload, style=style)
            return Stage(cluster, namespace=namespace, workload=workload, voice=voice, stop=stop)

        try:
            under_load = threads.submit(
                pressure.play, stage(namespaces.RNG, pressure.WORKLOAD, "cyan"), documents(pressure.WORKLOAD, cluster)
            )
            starting = threads.submit(slow_start.play, stage(namespaces.CATALOG, slow_start.WORKLOAD, "magenta"))
            _raise_first(under_load, starting)
        finally:
            stop.set()
        return Outcomes(pressure=under_load.result(), start=starting.result())


def _raise_first(*stories: Future[Any]) -> None:
    """Wait until one story fails or all are done, and raise what the failed one raised."""
    done, _ = wait(stories, return_when=FIRST_EXCEPTION)
    for story in done:
        story.result()
