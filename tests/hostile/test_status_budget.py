"""A status has a bound as a whole, however large its workload: what matters least is left out first, and it says so."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probetuner.change.budget import MOST_BYTES, within_budget
from probetuner.change.decide import decide
from probetuner.change.record import MOST_PATCH_CHARACTERS, read_changes
from probetuner.change.situation import Refusal, RefusalReason, Situation
from probetuner.change.times import to_text
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode, ModeDecision, ModeSource
from probetuner.model.policy import Endpoints, Policy
from probetuner.model.workload import parse_workload
from support.facts import T0, remember
from support.schema import status_problems
from support.stage import Stage
from support.stories import crash_loop, flapping, killed_under_load
from support.workloads import Json, container, deployment

NOISY = 'é"<\\'
"""Characters that take more room in JSON than in a string."""


def crowded(*, characters: str = "x", troubled: int = 0) -> Situation:
    """A hundred containers with long names and paths, three probes each and endpoints under trial."""
    names = [f"c{index}-{'n' * 55}" for index in range(100)]
    probe = {"httpGet": {"port": "http", "path": "/" + characters * (480 // len(characters))}, "periodSeconds": 5}
    ports = [{"containerPort": 8000 + index, "name": "http" if not index else f"http-{index}"} for index in range(4)]
    probes = {"livenessProbe": probe, "readinessProbe": probe, "startupProbe": probe}
    live = deployment(*({**container(name, **probes), "ports": ports} for name in names))
    return Situation(
        workload=parse_workload(live),
        mode=ModeDecision(mode=Mode.APPLY, source=ModeSource.WORKLOAD),
        policy=Policy(endpoints=Endpoints(discovery=True)),
        history=WorkloadHistory(containers=tuple(replace(TROUBLE, name=name) for name in names[:troubled])),
        refusal=Refusal(reason=RefusalReason.REJECTED, message=characters * 2000, at=T0),
        status={"history": log(characters)},
    )


TROUBLE = remember([*killed_under_load(), *flapping(), *crash_loop()]).containers[0]


def log(characters: str) -> list[Json]:
    """Ten changes whose patches are as long as they may be."""
    command = [characters * 100] * (MOST_PATCH_CHARACTERS // (len(json.dumps(characters * 100)) + 2) - 2)
    body = {
        "spec": {"template": {"spec": {"containers": [{"name": "c", "livenessProbe": {"exec": {"command": command}}}]}}}
    }
    written = json.dumps(body)
    assert 0.9 * MOST_PATCH_CHARACTERS < len(written) <= MOST_PATCH_CHARACTERS
    times = {"decidedAt": to_text(T0 - 9000), "appliedAt": to_text(T0 - 9000), "verdictAt": to_text(T0 - 8000)}
    entry = {"summary": "a change", "patch": written, "undo": written, "before": {}, "verdict": "Kept", **times}
    return [{"id": f"change-{number}", **entry} for number in range(10)]


@pytest.mark.slow
@pytest.mark.parametrize("characters", ["x", NOISY])
@pytest.mark.parametrize("troubled", [0, 70])
def test_the_largest_workload_has_a_status_within_the_budget(characters: str, troubled: int) -> None:
    """It fits, the API server takes it, it says what is missing, and no change is forgotten by the next decision."""
    situation = crowded(characters=characters, troubled=troubled)

    first = decide(situation, T0 + 5000)
    second = decide(replace(situation, status=json.loads(json.dumps(first.status))), T0 + 5010)

    assert len(json.dumps(first.status)) <= MOST_BYTES
    assert status_problems(first.status) == []
    assert "containers.endpoints" in first.status["omitted"]
    changes = read_changes(first.status)
    assert len(changes) == 10
    assert changes[0].patch
    assert not changes[-1].patch
    assert {condition["type"] for condition in first.status["conditions"]} >= {"Observing", "Applied", "Verified"}
    assert second.status["phase"] == first.status["phase"]
    assert len(json.dumps(second.status)) <= MOST_BYTES


def test_what_fits_is_left_whole() -> None:
    """A usual status is written as it is, and says nothing of omissions."""
    stage = Stage()

    stage.turn()

    assert "omitted" not in stage.status
    assert len(json.dumps(stage.status)) < 20_000


def heavy(weights: dict[str, int]) -> Json:
    """A status with so many characters of each part."""
    text = {name: "x" * count for name, count in weights.items()}
    probes = {"current": text["current"], "endpoints": text["endpoints"], "recommended": text["recommended"]}
    entries = [{"id": str(number), "patch": text["entry"], "undo": text["entry"]} for number in range(10)]
    return {
        "phase": "Healthy",
        "containers": [{"name": "web", "findings": [], **probes}],
        "findings": [{"name": "healthy", "evidence": [text["evidence"]]}],
        "handover": {"keeper": "k", "advice": "a", "lines": text["lines"]},
        "recommendation": {"id": "r", "actions": [{"name": "a", "reason": text["reason"]}]},
        "patch": text["patch"],
        "history": entries,
        "conditions": [{"type": "Applied"}],
    }


sizes = st.sampled_from([0, 1000, 30_000, 100_000, 300_000])
PARTS = ("current", "endpoints", "recommended", "evidence", "lines", "reason", "patch")


@pytest.mark.slow
@given(st.fixed_dictionaries(dict.fromkeys(PARTS, sizes)), st.sampled_from([0, 1000, 30_000, 64_000]))
@settings(max_examples=100, deadline=None)
def test_no_more_is_left_out_than_has_to_be(weights: dict[str, int], entry: int) -> None:
    """Whatever weighs how much, the result fits; what is not named is whole, and the latest change stays."""
    whole = heavy({**weights, "entry": entry})

    shown = within_budget(whole)

    omitted = shown.pop("omitted", [])
    assert len(json.dumps(shown)) <= MOST_BYTES
    assert bool(omitted) == (len(json.dumps(whole)) > MOST_BYTES - 1024)
    assert shown["history"][0] == whole["history"][0]
    assert [entry["id"] for entry in shown["history"]] == [entry["id"] for entry in whole["history"]]
    for part in ("phase", "conditions"):
        assert shown[part] == whole[part]
    for part, place in PLACES.items():
        if part not in omitted:
            assert place(shown) == place(whole)


PLACES: dict[str, Any] = {
    "containers.endpoints": lambda status: status["containers"][0]["endpoints"],
    "containers.current": lambda status: status["containers"][0]["current"],
    "containers.recommended": lambda status: status["containers"][0]["recommended"],
    "findings.evidence": lambda status: status["findings"][0]["evidence"],
    "handover.lines": lambda status: status["handover"]["lines"],
    "patch": lambda status: status["patch"],
    "history.patch": lambda status: status["history"],
    "recommendation.actions.reason": lambda status: status["recommendation"],
}
