"""What the watches tell, taken in: into the picture of who is served, and into the histories of those who are."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog

from probetuner.cluster.workloads import PLURALS
from probetuner.controller.census import policy_of, ref_of
from probetuner.controller.scraping import Scraper
from probetuner.controller.serving import Following
from probetuner.controller.supervising import Loop
from probetuner.controller.view import View
from probetuner.controller.watching import Change
from probetuner.controller.workqueue import WorkQueue
from probetuner.model.problem import InvalidObjectError
from probetuner.model.shard import WHOLE
from probetuner.model.workload import WorkloadKind, WorkloadRef
from probetuner.sources.kubelet import parse_address

_KINDS = {plural: kind for kind, plural in PLURALS.items()}

DEBOUNCE_SECONDS = 1.0
"""Changes come in flocks; one look is enough for those of a second."""

log = structlog.get_logger()


class Intake:
    """Takes in objects, in the thread of the event loop that it is made in. `clock` gives epoch seconds.

    `covers` says which namespaces are served; `relisted` is called when a list came where changes were expected.
    """

    def __init__(
        self,
        view: View,
        following: Following,
        scraper: Scraper,
        queue: WorkQueue[WorkloadRef],
        *,
        relisted: Callable[[], None],
        clock: Callable[[], float],
        loop: Loop,
        covers: Callable[[str], bool] = WHOLE.covers,
    ) -> None:
        self._covers = covers
        self._view = view
        self._following = following
        self._scraper = scraper
        self._queue = queue
        self._relisted = relisted
        self._clock = clock
        self._loop = loop
        self._events = asyncio.get_running_loop()

    def receive(self, plural: str, raw: Mapping[str, Any], change: Change) -> None:
        """Take an object from any thread; most pods and events are nobody's, and dropped at once."""
        if not self._is_of_the_shard(plural, raw):
            return
        if plural in ("pods", "events") and not self._following.concerns(raw):
            return
        self._events.call_soon_threadsafe(self._take_apart, plural, raw, change)

    def _is_of_the_shard(self, plural: str, raw: Mapping[str, Any]) -> bool:
        metadata = raw.get("metadata") or {}
        namespace = metadata.get("name" if plural == "namespaces" else "namespace")
        return plural == "nodes" or self._covers(str(namespace or ""))

    def _take_apart(self, plural: str, raw: Mapping[str, Any], change: Change) -> None:
        metadata = raw.get("metadata") or {}
        with self._loop.turn(f"{plural} {metadata.get('namespace') or ''}/{metadata.get('name')}"):
            self._take(plural, raw, change)

    def _take(self, plural: str, raw: Mapping[str, Any], change: Change) -> None:
        gone = change == "DELETED"
        if change is None and plural not in ("pods", "events"):
            self._relisted()
        match plural:
            case "pods" | "events":
                self._following.watch(raw, change, self._clock())
            case "nodes":
                self._take_node(raw, change)
            case "namespaces":
                self._look_at(self._view.see_namespace(raw, gone=gone))
            case "probepolicies":
                policy = policy_of(raw)
                self._look_at([] if policy is None else self._view.see_policy(policy, gone=gone))
            case _:
                self._take_workload(_KINDS[plural], raw, gone=gone)

    def _take_workload(self, kind: WorkloadKind, raw: Mapping[str, Any], *, gone: bool) -> None:
        ref = ref_of(kind, raw)
        self._look_at(self._view.see_workload(ref, raw, gone=gone))
        served = self._following.served.get(ref)
        if served is None or gone:
            return
        served.see(raw)
        self._look_at([ref])

    def _take_node(self, raw: Mapping[str, Any], change: Change) -> None:
        self._following.watch(raw, change, self._clock())
        name = raw["metadata"]["name"]
        self._scraper.addresses.pop(name, None)
        try:
            address = None if change == "DELETED" else parse_address(raw)
        except InvalidObjectError as invalid:
            log.warning("node not understood", problem=str(invalid))
        else:
            if address is not None:
                self._scraper.addresses[name] = address

    def _look_at(self, refs: Iterable[WorkloadRef]) -> None:
        for ref in refs:
            self._queue.add(ref, delay_seconds=DEBOUNCE_SECONDS)
