"""A decision replays and weighs so much and no more, whatever its workload went through, and says where it stopped."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from probetuner.change.decide import decide
from probetuner.change.situation import Situation
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode, ModeDecision, ModeSource
from probetuner.model.policy import Allowance, Policy
from probetuner.model.workload import parse_workload
from probetuner.report.document import write_document
from probetuner.report.judge import judge
from probetuner.report.page import write_html
from probetuner.report.report import Report
from probetuner.report.terminal import write_terminal
from probetuner.sources.dump import gather_objects
from probetuner.sources.gathering import Subject
from probetuner.sources.manifests import Given, Origin
from probetuner.tuning.budget import Budget
from probetuner.tuning.forecast import evidence_of, forecast
from probetuner.tuning.proposal import begin
from probetuner.tuning.recommend import recommend
from support.application import App, Spell
from support.facts import (
    T0,
    pod,
    remember,
)
from support.scene import WORK, Scene, asks
from support.stage import Stage
from support.stories import killed_under_load
from support.trouble import months_of_trouble
from support.workloads import LIVENESS as LIVE
from support.workloads import container, deployment
from unit.cli.commands import RECORDINGS, probetuner

EVERYTHING = Policy(allow=frozenset(Allowance))
FEW_STEPS = 8_000
"""A twelfth of what a decision may take."""
YEAR = 365.25 * 86400.0

seconds = st.integers(1, 20) | st.integers(1, 2**31 - 1)
probes = st.fixed_dictionaries(
    {"httpGet": st.sampled_from(({"path": "/1", "port": 80}, {"path": "/2", "port": 80}))},
    optional={
        "initialDelaySeconds": seconds,
        "periodSeconds": seconds,
        "timeoutSeconds": seconds,
        "failureThreshold": seconds,
    },
)
TIMED_OUT = 'Get "http://10.0.0.1:80/1": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
MESSAGES = (
    "",
    TIMED_OUT,
    "HTTP probe failed with statuscode: 503",
    "dial tcp 10.0.0.1:80: connect: connection refused",
)
events = st.tuples(
    st.sampled_from(("Liveness", "Readiness", "Startup")),
    st.sampled_from(MESSAGES),
    st.floats(0, 1),
    st.integers(1, 10**6),
)
ends = st.tuples(st.floats(0, 1), st.sampled_from((0, 1, 137, 143)), st.integers(1, 10**5))


def clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def dumped_pod(
    number: int, live: dict[str, Any], age: float, ended: tuple[float, int, int] | None, *, is_ready: bool
) -> dict[str, Any]:
    """A pod that was made so many seconds before T0, and whose container ended once in that time, or more often."""
    status: dict[str, Any] = {"name": "web", "ready": is_ready, "restartCount": 0, "started": True}
    status["state"] = {"running": {"startedAt": clock(T0 - age)}}
    if ended is not None:
        share, code, restarts = ended
        ended_at = T0 - age * (1 - share)
        terminated = {"startedAt": clock(T0 - age), "finishedAt": clock(ended_at), "exitCode": code, "reason": "Error"}
        status |= {"lastState": {"terminated": terminated}, "restartCount": restarts}
        status["state"] = {"running": {"startedAt": clock(ended_at)}}
    ready = {"status": str(is_ready), "lastTransitionTime": clock(T0 - age / 2)}
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d", "uid": "rs", "controller": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"web-5d-{number}",
            "namespace": "shop",
            "uid": f"pod-{number}",
            "labels": {"pod-template-hash": "5d"},
            "creationTimestamp": clock(T0 - age),
            "ownerReferences": [owner],
        },
        "spec": {"nodeName": "node-1", "containers": [live]},
        "status": {
            "phase": "Running",
            "startTime": clock(T0 - age),
            "conditions": [ready | {"type": "Ready"}, ready | {"type": "ContainersReady"}],
            "containerStatuses": [status],
        },
    }


def event(number: int, age: float, told: tuple[str, str, float, int]) -> dict[str, Any]:
    probe, message, share, count = told
    kill = {"reason": "Killing", "message": f"Container web failed {probe.lower()} probe, will be restarted"}
    failure = {"reason": "Unhealthy", "message": f"{probe} probe failed: {message}"}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"e{number}", "namespace": "shop"},
        **(failure if message else kill),
        "source": {"component": "kubelet", "host": "node-1"},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": "web-5d-0",
            "namespace": "shop",
            "uid": "pod-0",
            "fieldPath": "spec.containers{web}",
        },
        "firstTimestamp": clock(T0 - age * share),
        "lastTimestamp": clock(T0),
        "count": count,
    }


def subject_of(*objects: dict[str, Any]) -> Subject:
    problems: list[str] = []
    given_ = [Given(object=one, origin=Origin(place="a dump")) for one in objects]
    (subject,) = gather_objects(given_, problems.append).subjects()
    assert problems == []
    return subject


def decided(subject: Subject, budget: Budget) -> None:
    """What an operator would work out of it: advice, its forecast, and what the present probes would have done."""
    known = cases(subject.workload, subject.history, objectives=EVERYTHING.objectives)
    advice = recommend(known, diagnose(known), EVERYTHING, budget=budget)
    if advice is not None:
        forecast(known, advice, budget)
    for case in known:
        evidence_of(case, budget).forecast(begin(case, EVERYTHING, budget=budget).probes)


@pytest.mark.slow
@given(
    live=st.fixed_dictionaries({}, optional={f"{kind}Probe": probes for kind in ("liveness", "readiness", "startup")}),
    ages=st.lists(st.floats(1, 100 * YEAR), min_size=1, max_size=4),
    ended=st.none() | ends,
    told=st.lists(events, max_size=5),
    is_ready=st.booleans(),
)
@example(
    live={kind: {"httpGet": {"path": "/1", "port": 80}} for kind in ("readinessProbe", "startupProbe")},
    ages=[199.0, 9.0, 56.0],
    ended=None,
    told=[("Readiness", TIMED_OUT, 0.0, 1)],
    is_ready=False,
)
def test_a_dump_of_any_age_is_judged_in_few_steps(
    live: dict[str, Any],
    ages: list[float],
    ended: tuple[float, int, int] | None,
    told: list[tuple[str, str, float, int]],
    is_ready: bool,  # noqa: FBT001 - hypothesis gives it by name
) -> None:
    """Neither the pods' age nor any number of a probe makes a decision longer: what is replayed is what was seen."""
    web = container(**live)
    pods = [dumped_pod(number, web, age, ended, is_ready=is_ready) for number, age in enumerate(ages)]
    listed = [event(number, ages[0], one) for number, one in enumerate(told)]
    budget = Budget(FEW_STEPS)

    decided(subject_of(deployment(web), *pods, *listed), budget)

    assert budget.problem is None


