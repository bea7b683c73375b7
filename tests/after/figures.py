"""What a recording and its users tell of a window of time: the figures of one side of a comparison."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from demo import observation
from probetuner.sources.recording import Watched

_SERVICE = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the users met between `began` and `ended` (epoch seconds); `failed` is by the cause."""

    began: float
    ended: float
    answered: int
    failed: Mapping[str, int] = field(default_factory=dict)

    @property
    def failures(self) -> int:
        """How many requests failed."""
        return sum(self.failed.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One side: requests, kills for a probe, and the time in which no endpoint was ready."""

    answered: int
    failed: int
    kills: int
    seconds_without_endpoint: float

    def __str__(self) -> str:
        """All of them in a line."""
        return (
            f"{self.answered} answered, {self.failed} failed, {self.kills} kills, "
            f"{self.seconds_without_endpoint:.0f} s without an endpoint"
        )


def measure(watched: Sequence[Watched], workload: str, asked: Asked) -> Figures:
    """The figures of a Deployment, and of the Service of its name, while users asked.

    *watched* is everything that was seen, in the order of receipt, from before the Service was made.
    """
    until = {moment: _kills(watched, workload, moment) for moment in (asked.began, asked.ended)}
    return Figures(
        answered=asked.answered,
        failed=asked.failures,
        kills=sum(count - until[asked.began].get(pod, 0) for pod, count in until[asked.ended].items()),
        seconds_without_endpoint=_seconds_without(_ready(watched, workload), asked.began, asked.ended),
    )


def _kills(watched: Iterable[Watched], workload: str, moment: float) -> Mapping[str, int]:
    """How often the containers of each pod were killed until then.

    The kubelet announces a kill before the container ends, and drops announcements where there are many; what it
    counts comes after the end. The greater figure is right: no program of a scenario ends by itself.
    """
    latest = {event.object["metadata"]["uid"]: event.object for event in watched if event.at <= moment}
    look = observation.read({"items": list(latest.values())}, workload)
    announced = {pod.name: sum(kill.count for kill in look.kills.values() if kill.pod == pod.name) for pod in look.pods}
    return {pod.name: max(pod.restarts, announced[pod.name]) for pod in look.pods}


def _ready(watched: Iterable[Watched], service: str) -> list[tuple[float, int]]:
    """How many endpoints of the Service were ready from each moment on."""
    slices: dict[str, int] = {}
    steps = []
    for event in watched:
        metadata = event.object["metadata"]
        if event.object["kind"] == "EndpointSlice" and metadata.get("labels", {}).get(_SERVICE) == service:
            slices[metadata["uid"]] = 0 if event.change == "DELETED" else _count(event.object)
            steps.append((event.at, sum(slices.values())))
    return steps


def _count(endpoint_slice: Mapping[str, Any]) -> int:
    """Endpoints that are ready, or of which that is not known, which the API says is to be taken for ready."""
    endpoints = endpoint_slice.get("endpoints") or ()
    return sum((endpoint.get("conditions") or {}).get("ready") is not False for endpoint in endpoints)


def _seconds_without(steps: Iterable[tuple[float, int]], began: float, ended: float) -> float:
    """How long there was none, between these moments; before the first step there was none either."""
    bounded = [(min(max(at, began), ended), count) for at, count in ((began, 0), *steps, (ended, 1))]
    return sum(later - at for (at, count), (later, _) in pairwise(bounded) if count == 0)
