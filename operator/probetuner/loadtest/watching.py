"""What comes in while a load runs: what happens in the namespace, and what the client prints, in one queue."""

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from probetuner.sources.following import follow
from probetuner.sources.live import TELLING, LiveCluster, LiveError, Scope
from probetuner.sources.manifests import Tell
from probetuner.sources.recording import Record
from probetuner.sources.scraping import NodeMetrics

_MOST_WAITING = 50_000
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A line that the client printed, with when it was received (epoch seconds)."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedAll:
    """The client prints no more; `problem` says why nobody knows what else it printed."""

    problem: str = ""


Item = Record | Printed | PrintedAll


class Watching:
    """Watches a namespace from `start` on, and a pod's log from `read_log` on. Its threads end with the process."""

    def __init__(self, cluster: LiveCluster, metrics: NodeMetrics, *, namespace: str, seconds: int, tell: Tell) -> None:
        self._cluster, self._metrics, self._namespace, self._seconds = cluster, metrics, namespace, seconds
        self._tell = tell
        self._items: queue.Queue[Item] = queue.Queue(_MOST_WAITING)

    def start(self) -> None:
        """Begin to watch pods and events, and to ask the kubelets."""
        threading.Thread(target=self._follow, daemon=True).start()

    def read_log(self, pod: str, container: str) -> None:
        """Begin to read what a container prints."""
        threading.Thread(target=self._read, args=(pod, container), daemon=True).start()

    def items(self) -> Iterator[Item | None]:
        """What comes in, for ever; None at least each half second, for whoever has to look at a clock."""
        while True:
            try:
                yield self._items.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                yield None

    def _follow(self) -> None:
        scope = Scope(namespaces=(self._namespace,))
        for record in follow(self._cluster, TELLING, scope, self._metrics, seconds=self._seconds, tell=self._tell):
            if record is not None:
                self._items.put(record)

    def _read(self, pod: str, container: str) -> None:
        path = f"/api/v1/namespaces/{self._namespace}/pods/{pod}/log"
        query = [("container", container), ("follow", "true")]
        problem = ""
        try:
            for line in self._cluster.lines(path, query, seconds=self._seconds):
                self._items.put(Printed(at=time.time(), text=line.decode(errors="replace")))
        except LiveError as error:
            problem = str(error)
        self._items.put(PrintedAll(problem=problem))
