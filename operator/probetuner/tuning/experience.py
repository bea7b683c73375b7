"""What a container is known to have gone through: replicas that got stuck or paused, and answers that queued.

They are told apart by what was found about its kills, and by what went on around each run of failures. It is what
settings are weighed by (`loss`).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from probetuner.diagnosis.alone import fell_silent_alone, is_slow_around, with_others
from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.lockup import earlier_lockups, killed_in_lockup, lockups_without_liveness
from probetuner.diagnosis.pauses import lone_pauses, was_up
from probetuner.diagnosis.silence import busy_kills, overrun
from probetuner.diagnosis.waking import woken_kills
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.notice import late_share

TIMEOUTS_SECONDS = (1, 2, 3, 5, 8, 10)
"""The timeouts that are weighed."""
_IN_A_ROW, _HARDLY_EVER, _MOST_SHARE = 2, 0.5, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One replica's answers to a probe took longer than its `timeout_seconds`, for `seconds` from `began_at` on."""

    pod_uid: str
    probe: ProbeType
    began_at: float
    seconds: float
    timeout_seconds: int

    def overlaps(self, other: "Queue") -> bool:
        """Whether both were at the same time."""
        return self.began_at <= other.began_at + other.seconds and other.began_at <= self.began_at + self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What was seen over all replicas in one time: `lockups` in number, `pauses` in seconds each, and queues.

    How often replicas lock up is known from all templates, the rest from the present one. `shared` is the share of the
    queues that all replicas had at once. Of pauses and queues only the newest may be remembered: each stands for
    `times` as many. `late` has, by timeout, the share of the answers to readiness that come later by chance.
    """

    replicas: int
    seconds: float
    lockups: float
    times: float
    pauses: tuple[float, ...]
    queues: tuple[Queue, ...]
    shared: float
    start_seconds: float
    late: Mapping[int, float]

    def late_share(self, timeout_seconds: int) -> float:
        """The share for that timeout; for one between two that are known, as bounds make it, that of the shorter."""
        shorter = [timeout for timeout in self.late if timeout <= timeout_seconds]
        return self.late[max(shorter, default=min(self.late))]


@once
def experience_of(case: Case) -> Experience:
    """Tell lock-ups, pauses and queues apart."""
    queues = tuple(_queues(case))
    paused = [run for run in lone_pauses(case) if run.failures >= _more_than_chance(case, run.probe)]
    lasted = [_seconds(case, run) for run in paused]
    lasted += [_until_woken(case, life.ended_at or 0.0, case.killed_at(life)) for life in woken_kills(case)]
    return Experience(
        replicas=case.replicas,
        seconds=case.observed_seconds,
        times=_times(case),
        lockups=_lockups(case),
        pauses=tuple(lasted),
        queues=queues,
        shared=_shared(case, queues),
        start_seconds=min(case.answer_seconds(), default=0.0),
        late={timeout: late_share(case, timeout) for timeout in _timeouts(case)},
    )


def _timeouts(case: Case) -> set[int]:
    """The timeouts that are weighed, and the present one."""
    readiness = case.container.readiness
    return {*TIMEOUTS_SECONDS, *(() if readiness is None else (readiness.timeout_seconds,))}


def _lockups(case: Case) -> float:
    seen = max(0.0, len(killed_in_lockup(case)) - _outlasted_grace(case)) + len(lockups_without_liveness(case))
    before = sum(entry.last_seen_at - entry.first_seen_at for entry in case.older)
    return (seen + len(earlier_lockups(case))) * case.observed_seconds / max(1.0, case.observed_seconds + before)


def _outlasted_grace(case: Case) -> float:
    """How many killed processes only paused, but for longer than the grace period: what the tail of the others tells.

    As many fewer are to wake up in each further third of it as there were in its last one than in the one before.
    """
    third, waits = case.liveness_grace_seconds / 3, [life.stop_seconds or 0.0 for life in woken_kills(case)]
    last = sum(wait >= 2 * third for wait in waits)
    before = sum(wait >= third for wait in waits) - last
    return last**2 / (before + 2 - last) if last < before + 2 else math.inf


def _times(case: Case) -> float:
    """How many failures the counters tell of for each that is in a run that is remembered."""
    remembered = sum(run.failures for kind in _ASKING for run in case.runs(kind))
    return max(1.0, sum(map(case.failed, _ASKING)) / max(1, remembered))


def _until_woken(case: Case, ended_at: float, killed_at: float) -> float:
    probe = case.container.liveness or Probe(handler=None)
    return probe.failure_threshold * probe.cadence_seconds + ended_at - killed_at


def _seconds(case: Case, run: FailureRun) -> float:
    """How long a trouble lasts that so many attempts in a row meet, on average; an event may stand for older ones."""
    probe = case.container.probe(run.probe) or Probe(handler=None)
    return min(run.failures * probe.cadence_seconds, run.last_at - run.started_at + probe.cadence_seconds)


def _queues(case: Case) -> Iterator[Queue]:
    for kind in _ASKING:
        probe = case.container.probe(kind)
        if probe is not None:
            for run in case.runs(kind):
                if _is_queue(case, run):
                    yield Queue(
                        pod_uid=run.pod_uid,
                        probe=kind,
                        began_at=run.started_at,
                        seconds=_seconds(case, run),
                        timeout_seconds=probe.timeout_seconds,
                    )


_ASKING = (ProbeType.LIVENESS, ProbeType.READINESS)


def _is_queue(case: Case, run: FailureRun) -> bool:
    """Whether answers were late for longer than chance makes them, and the replica was not stuck or paused.

    Why attempts failed is not known where the kubelet dropped their events (client-go events_cache.go).
    """
    if not all(cause.is_silence for cause in run.causes):
        return False
    if run.ending is RunEnding.BY_ITSELF:
        long = run.failures >= _more_than_chance(case, run.probe)
        return long and _is_loaded(case, run) and was_up(case, run) and not fell_silent_alone(case, run)
    return any(
        life.pod_uid == run.pod_uid and life.started_at <= run.last_at <= (life.ended_at or run.last_at)
        for life in busy_kills(case)
        if life not in woken_kills(case)
    )


def _is_loaded(case: Case, run: FailureRun) -> bool:
    """Whether load is known, or shows in answers that came late then, or in all replicas time and again."""
    if overrun(case) or is_slow_around(case, run):
        return True
    silences = [other for other in case.runs(run.probe) if other.failures >= _IN_A_ROW]
    shared = sum(with_others(case, other) for other in silences)
    return with_others(case, run) and 2 * shared > len(silences)


def _more_than_chance(case: Case, kind: ProbeType) -> int:
    """How many late attempts in a row the single ones hardly ever make by chance."""
    attempts = case.succeeded(kind) + case.failed(kind)
    singles = sum(run.failures == 1 and run.ending is RunEnding.BY_ITSELF for run in case.runs(kind))
    share = min(_MOST_SHARE, (singles + 1) / (attempts + 2))
    return next(number for number in count(_IN_A_ROW) if attempts * share**number < _HARDLY_EVER)


def _shared(case: Case, queues: Sequence[Queue]) -> float:
    """The share of the queues that all replicas had at once: readiness that follows them leaves nobody to serve."""
    if case.replicas <= 1 or not queues:
        return 1.0
    return sum(len(_meanwhile(one, queues)) >= case.replicas for one in queues) / len(queues)


def _meanwhile(one: Queue, queues: Sequence[Queue]) -> set[str]:
    """The pods that had a queue at the same time."""
    return {other.pod_uid for other in queues if other.probe is one.probe and one.overlaps(other)}
