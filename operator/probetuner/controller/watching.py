"""The watches, which are kopf's: lists and streams of eight kinds, through reconnects and expired versions.

Each kind has a kopf of its own, in a thread and an event loop of its own. kopf stops for good at what it holds to be
unrecoverable, and all that it watches with it: a list in chunks whose continue token expired (HTTP 410, while etcd is
compacted: `_cogs/clients/watching.py` expects that of streams only), a right that was taken away, a stream that says an
error. Here that costs one new list of that kind, and everything else goes on meanwhile. (To list without chunks would
avoid the first alone, and hold all pods of a cluster in memory at once; `initial_streaming` needs Kubernetes 1.34.)
kopf takes every task of its loop for its own and cancels it when it stops. Its handlers only pass objects on: neither
they nor kopf write anything to anybody's object.
"""

import asyncio
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import kopf
import structlog

from probetuner.cluster.owned import API_VERSION
from probetuner.controller.heartbeat import Heartbeat
from probetuner.controller.metrics import Metrics

Change = str | None
"""ADDED, MODIFIED or DELETED; None for what a list had."""

Sink = Callable[[str, Mapping[str, Any], Change], None]
"""Takes the kind's plural, the object and the change. It is called in kopf's thread."""

KINDS = (
    ("v1", "namespaces"),
    ("v1", "nodes"),
    ("v1", "pods"),
    ("v1", "events"),
    ("apps/v1", "deployments"),
    ("apps/v1", "statefulsets"),
    ("apps/v1", "daemonsets"),
    (API_VERSION, "probepolicies"),
)
_IN_NO_NAMESPACE = ("namespaces", "nodes")

# What the kubelet and the scheduler say of every pod, which is most of what there is, and never about probes.
_UNTOLD = ("Scheduled", "Pulling", "Pulled", "Created", "Started", "SuccessfulAttachVolume")
EVENTS = ",".join(["involvedObject.kind=Pod", *(f"reason!={reason}" for reason in _UNTOLD)])
# Pods of the followed kinds are restarted always, so none of them ends well.
_PODS = "status.phase!=Succeeded"

_FIRST_WAIT_SECONDS = 1.0
_LAST_WAIT_SECONDS = 60.0
_STEADY_SECONDS = 300.0
_CLOSING_SECONDS = 0.25
"""aiohttp closes its TLS connections only in turns of the loop after its session was closed (its client's docs)."""

_CHUNK = 250
_BEAT_SECONDS = 5.0
_LIMIT_SECONDS = 120.0
"""A chunk of 250 large pods keeps an event loop for about a second, beside seven others and a decision for some."""

log = structlog.get_logger()


class Watches:
    """Runs a watch of each kind for as long as wanted. `clock` gives seconds on any monotonic scale.

    With `namespaces`, what belongs to a namespace is watched in these only.
    """

    def __init__(
        self, sink: Sink, metrics: Metrics, *, clock: Callable[[], float], namespaces: Collection[str] = ()
    ) -> None:
        self._watches = [
            Watch(
                version,
                plural,
                sink,
                metrics,
                clock=clock,
                namespaces=() if plural in _IN_NO_NAMESPACE else namespaces,
            )
            for version, plural in KINDS
        ]

    @property
    def problem(self) -> str | None:
        """A sentence while some kind is not watched."""
        return next((watch.problem for watch in self._watches if watch.problem is not None), None)

    def late(self) -> list[str]:
        """Return a sentence for each kind whose watch does not turn any more, whether or not anything is to be seen."""
        found = (watch.heartbeat.problem() for watch in self._watches)
        return [problem for problem in found if problem is not None]

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for watch in self._watches:
                group.create_task(watch.run(), name=f"watch {watch.plural}")


