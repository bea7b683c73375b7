"""What a container is known to have gone through: replicas that got stuck or paused, and answers that queued.

They are told apart by what was found about its kills, and by what went on around each run of failures. It is what
settings are weighed by (`loss`). What older templates went through counts as well: what a probe was loosened for does
not come back to it as a surprise when it is tightened again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.load import paused_kills
from probetuner.diagnosis.lockup import (
    earlier_lockups,
    killed_in_lockup,
    lockups_without_liveness,
    sure_lockups,
)
from probetuner.diagnosis.pauses import lone_pauses
from probetuner.diagnosis.waking import woke_after_seconds
from probetuner.diagnosis.working import working_seconds
from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.notice import late_share
from probetuner.tuning.outlasting import outlasting
from probetuner.tuning.queues import ASKING, Queue, lasts_seconds, more_than_chance, queues_of

TIMEOUTS_SECONDS = (1, 2, 3, 5, 8, 10)
"""The timeouts that are weighed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A silence of so many seconds that passed, or that so likely did."""

    seconds: float
    likely: float = 1.0

    @property
    def was_seen(self) -> bool:
        """Whether it was seen to pass."""
        return self.likely == 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What was seen over all replicas while they worked: `lockups` in number, pauses, and queues.

    How often replicas lock up is known from all templates, the rest from the present one. `shared` is the share of the
    queues that all replicas had at once. Of pauses and queues only the newest may be remembered: each stands for
    `times` as many. `late` has, by timeout, the share of the answers to readiness that come later by chance. `waited`
    are the queues that only liveness saw, since readiness, which asks the same, waits for `waits_seconds`, longer than
    liveness. `earlier` has the same of each older template, but for these: what its probes asked is not known.
    """

    replicas: int
    seconds: float
    lockups: float
    times: float
    pauses: tuple[Pause, ...]
    queues: tuple[Queue, ...]
    shared: float
    start_seconds: float
    late: Mapping[int, float]
    waited: tuple[Queue, ...] = ()
    waits_seconds: int = 0
    earlier: tuple["Experience", ...] = ()

    @property
    def passed(self) -> float:
        """How many of the silences passed."""
        return sum(pause.likely for pause in self.pauses)

    def late_share(self, timeout_seconds: int) -> float:
        """The share for that timeout; for one between two that are known, as bounds make it, that of the shorter."""
        shorter = [timeout for timeout in self.late if timeout <= timeout_seconds]
        return self.late[max(shorter, default=min(self.late))]


@once
def experience_of(case: Case) -> Experience:
    """Tell lock-ups, pauses and queues apart."""
    queues = queues_of(case)
    paused = [run for run in lone_pauses(case) if run.failures >= more_than_chance(case, run.probe)]
    lasted = [lasts_seconds(case, run) for run in paused]
    lasted += [_until_woken(case, life) for life in paused_kills(case)]
    return Experience(
        replicas=case.replicas,
        seconds=working_seconds(case),
        times=_times(case),
        lockups=_lockups(case),
        pauses=(*(Pause(seconds=seconds) for seconds in lasted), *_outlasted(case)),
        queues=queues,
        waited=_waited(case, queues),
        waits_seconds=case.container.readiness.timeout_seconds if case.container.readiness else 0,
        shared=_shared(case, queues),
        start_seconds=min(case.start_seconds(), default=0.0),
        late={timeout: late_share(case, timeout) for timeout in _timeouts(case)},
        earlier=tuple(map(experience_of, _older(case))),
    )


@once
def _older(case: Case) -> tuple[Case, ...]:
    return tuple(_as_it_was(case, entry) for entry in case.older)


def _as_it_was(case: Case, entry: ContainerHistory) -> Case:
    """The case under an older template: how long its probes waited is told by the latest answers that they got."""
    was = {kind: _waiting(case.container.probe(kind), _latest_answer_seconds(entry, kind)) for kind in ASKING}
    container = replace(case.container, liveness=was[ProbeType.LIVENESS], readiness=was[ProbeType.READINESS])
    return replace(case, history=entry, container=container, earlier=())


def _waiting(probe: Probe | None, at_most_seconds: int) -> Probe | None:
    return probe and replace(probe, timeout_seconds=min(probe.timeout_seconds, at_most_seconds))


def _latest_answer_seconds(entry: ContainerHistory, kind: ProbeType) -> int:
    """An upper bound of it, in whole seconds; at least the shortest timeout that there is."""
    latest = 1.0
    for minute in entry.minutes:
        counts = minute.latency.get(kind, ())
        answered = (upper for upper, count in zip(LATENCY_BOUNDS_SECONDS, counts, strict=False) if count)
        latest = max(latest, *answered, 0.0)
    return math.ceil(latest)


def _timeouts(case: Case) -> set[int]:
    """The timeouts that are weighed, and the present one."""
    readiness = case.container.readiness
    return {*TIMEOUTS_SECONDS, *(() if readiness is None else (readiness.timeout_seconds,))}


def _lockups(case: Case) -> float:
    seen, worked = _stuck(case) + len(lockups_without_liveness(case)), working_seconds(case)
    before = sum(map(working_seconds, _older(case)))
    return (seen + _earlier(case)) * worked / (worked + before)


def _stuck(case: Case) -> float:
    """How many that liveness ended were stuck: who used up the grace period may only have paused for longer."""
    return len(killed_in_lockup(case)) - len(sure_lockups(case)) * outlasting(case).chance


def _outlasted(case: Case) -> tuple[Pause, ...]:
    """The pauses that such a process may have been in."""
    longer = outlasting(case)
    return (Pause(seconds=longer.seconds, likely=longer.chance),) * len(sure_lockups(case)) if longer.chance else ()


def _earlier(case: Case) -> float:
    """The same of older templates."""
    stuck = earlier_lockups(case)
    return sum(
        (1.0 - outlasting(older).chance) * sum(life in stuck for life in older.history.lives) for older in _older(case)
    )


def _times(case: Case) -> float:
    """How many failures the counters tell of for each that is in a run that is remembered."""
    remembered = sum(run.failures for kind in ASKING for run in case.runs(kind))
    return max(1.0, sum(map(case.failed, ASKING)) / max(1, remembered))


def _until_woken(case: Case, life: Life) -> float:
    probe = case.container.liveness or Probe(handler=None)
    return probe.failure_threshold * probe.cadence_seconds + woke_after_seconds(case, life)


def _waited(case: Case, queues: Sequence[Queue]) -> tuple[Queue, ...]:
    """The queues that only liveness saw, though readiness asks the same."""
    liveness, readiness = case.container.liveness, case.container.readiness
    if liveness is None or readiness is None or liveness.handler != readiness.handler:
        return ()
    if liveness.timeout_seconds >= readiness.timeout_seconds:
        return ()
    seen = [queue for queue in queues if queue.probe is ProbeType.READINESS]
    return tuple(
        queue
        for queue in queues
        if queue.probe is ProbeType.LIVENESS
        and not any(queue.pod_uid == other.pod_uid and queue.overlaps(other) for other in seen)
    )


def _shared(case: Case, queues: Sequence[Queue]) -> float:
    """The share of the queues that all replicas had at once: readiness that follows them leaves nobody to serve."""
    if case.replicas <= 1 or not queues:
        return 1.0
    return sum(len(_meanwhile(one, queues)) >= case.replicas for one in queues) / len(queues)


def _meanwhile(one: Queue, queues: Sequence[Queue]) -> set[str]:
    """The pods that had a queue at the same time."""
    return {other.pod_uid for other in queues if other.probe is one.probe and one.overlaps(other)}
