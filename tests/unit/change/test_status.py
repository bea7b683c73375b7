"""What is written: always what the schema takes, and nothing where nothing happened."""

import json
from dataclasses import replace
from typing import Any

import pytest

from probetuner.change.conditions import Condition, ConditionType, write_conditions
from probetuner.change.counters import ASKING, Counters
from probetuner.change.decide import decide
from probetuner.change.situation import Decision, Refusal, RefusalReason, Situation
from probetuner.change.times import from_text, to_text
from probetuner.facts.fact import Fact
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode, ModeDecision, ModeSource, resolve_mode
from probetuner.model.policy import Endpoints, Policy
from probetuner.model.workload import parse_workload
from support.facts import READINESS, T0, counted, remember
from support.schema import status_problems
from support.stage import Stage, Step
from support.stories import (
    REPLICAS,
    crash_loop,
    flapping,
    killed_once,
    killed_under_load,
    oom_loop,
    quiet,
    slow_starters,
)
from support.trials import CHEAP, rounds
from support.workloads import LIVENESS, container, deployment

STORIES = {
    "nothing": (),
    "quiet": tuple(quiet()),
    "killed under load": tuple(killed_under_load()),
    "killed once": tuple(killed_once()),
    "slow starters": tuple(slow_starters()),
    "crash loop": tuple(crash_loop()),
    "oom loop": tuple(oom_loop()),
    "flapping": tuple(flapping()),
}
BOTH = deployment(container(livenessProbe=LIVENESS, readinessProbe=LIVENESS))


@pytest.mark.slow
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("facts", STORIES.values(), ids=STORIES.keys())
def test_a_quiet_cluster_causes_no_writes(facts: tuple[Fact, ...], mode: Mode) -> None:
    """Once it is written down, what is known gives the same status, no patch and no Event, at any later time."""
    stage = Stage(live=BOTH, mode=mode, history=remember(facts))
    for _ in range(6):
        stage.turn()
        stage.now += 20
        stage.roll_out()
    stage.server_says = RefusalReason.REJECTED
    settled, told, writes = stage.status, len(stage.told), stage.writes

    for seconds in (1, 60, 200):
        stage.now += seconds
        decision = stage.turn()
        assert decision.announcements == ()
        assert decision.patch is None

    assert (stage.status, len(stage.told), stage.writes) == (settled, told, writes)


def test_more_healthy_counters_cause_no_writes() -> None:
    """Whatever changes with every scrape of a healthy workload is not written."""
    stage = Stage(live=BOTH, history=remember([*quiet(), *readiness(0, 30)]))
    stage.turn()
    assert stage.status["phase"] == "Healthy"
    writes = stage.writes

    for n in range(30, 60):
        stage.now += 10
        stage.learn(*(counted(10 * n, 10 * n + 10, ok=1, of=of) for of in REPLICAS), *readiness(n, n + 1))
        decision = stage.turn()
        assert decision.announcements == ()

    assert stage.writes == writes


def readiness(first: int, last: int) -> list[Fact]:
    return [counted(10 * n, 10 * n + 10, ok=1, probe=READINESS, of=of) for n in range(first, last) for of in REPLICAS]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("facts", STORIES.values(), ids=STORIES.keys())
def test_every_status_is_one_that_the_server_takes(facts: tuple[Fact, ...], mode: Mode) -> None:
    """Every story in every mode gives a status that fits the definition; the stage checks each."""
    stage = Stage(live=BOTH, mode=mode, history=remember(facts))

    for _ in range(3):
        stage.turn()
        stage.now += 700

    assert {condition["type"] for condition in stage.status["conditions"]} == {kind.value for kind in ConditionType}


LONG = "x" * 1_000_000