@pytest.mark.slow
@pytest.mark.parametrize(("period", "timeout"), [(1, 1), (1, 5), (10, 10), (10, 1)])
@pytest.mark.parametrize("pods", [3, 40])
@pytest.mark.parametrize("between", [120, 86_400])
def test_all_that_is_remembered_of_a_container_is_replayed(period: int, timeout: int, pods: int, between: int) -> None:
    """However long it took, and however often it was asked: a history has its bounds, and so has a decision."""
    probe = {"httpGet": {"path": "/1", "port": 80}, "periodSeconds": period, "timeoutSeconds": timeout}
    live = deployment(container(livenessProbe=probe, readinessProbe=probe), replicas=pods)
    history = remember(months_of_trouble(pods, period=period, between=between, seed=1))
    budget = Budget()

    decided(seen(live, history), budget)

    assert budget.problem is None


def seen(live: dict[str, Any], history: WorkloadHistory) -> Subject:
    return Subject(workload=parse_workload(live), history=history, origin=Origin(place="shop.json"), exposed=True)


def narrow(monkeypatch: pytest.MonkeyPatch, *, steps: int) -> None:
    """Give each decision and each report so many steps."""
    for room in ("change.decide", "report.judge"):
        monkeypatch.setattr(f"probetuner.{room}.Budget", lambda: Budget(steps))


PARTS = (0, 150, 300)
NUMBERS_ONLY = Policy(allow=frozenset({Allowance.THRESHOLDS}))


