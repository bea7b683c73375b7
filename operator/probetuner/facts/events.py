"""Event objects to facts.

The kubelet tells the same thing again by raising the count of the Event it made first, so what is new is the growth of
that count (client-go tools/record/events_cache.go).
"""

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from probetuner.facts import messages
from probetuner.facts.fact import BackOff, Fact, KillAnnounced, PodRef, ProbeErrored, ProbeFailed, StopAnnounced
from probetuner.facts.messages import Attempt, Kill, Outcome, Stop, Waiting
from probetuner.facts.times import believed
from probetuner.model.fields import Object, count, moment, objects, text
from probetuner.model.probe import Handler
from probetuner.model.workload import section


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeEvent:
    """What an Event of the kubelet says of one container; times are epoch seconds, whole ones in the kubelet's case.

    The pod is in the event's own namespace. `pod_uid` is empty where the event does not say.
    """

    namespace: str
    name: str
    pod_uid: str
    pod: str
    container: str
    meaning: Attempt | Kill | Stop | Waiting
    count: int
    first_at: float
    last_at: float


def parse_event(raw: Object, *, received_at: float) -> ProbeEvent | None:
    """Read an Event of v1 or events.k8s.io/v1; None when it is not the kubelet's or says nothing of probes.

    Both are the same object in two shapes (apis/core/v1 and events/v1 conversion.go), and both may count in `series`
    and name their writer in `reportingComponent` or `reportingController` alone. One that is about a pod of another
    namespace says nothing: no API server takes it (core/validation/events.go). Raises InvalidObjectError.
    """
    metadata = section(raw, "metadata", "Event")
    place = f"Event/{metadata.get('namespace')}/{metadata.get('name')}"
    involved = section(raw, "involvedObject", place) or section(raw, "regarding", place)
    if involved.get("kind") != "Pod" or "kubelet" not in _writers(raw, place):
        return None
    namespace = text(metadata, "namespace", place) or "default"
    if text(involved, "namespace", place) not in ("", namespace):
        return None
    container = messages.container_of(text(involved, "fieldPath", place))
    meaning = messages.read(text(raw, "reason", place), text(raw, "message", place) or text(raw, "note", place))
    if container is None or meaning is None:
        return None
    series = section(raw, "series", place)
    counts = (count(raw, "count", place), count(raw, "deprecatedCount", place), count(series, "count", place), 1)
    ended_at = _first(raw, ("lastTimestamp", "deprecatedLastTimestamp", "eventTime"), place)
    last_at = moment(series, "lastObservedTime", place) or ended_at or received_at
    first_at = _first(raw, ("firstTimestamp", "deprecatedFirstTimestamp", "eventTime"), place) or last_at
    made_at, written_at = _by_the_api_server(metadata, place, received_at=received_at, once=max(counts) == 1)
    last_at = _placed(last_at, received_at=received_at, told_at=written_at)
    return ProbeEvent(
        namespace=namespace,
        name=text(metadata, "name", place),
        pod_uid=text(involved, "uid", place),
        pod=text(involved, "name", place),
        container=container,
        meaning=meaning,
        count=max(counts),
        first_at=min(last_at, _placed(first_at, received_at=received_at, told_at=made_at)),
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


def _placed(claimed: float, *, received_at: float, told_at: float) -> float:
    """The time that is believed; `told_at` is when the API server took the event, as far as that is known.

    A node whose clock is ahead stamps its events with times to come. Whoever begins to watch finds old ones of these in
    a list, where they would seem to happen just now, and the API server knows better. Its clock is not asked where the
    node's can be right: it may itself be the one that is wrong.
    """
    may_be_right = believed(claimed, told_at=received_at) == claimed
    return claimed if may_be_right else believed(claimed, told_at=told_at)


def _by_the_api_server(metadata: Object, place: str, *, received_at: float, once: bool) -> tuple[float, float]:
    """When the API server made the event and when it was written last (managedFields); else when it was received."""
    made_at = min(received_at, moment(metadata, "creationTimestamp", place) or received_at)
    managed = (moment(entry, "time", place) for entry in objects(metadata, "managedFields", place))
    written_at = max((at for at in managed if at is not None), default=made_at if once else received_at)
    return made_at, min(received_at, max(made_at, written_at))


_EARLY_EVENTS = 4096
_EVENTS_OF_A_POD = 128
"""The kubelet sends 25 events about a pod at once and one in five minutes after that (client-go's spam filter)."""


class EarlyEvents:
    """Events of pods that are not known yet: a list may bring events before their pods.

    Bounded: of too many the oldest of the namespace that has most gives way, so that no tenant pushes out another's.
    """

    def __init__(self, *, most: int = _EARLY_EVENTS) -> None:
        self._most = most
        self._number = 0
        self._waiting: dict[str, deque[ProbeEvent]] = {}

    def keep(self, event: ProbeEvent) -> None:
        """Keep an event until its pod comes."""
        self._waiting.setdefault(event.namespace, deque()).append(event)
        self._number += 1
        if self._number > self._most:
            max(self._waiting.values(), key=len).popleft()
            self._number -= 1

    def take(self, namespace: str, concerns: Callable[[ProbeEvent], bool]) -> list[ProbeEvent]:
        """Give out the events of that namespace that concern somebody, in their order, and keep the others."""
        waiting = self._waiting.pop(namespace, deque())
        taken = [event for event in waiting if concerns(event)]
        if len(taken) < len(waiting):
            self._waiting[namespace] = deque(event for event in waiting if not concerns(event))
        self._number -= len(taken)
        return taken


class EventCounts:
    """How often each Event of a pod was counted already. Bounded: the one not heard of for longest is forgotten first.

    `since` is when observation began (epoch seconds): of what happened before, nothing is counted. Events are known by
    name and not by uid, and are not forgotten when they are deleted, because the kubelet makes an Event that
    expired anew under the same name with its count carried on (client-go tools/record/event.go recordEvent).
    """

    def __init__(self, *, since: float, most: int = _EVENTS_OF_A_POD) -> None:
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
        case Stop():
            return [StopAnnounced(at=event.last_at, pod=pod, container=event.container, count=grown)]
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
                # An event that is seen for the first time tells of all of them; of later ones it tells only the last.
                since=event.first_at if grown == event.count > 1 and event.first_at < event.last_at else None,
                said=messages.sentence(attempt.output),
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