def absurd(**how: Any) -> Situation:
    """A workload of 500 containers with commands of 10 kB, of which 70 are in trouble, and a server that raves."""
    probe = {"exec": {"command": ["check", "y" * 10_000]}}
    names = [f"c{index}-{'n' * 55}" for index in range(500)]
    live = deployment(*(container(name, livenessProbe=probe, readinessProbe=probe) for name in names))
    live["metadata"]["name"] = "w" * 253
    return replace(
        Situation(
            workload=parse_workload(live),
            mode=ModeDecision(mode=Mode.APPLY, source=ModeSource.POLICY),
            policy=Policy(),
            history=WorkloadHistory(containers=tuple(_as(name) for name in names[:70])),
            refusal=Refusal(reason=RefusalReason.REJECTED, message=LONG, at=T0),
        ),
        **how,
    )


_ONE = remember([*killed_under_load(), *flapping(), *crash_loop()]).containers[0]


def _as(name: str) -> Any:
    return replace(_ONE, name=name)


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({}, id="refused"),
        pytest.param({"refusal": None}, id="too large to be sent"),
        pytest.param({"counters": Counters(available=False, reason="KubeletsRefuse", message=LONG)}, id="counters"),
        pytest.param({"policy_problem": LONG}, id="policy problem"),
        pytest.param(
            {"mode": resolve_mode(policy=LONG, workload=None, namespace=None, default=Mode.OFF)}, id="unknown mode"
        ),
        pytest.param({"mode": ModeDecision(mode=Mode.OBSERVE, source=ModeSource.DEFAULT)}, id="observed only"),
    ],
)
def test_absurd_input_is_cut_to_what_the_schema_takes(how: dict[str, Any]) -> None:
    """However much there is to say, the status stays one that the API server takes, and what follows it too."""
    situation = absurd(**how)

    first = decide(situation, T0 + 5000)
    second = decide(replace(situation, status=roundtrip(first)), T0 + 5010)

    assert status_problems(first.status) == status_problems(second.status) == []
    assert max((len(told.message) for told in (*first.announcements, *second.announcements)), default=0) <= 1024


def roundtrip(decision: Decision) -> Any:
    return json.loads(json.dumps(decision.status))


def test_a_refusal_of_any_length_is_told_briefly() -> None:
    """The log keeps the beginning of what the server said."""
    stage = Stage()
    stage.turn(until=Step.STATUS_WRITTEN)
    stage.refusal = Refusal(reason=RefusalReason.REJECTED, message=LONG, at=T0 + stage.now)

    stage.turn()

    assert len(stage.latest["reason"]) == 1024
    assert max(len(told.message) for told in stage.told) == 1024


def test_an_unknown_mode_is_told_once_and_does_nothing() -> None:
    """It counts as Off until it is mended, and the condition names what is allowed."""
    problem = resolve_mode(policy=None, workload="Appply", namespace=None, default=Mode.OFF).problem
    stage = Stage(mode=Mode.OFF, problem=problem)

    for _ in range(3):
        stage.turn()

    assert stage.status["phase"] == "Blocked"
    assert (stage.sent, stage.status["findings"]) == ([], [])
    assert [told.reason for told in stage.told] == ["InvalidMode"]
    assert stage.condition("Observing")["status"] == "False"
    assert "allowed are Off, Observe, Recommend, Apply" in stage.condition("Observing")["message"]


@pytest.mark.parametrize(
    ("override", "next_step"),
    [(False, "set spec.overrideOff as somebody who may patch the workload"), (True, "nothing checks who sets it")],
)
def test_a_veto_is_told_with_the_next_step(*, override: bool, next_step: str) -> None:
    """Who wrote a policy in vain sees whose word holds against it, and nothing is looked at or sent."""
    vetoed = resolve_mode(policy="Apply", workload="Off", namespace=None, default=Mode.OFF)
    decision = decide(absurd(mode=vetoed, policy=Policy(mode="Apply", override_off=override)), T0 + 5000)

    observing = next(one for one in decision.status["conditions"] if one["type"] == "Observing")
    assert (observing["status"], observing["reason"]) == ("False", "OffByWorkload")
    assert "annotation probetuner.dev/mode is Off" in observing["message"]
    assert next_step in observing["message"]
    assert (decision.status["modeFrom"], decision.status["findings"], decision.patch) == ("Workload", [], None)