class Watch:
    """The watch of one kind, in some namespaces or, where none is named, in all.

    What ends it is logged, and it alone is begun again after a while.
    """

    def __init__(
        self,
        version: str,
        plural: str,
        sink: Sink,
        metrics: Metrics,
        *,
        clock: Callable[[], float],
        namespaces: Collection[str] = (),
    ) -> None:
        self.plural = plural
        self.problem: str | None = f"The watch of {plural} has not begun yet."
        self.heartbeat = Heartbeat(f"the watch of {plural}", limit_seconds=_LIMIT_SECONDS, clock=clock)
        self._version = version
        self._sink = sink
        self._metrics = metrics
        self._clock = clock
        self._namespaces = namespaces

    async def run(self) -> None:
        """Watch until cancelled."""
        wait_seconds = _FIRST_WAIT_SECONDS
        while True:
            began = self._clock()
            problem = await self._run_once()
            if self._clock() - began > _STEADY_SECONDS:
                wait_seconds = _FIRST_WAIT_SECONDS
            self.problem = f"The watch of {self.plural} ended: {problem}"
            self._metrics.watch_failures.inc()
            log.error("a watch ended and is begun again", kind=self.plural, problem=problem, seconds=wait_seconds)
            self.heartbeat.beat()
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(_LAST_WAIT_SECONDS, 2 * wait_seconds)

    async def _run_once(self) -> str:
        """Watch until kopf ends; returns what ended it."""
        loop, stop = asyncio.get_running_loop(), Future[None]()

        def begun() -> None:
            self.problem = None

        # A thread of its own: the usual pool has a handful, and all watches run for ever.
        pool = ThreadPoolExecutor(1, thread_name_prefix=f"watch {self.plural}")
        watching = loop.run_in_executor(pool, lambda: asyncio.run(self._watch(stop, Ready(loop, begun))))
        pool.shutdown(wait=False)
        try:
            await asyncio.wait([watching])
        finally:
            stop.set_result(None)
            await asyncio.wait([watching])
        problem = watching.exception()
        return "kopf ended without saying why" if problem is None else f"{type(problem).__name__}: {problem}"

    async def _watch(self, stop: "Future[None]", ready: "Ready") -> None:
        """Run kopf, in a thread and an event loop of its own."""
        beating = Beating(self.heartbeat)
        try:
            await kopf.operator(
                registry=_registry(self._version, self.plural, self._sink),
                settings=_settings(),
                clusterwide=not self._namespaces,
                namespaces=sorted(self._namespaces),
                standalone=True,
                stop_flag=_told_here(stop),
                ready_flag=ready,
            )
        finally:
            beating.end()
            await asyncio.sleep(_CLOSING_SECONDS)


def _told_here(stop: "Future[None]") -> asyncio.Event:
    """An event of the running loop that is set with the future.

    kopf would wait for a flag of any other kind in a thread of the loop's own pool. When kopf fails, the loop cannot
    end before that thread does.
    """
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def tell(_: "Future[None]") -> None:
        with suppress(RuntimeError):  # kopf has ended by itself
            loop.call_soon_threadsafe(told.set)

    stop.add_done_callback(tell)
    return told


class Ready(threading.Event):
    """kopf's flag that it has begun, told to the event loop that waits for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, begun: Callable[[], None]) -> None:
        super().__init__()
        self._loop = loop
        self._begun = begun

    def set(self) -> None:
        """Note that it has begun."""
        super().set()
        with suppress(RuntimeError):  # the operator has ended meanwhile
            self._loop.call_soon_threadsafe(self._begun)


class Beating:
    """Beats as long as the running event loop turns. No task does: kopf takes all tasks of its loop for its own."""

    def __init__(self, heartbeat: Heartbeat) -> None:
        self._heartbeat = heartbeat
        self._loop = asyncio.get_running_loop()
        self._beat()

    def _beat(self) -> None:
        self._heartbeat.beat()
        self._timer = self._loop.call_later(_BEAT_SECONDS, self._beat)

    def end(self) -> None:
        """Beat no more."""
        self._timer.cancel()


def _registry(version: str, plural: str, sink: Sink) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(kopf.login_via_client)
    kopf.on.event(version, plural, registry=registry, id=plural)(_handler(plural, sink))
    return registry


def _handler(plural: str, sink: Sink) -> Callable[..., Any]:
    # It must return None: kopf writes whatever a handler returns into the status of the object.
    async def pass_on(*, event: Mapping[str, Any], **_: Any) -> None:
        sink(plural, event["object"], event["type"])

    return pass_on


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 310
    settings.watching.connect_timeout = 30
    settings.watching.reconnect_backoff = 1.0
    settings.watching.chunk_size = _CHUNK
    settings.watching.field_selectors["v1", "events"] = EVENTS
    settings.watching.field_selectors["v1", "pods"] = _PODS
    settings.queueing.idle_timeout = 0.1
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    # An API server that was away is found again within seconds.
    settings.networking.error_backoffs = (1, 1, 2, 3, 5, 5, 5, 5, 5)
    # The process stops by its own means; kopf must not kill it while a history is being saved.
    settings.process.ultimate_exiting_timeout = None
    return settings


class NoDiffBase(kopf.DiffBaseStorage):
    """Remembers no earlier state of an object: nothing is compared, copied or written."""

    def build(self, **_: Any) -> Any:
        """Reduce an object to nothing."""
        return {}

    def fetch(self, **_: Any) -> None:
        """Return no earlier state."""

    def store(self, **_: Any) -> None:
        """Write nothing."""


class NoProgress(kopf.ProgressStorage):
    """Remembers no progress of handlers: there is nothing to go on with."""

    def fetch(self, **_: Any) -> None:
        """Return no progress."""

    def store(self, **_: Any) -> None:
        """Write nothing."""

    def purge(self, **_: Any) -> None:
        """Remove nothing."""

    def touch(self, **_: Any) -> None:
        """Write nothing."""

    def clear(self, *, essence: Any) -> Any:
        """Leave the reduced object as it is."""
        return essence
