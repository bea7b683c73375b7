"""One load from its Job to its removal, watched all the while."""

import asyncio
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import FrameType
from typing import Any, Protocol

from probetuner.cluster import jobs
from probetuner.cluster.api import Api
from probetuner.cluster.errors import ApiError
from probetuner.loadtest.course import ClientError, Course, client_pod, refusal_of
from probetuner.loadtest.job import CONTAINER
from probetuner.loadtest.plan import Plan
from probetuner.loadtest.target import Target
from probetuner.loadtest.watching import Item, Printed, PrintedAll, Watching
from probetuner.model.problem import InvalidObjectError
from probetuner.sources.manifests import Tell
from probetuner.sources.recording import Scrape, Watched

SECONDS_BESIDE_THE_LOAD = 180
"""How much longer than the load it takes at most: to start the client, to stop it, and to hear what came late."""

_SECONDS_TO_START = 120.0
_SECONDS_TO_STOP = 30.0
_SECONDS_FOR_LATE_EVENTS = 3.0


class BusyError(Exception):
    """A load on this workload is under way already; the text is one sentence with the next step."""


class Abort(StrEnum):
    """Why a load was ended from here before its time."""

    KILL = "kill"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be run: `job` is the manifest of the Job that sends the load of `plan` to `target`."""

    plan: Plan
    target: Target
    job: Mapping[str, Any]
    abort_on_kill: bool


class Bar(AbstractContextManager["Bar"], Protocol):
    """Shows how far a load is, from the entrance of its context to the exit."""

    def show(self, course: Course) -> None:
        """Show how far it is now."""


class Session:
    """Runs one load. `course` is what is known of it, `aborted` why it was ended early, if it was."""

    def __init__(self, api: Api, order: Order, watching: Watching, *, tell: Tell, bar: Bar) -> None:
        self._api, self._order, self._watching, self._tell, self._bar = api, order, watching, tell, bar
        self._namespace, self._name = str(order.job["metadata"]["namespace"]), str(order.job["metadata"]["name"])
        self._uid = self._pod = ""
        self._interrupted = False
        self._deadline = 0.0
        self.course = Course(order.target.workload.ref)
        self.aborted: Abort | None = None

    def run(self) -> None:
        """Make the Job, follow it to its end, and remove it, whatever happens.

        SIGINT and SIGTERM end the load, and what was measured until then stays. Raises BusyError, ClientError and
        ApiError.
        """
        with self._interruptible():
            self._watching.start()
            self._uid = self._create()
            try:
                with self._bar:
                    self._follow()
            finally:
                self._remove_or_tell()

    def _create(self) -> str:
        try:
            return asyncio.run(jobs.create(self._api, self._order.job))
        except jobs.JobExistsError as existing:
            if not jobs.has_ended(existing.job):
                raise BusyError(
                    f"Job {self._name} in namespace {self._namespace} sends a load to this workload already; "
                    f"wait for its end, or end it: kubectl delete job {self._name} -n {self._namespace}"
                ) from None
        self._tell(f"Job {self._name} was left by an earlier load; it is removed first")
        self._remove()
        try:
            return asyncio.run(jobs.create(self._api, self._order.job))
        except jobs.JobExistsError:
            raise BusyError(f"Job {self._name} is still being removed; try again in a moment") from None

    def _remove(self) -> None:
        asyncio.run(jobs.delete(self._api, self._namespace, self._name))

    def _remove_or_tell(self) -> None:
        """What was measured is worth telling also where the API server is away by now."""
        try:
            self._remove()
        except ApiError as problem:
            self._tell(f"Job {self._name} could not be removed ({problem}); it ends and goes away by itself")

    def _follow(self) -> None:
        self._deadline = time.monotonic() + _SECONDS_TO_START
        for item in self._watching.items():
            if isinstance(item, PrintedAll):
                self._check_ended(item)
                break
            self._take(item)
            self._bar.show(self.course)
            self._abort_if_due()
            if time.monotonic() > self._deadline:
                self._check_started()
                break
        self._deadline = time.monotonic() + self._patience_seconds()
        for item in self._watching.items():
            self._take(item)
            if time.monotonic() > self._deadline:
                break

    def _take(self, item: Item | None) -> None:
        match item:
            case Printed():
                self._read(item)
            case Scrape(at=at, node=node, path=path, text=text, problem=problem):
                self.course.scrape(node, path, text, at=at, problem=problem)
            case Watched():
                self._watched(item)

    def _read(self, printed: Printed) -> None:
        try:
            self.course.read(printed.text, at=printed.at)
        except ClientError:
            if self.aborted is None:  # what the kubelet says of a log whose pod was taken away is of no interest
                raise

    def _watched(self, watched: Watched) -> None:
        try:
            self._look_at_client(watched.object)
            self.course.watch(watched.object, watched.change, at=watched.at)
        except InvalidObjectError as problem:
            self._tell(f"{problem}; it was left out")

    def _look_at_client(self, raw: Mapping[str, Any]) -> None:
        refusal = refusal_of(raw, job_uid=self._uid)
        if refusal is not None and not self._pod:
            raise ClientError(f"Job {self._name} may not make its pod: {refusal}")
        pod = client_pod(raw, job_uid=self._uid)
        if pod is None or self._pod:
            return
        if pod.problem:
            raise ClientError(f"the client's pod {pod.name} does not start: {pod.problem}; name an image with --image")
        if pod.has_run:
            self._pod = pod.name
            self._deadline = time.monotonic() + self._order.plan.most_seconds + _SECONDS_TO_STOP
            self._watching.read_log(pod.name, CONTAINER)

    def _abort_if_due(self) -> None:
        if self.aborted is not None:
            return
        impact = self.course.impact
        if self._interrupted:
            self.aborted = Abort.INTERRUPTED
        elif self._order.abort_on_kill and impact is not None and impact.kills:
            self.aborted = Abort.KILL
        if self.aborted is not None:
            self._remove()
            self._deadline = time.monotonic() + (_SECONDS_TO_STOP if self._pod else 0.0)

    def _check_started(self) -> None:
        if not self._pod and self.aborted is None:
            raise ClientError(
                f"the client did not start within {_SECONDS_TO_START:.0f} s; look at the events of namespace "
                f"{self._namespace}"
            )

    def _check_ended(self, printed: PrintedAll) -> None:
        if self.course.ended is None and self.aborted is None:
            raise ClientError(
                f"the client broke off before the end of the load; {printed.problem or 'nobody says why'}"
            )

    def _patience_seconds(self) -> float:
        """Attempts that were under way when the load ended may still fail."""
        timeouts = (probe.timeout_seconds for probe in self._order.target.probes.values())
        return max(timeouts, default=0) + _SECONDS_FOR_LATE_EVENTS if self.course.lines else 0.0

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Signals only leave word: the load is ended and removed in order, whatever was under way."""
        before = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupted = True