def test_observe_shows_findings_and_recommends_nothing() -> None:
    """In mode Observe there is a finding, and no recommendation, patch or Event about one."""
    stage = Stage(mode=Mode.OBSERVE)

    stage.turn()

    assert (stage.status["finding"], stage.status["phase"]) == ("liveness-kill-under-pressure", "Learning")
    assert "patch" not in stage.status
    assert stage.condition("RecommendationReady")["status"] == "False"
    assert stage.told == []


def test_findings_stand_at_their_own_container() -> None:
    """Each container shows its present probes, what was found about it, and what is recommended for it only."""
    quiet_one = (replace(fact, container="quiet") for fact in quiet())
    live = deployment(container(livenessProbe=LIVENESS), container("quiet", livenessProbe=LIVENESS))
    stage = Stage(live=live, mode=Mode.RECOMMEND, history=remember([*killed_under_load(), *quiet_one]))

    stage.turn()

    troubled, healthy = stage.status["containers"]
    assert (troubled["name"], troubled["findings"]) == ("web", ["liveness-kill-under-pressure"])
    assert "liveness" not in troubled["recommended"]["target"]
    assert (healthy["name"], healthy["findings"], "recommended" in healthy) == ("quiet", ["healthy"], False)


def test_off_watches_nothing() -> None:
    """In mode Off there is not even a finding."""
    stage = Stage(mode=Mode.OFF)

    stage.turn()

    assert stage.status["findings"] == []
    assert stage.condition("Observing")["reason"] == "ModeOff"


def test_a_recommendation_is_told_once() -> None:
    """The Event comes with the recommendation, and again only with another one."""
    stage = Stage(mode=Mode.RECOMMEND)
    for _ in range(3):
        stage.turn()
        stage.now += 100
    assert [told.reason for told in stage.told] == ["Recommended"]

    stage.edit(
        {"spec": {"template": {"spec": {"containers": [{"name": "web", "livenessProbe": {"failureThreshold": 7}}]}}}}
    )
    stage.turn()

    assert [told.reason for told in stage.told] == ["Recommended", "Recommended"]


def test_a_missing_kubelet_is_said_and_nothing_stops() -> None:
    """Without counters events go on, and a condition that is False says why; the column SOURCE shows it."""
    stage = Stage()
    situation = Situation(
        workload=parse_workload(stage.live),
        mode=ModeDecision(mode=Mode.RECOMMEND, source=ModeSource.NAMESPACE),
        policy=Policy(),
        history=stage.history,
        counters=Counters(available=False, reason="KubeletsRefuse", message="node-1 refuses; grant nodes/metrics"),
    )

    status = decide(situation, T0 + 300).status

    assert _said(status, "Observing") == ("True", "EventsOnly", "see the condition CountersAvailable")
    assert _said(status, "CountersAvailable") == ("False", "KubeletsRefuse", "node-1 refuses; grant nodes/metrics")
    assert status["source"] == "EventsOnly"
    assert status["recommendation"]["summary"] == "replace-liveness-with-readiness"


def _said(status: Any, kind: str) -> tuple[str, str, str]:
    found = next(entry for entry in status["conditions"] if entry["type"] == kind)
    return found["status"], found["reason"], found["message"]


def test_counters_that_come_are_said_to() -> None:
    """True needs an answer: before any kubelet answered it is not known, and then it is."""
    stage = Stage()
    stage.turn()
    first = (_said(stage.status, "CountersAvailable")[:2], stage.status["source"])
    stage.counters = Counters(available=True, reason="KubeletsAnswer")
    stage.turn()

    assert first == (("Unknown", "NotAskedYet"), "EventsOnly")
    assert _said(stage.status, "CountersAvailable") == ("True", "KubeletsAnswer", "")
    assert _said(stage.status, "Observing")[:2] == ("True", "EventsAndCounters")
    assert stage.status["source"] == "EventsAndCounters"