def test_too_much_to_replay_is_an_answer_that_the_status_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be advised without a replay is, and it is said why there is no forecast and what was left out."""
    narrow(monkeypatch, steps=20)
    stage = Stage(mode=Mode.RECOMMEND, policy=NUMBERS_ONLY)

    stage.turn()

    said = "more happened than may be replayed and weighed (20 steps)"
    (condition,) = (entry for entry in stage.status["conditions"] if entry["type"] == "RecommendationReady")
    assert stage.status["recommendation"]["summary"] == "raise-timeout, raise-failure-threshold"
    assert {said in action["reason"] for action in stage.status["recommendation"]["actions"]} == {True}
    assert condition["status"] == "True"
    assert said in condition["message"]
    assert stage.status["forecast"]["before"]["falseRestarts"] == 6
    assert stage.status["forecast"]["reason"] == said
    assert "after" not in stage.status["forecast"]


def test_a_status_says_so_also_where_nothing_can_be_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that were not weighed are left as they are, and not passed off for numbers that are right."""
    pauses = [
        tuple(Spell(begin=at, end=at + 70, mode="pause") for at in range(200 + late, 5000, 600)) for late in PARTS
    ]
    apart = Scene(
        readiness=asks(WORK, failure_threshold=6),
        apps=tuple(App(spells=spells) for spells in pauses),
        replicas=len(PARTS),
        seconds=6000,
    )
    situation = Situation(
        workload=apart.workload,
        mode=ModeDecision(mode=Mode.RECOMMEND, source=ModeSource.WORKLOAD),
        policy=Policy(),
        history=apart.history(),
    )
    whole = decide(situation, T0 + 6000).status
    narrow(monkeypatch, steps=0)
    cut = decide(situation, T0 + 6000).status

    (condition,) = (entry for entry in cut["conditions"] if entry["type"] == "RecommendationReady")
    assert whole["recommendation"]["summary"] == "tighten-readiness"
    assert cut["recommendation"]["summary"] == "none"
    assert (condition["status"], condition["reason"]) == ("False", "TooMuchToReplay")


def test_a_forecast_stands_as_long_as_its_recommendation(monkeypatch: pytest.MonkeyPatch) -> None:
    """More of the same trouble is not replayed again with every decision."""
    stage = Stage(mode=Mode.RECOMMEND)
    stage.turn()
    first = stage.status
    stage.learn(*killed_under_load((pod("web-c"),), since=400))
    monkeypatch.setattr("probetuner.change.decide.forecast", lambda *_: pytest.fail("the past is replayed again"))

    stage.turn()

    assert stage.status["recommendation"]["id"] == first["recommendation"]["id"]
    assert stage.status["falseRestarts"] > first["falseRestarts"]
    assert stage.status["forecast"] == first["forecast"]


def test_where_nothing_was_seen_nothing_is_forecast() -> None:
    """Advice that follows from the manifest alone comes without figures of what it would have brought."""
    live = deployment(container(livenessProbe={"httpGet": {"path": "/1", "port": 80, "host": "10.0.0.1"}}))
    stage = Stage(live=live, mode=Mode.RECOMMEND, history=WorkloadHistory())

    stage.turn()

    assert stage.status["forecast"]["reason"].startswith("nothing was seen")
    assert "after" not in stage.status["forecast"]


def test_a_report_says_what_was_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """The document, the page and the table say it."""
    narrow(monkeypatch, steps=0)
    probes = container(livenessProbe=LIVE, readinessProbe=LIVE)
    history = remember(months_of_trouble(3, period=10, between=600, seed=1))
    found = Report(workloads=(judge(seen(deployment(probes, replicas=3), history)),))

    (workload,) = write_document(found)["workloads"]
    said = "more happened than may be replayed and weighed (0 steps)"
    assert workload["incomplete"] == said
    assert said in write_html(found)
    assert "is incomplete: more happened" in " ".join(write_terminal(found).split())


def test_the_command_line_says_it_on_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The findings decide on the exit code as ever; the report without a budget so narrow says nothing of the kind."""
    whole = probetuner("analyze", RECORDINGS / "14-lockup-with-liveness", "-o", "json")
    narrow(monkeypatch, steps=0)
    cut = probetuner("analyze", RECORDINGS / "14-lockup-with-liveness", "-o", "json")

    assert "incomplete" not in whole.stdout
    assert "is not all worked out: more happened than may be replayed and weighed" in cut.stderr
    assert cut.exit_code == whole.exit_code == 1
