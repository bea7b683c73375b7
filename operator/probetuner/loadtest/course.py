"""The course of a load as its lines and the cluster's records tell it, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from probetuner.facts.fact import Fact
from probetuner.facts.feed import Reader, only
from probetuner.loadtest.figures import Ending, Figures, LineError, read_line
from probetuner.loadtest.impact import Impact, take_in
from probetuner.model.fields import objects, text
from probetuner.model.workload import WorkloadRef, section

_HOPELESS = frozenset(
    {"ErrImageNeverPull", "InvalidImageName", "ImagePullBackOff", "CreateContainerConfigError", "CreateContainerError"}
)


class ClientError(Exception):
    """The client does not run, or is not what it should be; the text is one sentence with the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPod:
    """The pod that the Job made: whether it has run, and why it does not, where that will not pass by itself."""

    name: str
    has_run: bool
    problem: str = ""


class Course:
    """What is known so far. Facts count from the client's first line on, by the clock of the client's node."""

    def __init__(self, ref: WorkloadRef) -> None:
        # What events tell of before is not held against our own clock, which may differ from the nodes'.
        self._reader = Reader(since=float("-inf"), follows=only([ref]))
        self._ahead_seconds: float | None = None
        self.lines: list[Figures] = []
        self.impact: Impact | None = None
        self.ended: Ending | None = None

    @property
    def steps(self) -> Sequence[Figures]:
        """The last figures of each step."""
        return list({line.step: line for line in self.lines}.values())

    def read(self, printed: str, *, at: float) -> None:
        """Take in a line that was received at that time by our own clock. Raises ClientError when it is none."""
        try:
            line = read_line(printed)
        except LineError:
            raise ClientError(
                f"the image does not run probetuner's client, it printed {printed[:200]!r}; name another with --image"
            ) from None
        self.ended = line.ended or self.ended
        if line.figures is not None:
            self.lines.append(line.figures)
            ahead = at - line.figures.at
            self._ahead_seconds = ahead if self._ahead_seconds is None else min(self._ahead_seconds, ahead)
            self.impact = self.impact or Impact(began_at=line.figures.began_at)

    def watch(self, raw: Mapping[str, Any], change: str, *, at: float) -> None:
        """Take in an object of the namespace. Raises InvalidObjectError; nothing is changed then."""
        self._take(self._reader.watch(raw, change, self._by_their_clock(at)))

    def scrape(self, node: str, path: str, exposition: str, *, at: float, problem: str | None = None) -> None:
        """Take in a kubelet's answer; `problem` says what of it is not in the text."""
        self._take(self._reader.scrape(node, path, exposition, self._by_their_clock(at), problem))

    def _take(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            if self.impact is not None:
                self.impact = take_in(self.impact, fact)

    def _by_their_clock(self, at: float) -> float:
        return at - (self._ahead_seconds or 0.0)


def client_pod(raw: Mapping[str, Any], *, job_uid: str) -> ClientPod | None:
    """Read a Pod, when it is that of the Job. Raises InvalidObjectError."""
    if raw.get("kind") != "Pod":
        return None
    metadata, status = section(raw, "metadata", "Pod"), section(raw, "status", "Pod")
    if not any(owner.get("uid") == job_uid for owner in objects(metadata, "ownerReferences", "Pod.metadata")):
        return None
    shown = [section(entry, "state", "Pod.status") for entry in objects(status, "containerStatuses", "Pod.status")]
    waiting = [section(state, "waiting", "Pod.status") for state in shown]
    hopeless = [entry for entry in waiting if entry.get("reason") in _HOPELESS]
    problem = f"{hopeless[0].get('reason')}: {hopeless[0].get('message') or 'no more is said'}" if hopeless else ""
    return ClientPod(
        name=text(metadata, "name", "Pod.metadata"),
        has_run=any("running" in state or "terminated" in state for state in shown),
        problem=problem,
    )


def refusal_of(raw: Mapping[str, Any], *, job_uid: str) -> str | None:
    """Why the Job may not make its pod, when this is the Event that tells it (job_controller FailedCreate)."""
    if raw.get("kind") != "Event" or raw.get("reason") != "FailedCreate":
        return None
    involved = section(raw, "involvedObject", "Event")
    return text(raw, "message", "Event") if involved.get("uid") == job_uid else None
