"""What was really recorded, from raw records to the decision: the truth is found and nothing plainly wrong is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from probetuner.change.decide import decide
from probetuner.change.situation import Decision, Situation
from probetuner.facts.feed import Reader
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode, ModeDecision, ModeSource
from probetuner.model.policy import Policy
from probetuner.model.workload import Workload, WorkloadRef, parse_workload
from probetuner.sources.recording import Recording, Watched
from support.schema import status_problems

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
FOLDERS = sorted(path.parent.name for path in RECORDINGS.glob("*/truth.yaml"))
_KINDS = ("Deployment", "StatefulSet", "DaemonSet")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided in mode Apply at the end of a recording, and what is known to be true."""

    truth: Mapping[str, Any]
    decision: Decision

    def findings(self) -> set[str]:
        """The names of the findings about the container that the truth is about."""
        entries = self.decision.status["findings"]
        return {entry["name"] for entry in entries if entry["container"] == self.truth["container"]}

    def actions(self) -> set[str]:
        """The names of the actions for that container; none where nothing is recommended for it."""
        recommendation = self.decision.status.get("recommendation", {})
        actions = recommendation.get("actions", ())
        named = {action["name"] for action in actions if action["container"] == self.truth["container"]}
        return named or {"none"}


@cache
def outcome(folder: str) -> Outcome:
    """Read a recording from its beginning to its end, and decide then."""
    recording = Recording(RECORDINGS / folder)
    truth = yaml.safe_load((RECORDINGS / folder / "truth.yaml").read_text())
    reader = Reader(since=recording.started)
    workloads: dict[WorkloadRef, Workload] = {}
    histories: dict[WorkloadRef | None, WorkloadHistory] = {}
    now = recording.started
    for record in recording.records():
        now = record.at
        if isinstance(record, Watched):
            if record.object.get("kind") in _KINDS:
                loaded = parse_workload(record.object)
                workloads[loaded.ref] = loaded
            facts = reader.watch(record.object, record.change, record.at)
        else:
            facts = reader.scrape(record.node, record.path, record.text, record.at)
        for fact in facts:
            ref = fact.pod.workload
            histories[ref] = observe(histories.get(ref, WorkloadHistory()), fact)
    assert recording.problems == []
    (meant,) = (w for w in workloads.values() if f"{w.ref.kind}/{w.ref.name}" == truth["workload"])
    situation = Situation(
        workload=meant,
        mode=ModeDecision(mode=Mode.APPLY, source=ModeSource.WORKLOAD),
        policy=Policy(),
        history=histories[meant.ref],
    )
    return Outcome(truth=truth, decision=decide(situation, now))


def expected(truth: Mapping[str, Any], what: str) -> set[str]:
    return set((truth.get("expect") or {}).get(what) or ())


def forbidden(truth: Mapping[str, Any], what: str) -> set[str]:
    return set((truth.get("forbid") or {}).get(what) or ())


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_truth_is_found(folder: str) -> None:
    """What is undeniable from the evidence is found, and what must follow from it is recommended."""
    seen = outcome(folder)

    assert expected(seen.truth, "findings") <= seen.findings()
    assert expected(seen.truth, "actions") <= seen.actions()


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_plainly_wrong_is_said(folder: str) -> None:
    """What would mislead a person, or harm the workload, is neither found nor recommended."""
    seen = outcome(folder)

    assert not forbidden(seen.truth, "findings") & seen.findings()
    assert not forbidden(seen.truth, "actions") & seen.actions()


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_status_is_one_that_the_server_takes(folder: str) -> None:
    """What is written about real trouble fits the definition of a ProbePolicy."""
    assert status_problems(outcome(folder).decision.status) == []


@pytest.mark.parametrize("folder", ["05-crash-loop", "06-oom-loop", "10-healthy", "14-lockup-with-liveness"])
def test_probes_that_do_what_they_are_for_are_left_alone(folder: str) -> None:
    """Where the application itself ends, or the probe is right, not even mode Apply sends a patch."""
    assert outcome(folder).decision.patch is None
