"""Asking calm nodes less often loses nothing: the recordings say the same with a third of their calm scrapes."""

import math
from pathlib import Path

import pytest

from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.facts.feed import Reader
from probetuner.history.fold import observe
from probetuner.history.notable import merely_goes_on
from probetuner.history.record import WorkloadHistory
from probetuner.model.policy import Policy
from probetuner.model.workload import Workload, WorkloadKind, WorkloadRef, parse_workload
from probetuner.sources.recording import Recording, Watched
from probetuner.tuning.recommend import recommend

HERE = Path(__file__).parent
SOON_SECONDS, APART_SECONDS = 60.0, 25.0
"""The operator waits for ten minutes of calm, in which a recording is over; here a minute must be enough."""


def judged(folder: Path, *, calm_after: float) -> tuple[dict[WorkloadRef, object], int]:
    """What is said of each workload, and how many scrapes were left out."""
    recording = Recording(folder)
    reader, news, left_out = Reader(since=recording.started), recording.started, 0
    histories: dict[WorkloadRef, WorkloadHistory] = {}
    workloads: dict[WorkloadRef, Workload] = {}
    asked: dict[tuple[str, str], float] = {}
    for record in recording.records():
        if isinstance(record, Watched):
            if record.object.get("kind") in tuple(WorkloadKind):
                workload = parse_workload(record.object)
                workloads[workload.ref] = workload
            facts = reader.watch(record.object, record.change, record.at)
        else:
            page, calm = (record.node, record.path), record.at - news >= calm_after
            if calm and record.at - asked.get(page, -math.inf) < APART_SECONDS:
                left_out += 1
                continue
            asked[page] = record.at
            facts = reader.scrape(record.node, record.path, record.text, record.at)
        for fact in facts:
            ref = fact.pod.workload
            if isinstance(ref, WorkloadRef) and ref in workloads:
                known = histories.get(ref, WorkloadHistory(watched_since=recording.started))
                histories[ref] = observe(known, fact)
                news = news if merely_goes_on(fact, workloads[ref]) else max(news, fact.at)
    return {ref: _said(workload, histories.get(ref)) for ref, workload in workloads.items()}, left_out


def _said(workload: Workload, history: WorkloadHistory | None) -> object:
    found = cases(workload, history or WorkloadHistory())
    findings = diagnose(found)
    advice = recommend(found, findings, Policy())
    return sorted(finding.name for finding in findings), advice and (advice.actions, advice.target)


@pytest.mark.parametrize(
    "name",
    ["03-redis-exec-zombies", "05-crash-loop", "07-lockup-no-liveness", "09-dependency-coupled-liveness", "10-healthy"],
)
def test_fewer_calm_scrapes_change_nothing(name: str) -> None:
    """Findings, actions and numbers are the same, with scrapes 30 s apart after a minute in which nothing happened."""
    everything, none = judged(HERE / name, calm_after=math.inf)
    fewer, some = judged(HERE / name, calm_after=SOON_SECONDS)

    assert (none, some > 0) == (0, True)
    assert _names(fewer) == _names(everything)


def _names(said: dict[WorkloadRef, object]) -> str:
    return repr(sorted(said.items(), key=str))
