"""Queues: times in which answers came later than a probe waits, of a process that was busy and not stuck or paused."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from probetuner.diagnosis.alone import fell_silent_alone, is_slow_around, with_others
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.load import busy_kills, overrun, paused_kills
from probetuner.diagnosis.pauses import was_up
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import Probe, ProbeType

ASKING = (ProbeType.LIVENESS, ProbeType.READINESS)
"""The probes that ask a container that is up."""
_IN_A_ROW, _HARDLY_EVER, _MOST_SHARE = 2, 0.5, 0.5
_SAME_RUSH_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One replica's answers to a probe took longer than its `timeout_seconds`, for `seconds` from `began_at` on."""

    pod_uid: str
    probe: ProbeType
    began_at: float
    seconds: float
    timeout_seconds: int

    @property
    def ended_at(self) -> float:
        """When answers came in time again."""
        return self.began_at + self.seconds

    def overlaps(self, other: "Queue") -> bool:
        """Whether both were at the same time."""
        return self.began_at <= other.ended_at and other.began_at <= self.ended_at


def queues_of(case: Case) -> tuple[Queue, ...]:
    """The queues of all replicas, oldest first.

    One that was cut short by a kill is taken to have gone on for as long as others of the same rush: those of other
    replicas, and those that the fresh container ran into, which are one with it.
    """
    runs = [run for kind in ASKING for run in case.runs(kind) if _is_queue(case, run)]
    found = sorted(((_queue(case, run), run) for run in runs), key=lambda pair: pair[0].began_at)
    ends = ends_of_rushes([queue for queue, _ in found])
    return tuple(
        _apart(
            replace(queue, seconds=end - queue.began_at) if run.ending is RunEnding.KILLED else queue
            for (queue, run), end in zip(found, ends, strict=True)
        )
    )


def _apart(queues: Iterable[Queue]) -> Iterator[Queue]:
    """Those that began after the one before them in the same replica had ended."""
    until: dict[tuple[str, ProbeType], float] = {}
    for queue in queues:
        of = (queue.pod_uid, queue.probe)
        if queue.began_at >= until.get(of, queue.began_at):
            until[of] = queue.ended_at
            yield queue


def ends_of_rushes(queues: Sequence[Queue]) -> list[float]:
    """For each of these queues, oldest first, when the rush ended that it was part of: hardly any time lies between."""
    ends: list[float] = []
    rushes = []
    for queue in queues:
        if ends and queue.began_at <= ends[-1] + _SAME_RUSH_SECONDS:
            ends[-1] = max(ends[-1], queue.ended_at)
        else:
            ends.append(queue.ended_at)
        rushes.append(len(ends) - 1)
    return [ends[rush] for rush in rushes]


def _queue(case: Case, run: FailureRun) -> Queue:
    probe = case.container.probe(run.probe) or Probe(handler=None)
    return Queue(
        pod_uid=run.pod_uid,
        probe=run.probe,
        began_at=run.started_at,
        seconds=lasts_seconds(case, run),
        timeout_seconds=probe.timeout_seconds,
    )


def _is_queue(case: Case, run: FailureRun) -> bool:
    """Whether answers were late for longer than chance makes them, and the replica was not stuck or paused.

    Why attempts failed is not known where the kubelet dropped their events (client-go events_cache.go).
    """
    if case.container.probe(run.probe) is None or not all(cause.is_silence for cause in run.causes):
        return False
    if run.ending is RunEnding.BY_ITSELF:
        long = run.failures >= more_than_chance(case, run.probe)
        return long and _is_loaded(case, run) and was_up(case, run) and not fell_silent_alone(case, run)
    return any(
        life.pod_uid == run.pod_uid and life.started_at <= run.last_at <= (life.ended_at or run.last_at)
        for life in busy_kills(case)
        if life not in paused_kills(case)
    )


def _is_loaded(case: Case, run: FailureRun) -> bool:
    """Whether load is known, or shows in answers that came late then, or in all replicas time and again."""
    if overrun(case) or is_slow_around(case, run):
        return True
    silences = [other for other in case.runs(run.probe) if other.failures >= _IN_A_ROW]
    shared = sum(with_others(case, other) for other in silences)
    return with_others(case, run) and 2 * shared > len(silences)


def lasts_seconds(case: Case, run: FailureRun) -> float:
    """How long a trouble lasts that so many attempts in a row meet, on average; an event may stand for older ones."""
    probe = case.container.probe(run.probe) or Probe(handler=None)
    return min(run.failures * probe.cadence_seconds, run.last_at - run.started_at + probe.cadence_seconds)


def more_than_chance(case: Case, kind: ProbeType) -> int:
    """How many late attempts in a row the single ones hardly ever make by chance."""
    attempts = case.succeeded(kind) + case.failed(kind)
    singles = sum(run.failures == 1 and run.ending is RunEnding.BY_ITSELF for run in case.runs(kind))
    share = min(_MOST_SHARE, (singles + 1) / (attempts + 2))
    return next(number for number in count(_IN_A_ROW) if attempts * share**number < _HARDLY_EVER)
