"""What a recording says that its probes did, and what a replay of the same probes over its own signal says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from probetuner.facts.fact import Fact, ReadinessChanged
from probetuner.facts.feed import Reader
from probetuner.history.attribution import RestartCause, attribute
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.container import Container
from probetuner.model.workload import Workload, WorkloadKind, parse_workload
from probetuner.sources.recording import Recording, Watched
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.container import Circumstances
from probetuner.tuning.replay.outcome import Outcome
from probetuner.tuning.replay.reconstruct import signals
from probetuner.tuning.replay.recorded import PodSignal, Recorded
from probetuner.tuning.replay.running import run

RUNS = 8
"""Replays per pod, over tick phases (where the recording does not give them away) and lateness in back-off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What happened to a container over all pods: events, and pod-seconds not ready."""

    kills: float
    restarts: float
    flaps: float
    unready_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One container of one recording: what was recorded, and what each replay gave."""

    recording: str
    container: str
    pods: int
    pod_seconds: float
    recorded: Counts
    replayed: tuple[Counts, ...]


def compare(folder: Path) -> Iterator[Comparison]:
    """Replay the probes of every container of a recording over its own signal."""
    recording = Recording(folder)
    facts, workloads = _read(recording)
    for workload in workloads:
        for container in workload.containers:
            mine = [f for f in facts if f.pod.workload == workload.ref and f.container == container.name]
            found = signals(mine, container)
            if found:
                yield Comparison(
                    recording=folder.name,
                    container=container.name,
                    pods=len(found),
                    pod_seconds=sum(signal.until - signal.began_at for signal in found.values()),
                    recorded=_recorded(mine, found, container),
                    replayed=tuple(_replayed(workload, container, found, index) for index in range(RUNS)),
                )


def _read(recording: Recording) -> tuple[list[Fact], list[Workload]]:
    reader = Reader(since=recording.started)
    facts: list[Fact] = []
    workloads = {}
    for record in recording.records():
        if isinstance(record, Watched):
            if record.object.get("kind") in tuple(WorkloadKind):
                workload = parse_workload(record.object)
                workloads[workload.ref] = workload
            facts += reader.watch(record.object, record.change, record.at)
        else:
            facts += reader.scrape(record.node, record.path, record.text, record.at)
    return facts, list(workloads.values())


def _recorded(facts: Sequence[Fact], found: dict[str, PodSignal], container: Container) -> Counts:
    history = WorkloadHistory()
    for fact in facts:
        history = observe(history, fact)
    lives = [life for entry in history.of(container.name) for life in entry.lives if life.pod_uid in found]
    causes = [attribute(life, container) for life in lives]
    shown = [_shown(facts, uid, signal) for uid, signal in found.items()]
    return Counts(
        kills=causes.count(RestartCause.LIVENESS_KILL) + causes.count(RestartCause.STARTUP_KILL),
        restarts=len([life for life in lives if life.restarts]),
        flaps=sum(outcome.flaps for outcome in shown),
        unready_seconds=sum(outcome.unready_seconds for outcome in shown),
    )


def _shown(facts: Sequence[Fact], uid: str, signal: PodSignal) -> Outcome:
    """The readiness that the pod's status showed."""
    changes = sorted(
        (fact.at, fact.ready)
        for fact in facts
        if isinstance(fact, ReadinessChanged) and fact.pod.uid == uid and fact.at < signal.until
    )
    return Outcome(began_at=signal.began_at, until=signal.until, lives=(), attempts=(), ready=tuple(changes), waits=())


def _replayed(workload: Workload, container: Container, found: dict[str, PodSignal], index: int) -> Counts:
    outcomes = [_replay(workload, container, signal, index) for signal in found.values()]
    return Counts(
        kills=sum(len(outcome.kills) for outcome in outcomes),
        restarts=sum(len(outcome.lives) - 1 for outcome in outcomes),
        flaps=sum(outcome.flaps for outcome in outcomes),
        unready_seconds=sum(outcome.unready_seconds for outcome in outcomes),
    )


def _replay(workload: Workload, container: Container, signal: PodSignal, index: int) -> Outcome:
    longest = max((probe.period_seconds for probe in (container.liveness, container.readiness) if probe), default=1)
    lead = signal.lead_seconds
    return run(
        probes=Probes(liveness=container.liveness, readiness=container.readiness, startup=container.startup),
        application=Recorded(signal),
        circumstances=Circumstances(
            grace_seconds=workload.grace_seconds,
            lead_seconds=longest * (index + 0.5) / RUNS if lead is None else lead,
            sync_jitter=(index * 5 % RUNS + 0.5) / RUNS,
        ),
        began_at=signal.began_at,
        until=signal.until,
    )
