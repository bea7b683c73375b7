"""The watches, which are kopf's: lists and streams of eight kinds, through reconnects and expired versions.

kopf runs in a thread and an event loop of its own. It takes every task of its loop for its own and cancels it when it
stops, and it stops for good at what it holds to be unrecoverable; here it is begun again, and everything else goes on
meanwhile. Its handlers only pass objects on: neither they nor kopf write anything to anybody's object.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

import kopf
import structlog

from probetuner.cluster.owned import API_VERSION
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

# What the kubelet and the scheduler say of every pod, which is most of what there is, and never about probes.
_UNTOLD = ("Scheduled", "Pulling", "Pulled", "Created", "Started", "SuccessfulAttachVolume")
_EVENTS = ",".join(["involvedObject.kind=Pod", *(f"reason!={reason}" for reason in _UNTOLD)])
# Pods of the followed kinds are restarted always, so none of them ends well.
_PODS = "status.phase!=Succeeded"

_FIRST_WAIT_SECONDS = 1.0
_LAST_WAIT_SECONDS = 60.0
_STEADY_SECONDS = 300.0

log = structlog.get_logger()


class Watches:
    """Runs kopf for as long as wanted. `clock` gives seconds on any monotonic scale."""

    def __init__(self, sink: Sink, metrics: Metrics, *, clock: Callable[[], float]) -> None:
        self.problem: str | None = "The watches have not begun yet."
        self._sink = sink
        self._metrics = metrics
        self._clock = clock

    async def run(self) -> None:
        """Watch until cancelled; what ends the watches is logged, and they are begun again after a while."""
        wait_seconds = _FIRST_WAIT_SECONDS
        while True:
            began = self._clock()
            problem = await self._run_once()
            if self._clock() - began > _STEADY_SECONDS:
                wait_seconds = _FIRST_WAIT_SECONDS
            self.problem = f"The watches ended: {problem}"
            self._metrics.watch_failures.inc()
            log.error("the watches ended and are begun again", problem=problem, seconds=wait_seconds)
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(_LAST_WAIT_SECONDS, 2 * wait_seconds)

    async def _run_once(self) -> str:
        """Watch until kopf ends; returns what ended it."""
        stop, ready = threading.Event(), threading.Event()
        thread = asyncio.create_task(asyncio.to_thread(_watch, self._sink, stop, ready))
        begun = asyncio.create_task(asyncio.to_thread(ready.wait))
        try:
            await asyncio.wait({thread, begun}, return_when=asyncio.FIRST_COMPLETED)
            self.problem = None if ready.is_set() else self.problem
            return await asyncio.shield(thread)
        finally:
            stop.set()
            ready.set()
            await thread


def _watch(sink: Sink, stop: threading.Event, ready: threading.Event) -> str:
    try:
        asyncio.run(
            kopf.operator(
                registry=_registry(sink),
                settings=_settings(),
                clusterwide=True,
                standalone=True,
                stop_flag=stop,
                ready_flag=ready,
            )
        )
    except Exception as problem:  # noqa: BLE001 - whatever it was, it goes to the log and the watches begin again
        return f"{type(problem).__name__}: {problem}"
    return "kopf ended without saying why"


def _registry(sink: Sink) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(kopf.login_via_client)
    for version, plural in KINDS:
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
    settings.watching.chunk_size = 250
    settings.watching.field_selectors["v1", "events"] = _EVENTS
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