@pytest.mark.parametrize("available", [True, False])
def test_an_operator_that_begins_to_ask_writes_nothing(available: bool) -> None:  # noqa: FBT001 - a case
    """A restart would write the status of every policy twice; what the one before it knew stands until an answer."""
    stage = Stage(counters=Counters(available=available, reason="Reason", message="message"))
    for _ in range(6):
        stage.turn()
        stage.now += 20
        stage.roll_out()
    settled, writes = stage.status, stage.writes
    stage.counters = ASKING
    stage.turn()

    assert (stage.status, stage.writes) == (settled, writes)


def test_nobody_asks_for_counters_of_what_is_not_observed() -> None:
    """In mode Off nothing is known of counters, and nothing is seen by anything; later it is."""
    stage = Stage(mode=Mode.OFF, counters=ASKING)
    stage.turn()

    assert _said(stage.status, "CountersAvailable")[:2] == ("Unknown", "NotObserved")
    assert "source" not in stage.status
    stage.mode = Mode.OBSERVE
    stage.turn()
    assert _said(stage.status, "CountersAvailable")[:2] == ("Unknown", "NotAskedYet")


def write(*, holds: bool | None, reason: str, previous: object, now: float) -> dict[str, Any]:
    condition = Condition(type=ConditionType.APPLIED, holds=holds, reason=reason, message=f"because of {reason}")
    (written,) = write_conditions([condition], previous=previous, generation=3, now=now)
    return written


def test_the_time_of_a_condition_moves_with_its_status_only() -> None:
    """Another reason is no transition; True, False and Unknown are."""
    first = write(holds=False, reason="CoolDown", previous=None, now=T0)
    same = write(holds=False, reason="Paused", previous=[first], now=T0 + 50)
    unknown = write(holds=None, reason="Paused", previous=[same], now=T0 + 60)
    flipped = write(holds=True, reason="Patched", previous=[unknown], now=T0 + 70)

    times = [entry["lastTransitionTime"] for entry in (first, same, unknown, flipped)]

    assert times == [to_text(T0), to_text(T0), to_text(T0 + 60), to_text(T0 + 70)]
    assert [entry["status"] for entry in (first, unknown, flipped)] == ["False", "Unknown", "True"]
    assert (same["reason"], same["message"], same["observedGeneration"]) == ("Paused", "because of Paused", 3)


@pytest.mark.parametrize(
    "previous", [None, "x", [], ["x"], [{"type": "Applied"}], [{"type": "Other", "status": "True"}]]
)
def test_conditions_that_somebody_edited_are_written_anew(previous: object) -> None:
    """What stands there in another shape is no reason to fail."""
    assert write(holds=True, reason="Patched", previous=previous, now=T0)["lastTransitionTime"] == to_text(T0)


def test_times_come_back_to_the_second() -> None:
    """What is written as RFC 3339 is read again; anything else is no time."""
    assert from_text(to_text(T0 + 0.7)) == T0
    assert from_text("2026-01-01T00:00:00+02:00") == from_text("2025-12-31T22:00:00Z")
    assert [from_text(text) for text in (None, 5, "", "soon", "2026-01-01T00:00:00")] == [None] * 5


def test_endpoints_and_their_fitness_are_shown() -> None:
    """Each endpoint that is tried has its fitness with the reason, without figures that change with every attempt."""
    live = deployment({**container(livenessProbe=LIVENESS), "ports": [{"containerPort": 80, "name": "http"}]})
    stage = Stage(live=live, policy=Policy(endpoints=Endpoints(discovery=True)), mode=Mode.OBSERVE)
    stage.learn(*rounds(5, 560))
    stage.turn()
    writes = stage.writes

    stage.learn(*rounds(560, 620))
    stage.turn()

    (shown,) = [entry for entry in stage.status["containers"][0]["endpoints"] if entry["endpoint"] == CHEAP]
    assert shown["liveness"] == "Fit"
    assert "answered all of at least" in shown["livenessReason"]
    assert stage.writes == writes
