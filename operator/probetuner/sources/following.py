"""What happens in a live cluster for a while, in the order of receipt: the same records that a recording holds."""

import queue
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from probetuner.sources.live import LiveCluster, LiveError, Resource, Scope
from probetuner.sources.manifests import Tell
from probetuner.sources.recording import Record, Watched
from probetuner.sources.scraping import SCRAPE_SECONDS, NodeMetrics

_LATE_SECONDS = 45.0
_AGAIN_SECONDS = 1.0
_MOST_WAITING = 50_000
_TURN_SECONDS = 1.0

_Queue = queue.Queue[Record | None]


def follow(
    cluster: LiveCluster,
    resources: Sequence[Resource],
    scope: Scope,
    metrics: NodeMetrics,
    *,
    seconds: int,
    tell: Tell,
    stop: threading.Event | None = None,
    without: Collection[str] = (),
) -> Iterator[Record | None]:
    """Give out watch events and scrapes as they come, for that many seconds or until it is to stop.

    Where none came for a second None is given out instead. A resource that fails is told. Paths in `without` are not
    watched: that they cannot be read is known.
    """
    until, stop = time.time() + seconds, stop or threading.Event()
    records: _Queue = queue.Queue(_MOST_WAITING)
    following = _Following(cluster=cluster, scope=scope, metrics=metrics, until=until, records=records, tell=tell)
    threads = [
        threading.Thread(target=following.watch, args=(resource, path), daemon=True)
        for resource in resources
        for path in scope.paths(resource)
        if path not in without
    ]
    threads.append(threading.Thread(target=_scrape, args=(metrics, until, records), daemon=True))
    for thread in threads:
        thread.start()
    running = len(threads)
    while running and not stop.is_set() and time.time() < until + _LATE_SECONDS:
        try:
            record = records.get(timeout=_TURN_SECONDS)
        except queue.Empty:
            yield None
            continue
        if record is None:
            running -= 1
        else:
            yield record
    yield from (records.get_nowait() for _ in range(records.qsize()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Following:
    """What the watches have in common; `until` is epoch seconds."""

    cluster: LiveCluster
    scope: Scope
    metrics: NodeMetrics
    until: float
    records: _Queue
    tell: Tell

    def watch(self, resource: Resource, path: str) -> None:
        """Watch until the end; a watch that the server ends early is begun again."""
        try:
            while (left := int(self.until - time.time())) > 0:
                for event in self.cluster.watch(path, self.scope.query(resource), seconds=left):
                    change, raw = event.get("type"), event.get("object")
                    if change in {"ADDED", "MODIFIED", "DELETED"} and isinstance(raw, dict):
                        self.records.put(Watched(at=time.time(), change=change, object=raw))
                        self.metrics.placement.take(raw, change)
                time.sleep(min(_AGAIN_SECONDS, max(0.0, self.until - time.time())))
        except LiveError as problem:
            self.tell(f"{resource.telling} are not known from here on: {problem}")
        finally:
            self.records.put(None)


def _scrape(metrics: NodeMetrics, until: float, records: _Queue) -> None:
    """Ask all nodes in each interval, and one that gets its first pod meanwhile at once."""
    try:
        while (began := time.time()) < until:
            for scrape in metrics.scrape():
                records.put(scrape)
            while (left := min(began + SCRAPE_SECONDS, until) - time.time()) > 0:
                for scrape in metrics.scrape_others(seconds=left):
                    records.put(scrape)
        for scrape in metrics.scrape():
            records.put(scrape)
    finally:
        records.put(None)
