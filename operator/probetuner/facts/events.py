"""Event objects to facts.

The kubelet tells the same thing again by raising the count of the Event it made first, so what is new is the growth of
that count (client-go tools/record/events_cache.go).
"""

import math
from collections import OrderedDict
from dataclasses import dataclass

from probetuner.facts import messages
from probetuner.facts.fact import BackOff, Fact, KillAnnounced, PodRef, ProbeErrored, ProbeFailed
from probetuner.facts.messages import Attempt, Kill, Outcome, Waiting
from probetuner.model.fields import Object, count, moment, text
from probetuner.model.probe import Handler
from probetuner.model.workload import section


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeEvent:
    """What an Event of the kubelet says of one container; times are epoch seconds, whole ones in the kubelet's case."""

    namespace: str
    name: str
    pod_uid: str
    pod: str
    container: str
    meaning: Attempt | Kill | Waiting
    count: int
    first_at: float
    last_at: float


def parse_event(raw: Object, *, received_at: float) -> ProbeEvent | None:
    """Read an Event of v1 or events.k8s.io/v1; None when it is not the kubelet's or says nothing of probes.

    Both are the same object in two shapes (apis/core/v1 and events/v1 conversion.go), and both may count in `series`
    and name their writer in `reportingComponent` or `reportingController` alone. Raises InvalidObjectError.
    """
    metadata = section(raw, "metadata", "Event")
    place = f"Event/{metadata.get('namespace')}/{metadata.get('name')}"
    involved = section(raw, "involvedObject", place) or section(raw, "regarding", place)
    if involved.get("kind") != "Pod" or "kubelet" not in _writers(raw, place):
        return None
    container = messages.container_of(text(involved, "fieldPath", place))
    meaning = messages.read(text(raw, "reason", place), text(raw, "message", place) or text(raw, "note", place))
    if container is None or meaning is None:
        return None
    series = section(raw, "series", place)
    first_at = _first(raw, ("firstTimestamp", "deprecatedFirstTimestamp", "eventTime"), place)
    ended_at = _first(raw, ("lastTimestamp", "deprecatedLastTimestamp", "eventTime"), place)
    counts = (count(raw, "count", place), count(raw, "deprecatedCount", place), count(series, "count", place), 1)
    last_at = moment(series, "lastObservedTime", place) or ended_at or received_at
    return ProbeEvent(
        namespace=text(metadata, "namespace", place),
        name=text(metadata, "name", place),
        pod_uid=text(involved, "uid", place),
        pod=text(involved, "name", place),
        container=container,
        meaning=meaning,
        count=max(counts),
        first_at=first_at or last_at,
        last_at=last_at,
    )


def _writers(raw: Object, place: str) -> tuple[str, ...]:
    return (
        text(section(raw, "source", place), "component", place),
        text(section(raw, "deprecatedSource", place), "component", place),
        text(raw, "reportingComponent", place),
        text(raw, "reportingController", place),
    )


def _first(raw: Object, names: tuple[str, ...], place: str) -> float | None:
    times = (moment(raw, name, place) for name in names)
    return next((at for at in times if at is not None), None)


class EventCounts:
    """How often each Event has been counted already. Bounded: the one not heard of for longest is forgotten first.

    `since` is when observation began (epoch seconds): of what happened before, nothing is counted. Events are known by
    name and not by uid, and are not forgotten when they are deleted, because the kubelet makes an Event that
    expired anew under the same name with its count carried on (client-go tools/record/event.go recordEvent).
    """

    def __init__(self, *, since: float, most: int = 4096) -> None:
        self._horizon = math.floor(since) if math.isfinite(since) else since
        self._most = most
        self._seen: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def grown(self, event: ProbeEvent) -> int:
        """How many occurrences the event tells of that were not told before; 0 for repeats and for late arrivals."""
        key = (event.namespace, event.name)
        before, _ = self._seen.get(key, (self._uncounted(event), 0.0))
        self._seen[key] = (max(before, event.count), event.last_at)
        self._seen.move_to_end(key)
        if len(self._seen) > self._most:
            _, (_, heard_at) = self._seen.popitem(last=False)
            # Whatever was forgotten happened before this: taking it for new would count it twice.
            self._horizon = max(self._horizon, heard_at + 1)
        return max(0, event.count - before)

    def _uncounted(self, event: ProbeEvent) -> int:
        if event.first_at >= self._horizon:
            return 0
        return event.count - 1 if event.last_at >= self._horizon else event.count


def facts_of(event: ProbeEvent, *, grown: int, pod: PodRef, handler: type[Handler] | None = None) -> list[Fact]:
    """The facts that `grown` more occurrences of the event stand for; `handler` is the probe's, where it is known."""
    if grown <= 0:
        return []
    match event.meaning:
        case Attempt() as attempt:
            return _of_attempt(event, attempt, grown=grown, pod=pod, handler=handler)
        case Kill(probe=probe):
            return [KillAnnounced(at=event.last_at, pod=pod, container=event.container, probe=probe, count=grown)]
        case Waiting():
            return [BackOff(at=event.last_at, pod=pod, container=event.container, seconds=None)]


def _of_attempt(
    event: ProbeEvent, attempt: Attempt, *, grown: int, pod: PodRef, handler: type[Handler] | None
) -> list[Fact]:
    if attempt.outcome is Outcome.FAILED:
        return [
            ProbeFailed(
                at=event.last_at,
                pod=pod,
                container=event.container,
                probe=attempt.probe,
                cause=messages.failure_cause(attempt.output, handler=handler),
                client_error=messages.is_client_error(attempt.output),
                count=grown,
                combined=attempt.combined,
            )
        ]
    if attempt.outcome is Outcome.ERRORED:
        return [
            ProbeErrored(
                at=event.last_at,
                pod=pod,
                container=event.container,
                probe=attempt.probe,
                message=messages.error_text(attempt.output),
                count=grown,
                combined=attempt.combined,
            )
        ]
    return []
