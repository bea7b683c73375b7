"""What permits a patch: each field that it writes needs its word in `spec.allow`, and nothing else is permitted."""

import json
from itertools import chain, combinations
from typing import Any

import pytest

from probetuner.change.situation import WorkloadPatch
from probetuner.change.warrant import Warrant, field_problem
from probetuner.model.mode import Mode
from probetuner.model.policy import Allowance, ContainerMode, ContainerRules, Policy
from probetuner.model.workload import parse_workload
from support.facts import remember
from support.stage import Stage
from support.stories import crash_loop, flapping, killed_under_load, slow_starters
from support.workloads import LIVENESS, Json, container, deployment

THRESHOLDS, TYPES, STARTUP, REAPER, GRACE = (
    Allowance.THRESHOLDS,
    Allowance.TYPES,
    Allowance.STARTUP,
    Allowance.REAPER,
    Allowance.GRACE,
)
ALLOWS = [
    frozenset(each) for each in chain.from_iterable(combinations(Allowance, n) for n in range(len(Allowance) + 1))
]
WHOLE = {**LIVENESS, "timeoutSeconds": 5, "terminationGracePeriodSeconds": 20}


def live() -> Json:
    """One container with a liveness probe that runs a command, a startup probe, and a command of its own."""
    return deployment(
        {
            **container(livenessProbe={"exec": {"command": ["check"]}}, startupProbe=LIVENESS),
            "command": ["tini", "--", "run"],
        },
        container("other"),
    )


def patch(spec: Json) -> WorkloadPatch:
    return WorkloadPatch(body={"spec": {"template": {"spec": spec}}}, resource_version="1", change="c")


def web(**fields: Any) -> Json:
    return {"containers": [{"name": "web", **fields}]}


@pytest.mark.parametrize(
    ("spec", "permitted_by"),
    [
        (web(livenessProbe={"timeoutSeconds": 5}), {THRESHOLDS, TYPES}),
        (web(startupProbe={"failureThreshold": 30}), {THRESHOLDS, TYPES, STARTUP}),
        (web(livenessProbe=None), {TYPES}),
        (web(readinessProbe=WHOLE), {TYPES}),
        (web(startupProbe=None), {TYPES, STARTUP}),
        ({"containers": [{"name": "other", "startupProbe": WHOLE}]}, {TYPES, STARTUP}),
        (web(livenessProbe={"exec": None, "tcpSocket": {"port": 80}}), {TYPES}),
        (web(livenessProbe={"exec": {"command": ["other"]}}), {TYPES}),
        (web(livenessProbe={"exec": {"command": ["tini", "-s", "--", "check"]}}), {TYPES, REAPER}),
        (web(livenessProbe={"exec": {"command": ["tini", "-s", "--", "other"]}}), {TYPES}),
        (web(livenessProbe={"terminationGracePeriodSeconds": 5}), {GRACE}),
        (web(livenessProbe={"terminationGracePeriodSeconds": None}), {GRACE}),
        (web(command=["run"]), {REAPER}),
        (web(command=["tini", "--", "tini", "--", "run"]), {REAPER}),
        ({"shareProcessNamespace": True}, {REAPER}),
        ({"shareProcessNamespace": None}, {REAPER}),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else json.dumps(value),
)
def test_each_field_is_permitted_by_what_it_is(spec: Json, permitted_by: set[Allowance]) -> None:
    """By any of these, whatever else is allowed, and by nothing else."""
    workload = parse_workload(live())

    found = [allow for allow in ALLOWS if _problem(workload, spec, Policy(allow=allow)) is None]

    assert found == [allow for allow in ALLOWS if allow & permitted_by]


@pytest.mark.parametrize(
    "spec",
    [
        web(image="evil:latest"),
        web(env=[{"name": "A", "value": "b"}]),
        web(command=["sh", "-c", "evil"]),
        web(command=["tini", "--", "run", "--evil"]),
        web(command=[]),
        web(command="run"),
        web(livenessProbe={"httpGet": {"host": "169.254.169.254"}}),
        web(livenessProbe={"httpGet": {"host": None}}),
        web(livenessProbe={"tcpSocket": {"port": 80, "host": "db"}, "exec": None}),
        web(livenessProbe={"timeoutSeconds": True}),
        web(livenessProbe={"timeoutSeconds": "5"}),
        web(livenessProbe={"somethingNew": 1}),
        web(livenessProbe={"httpGet": {"httpHeaders": [{"name": "A", "value": "b", "valueFrom": "c"}]}}),
        web(livenessProbe={"$patch": "replace"}),
        web(livenessProbe={}),
        web(livenessProbe=[]),
        {"containers": [{"name": "web", "$patch": "delete"}]},
        {"containers": [{"name": "gone", "livenessProbe": None}]},
        {"containers": [{"livenessProbe": None}]},
        {"containers": [{"name": "web", "livenessProbe": None}] * 2},
        {"containers": ["web"]},
        {"containers": {"name": "web"}},
        {"initContainers": [{"name": "web", "livenessProbe": None}]},
        {"ephemeralContainers": []},
        {"shareProcessNamespace": "true"},
        {"hostPID": True},
        {"$setElementOrder/containers": []},
        {"terminationGracePeriodSeconds": 5},
        {},
    ],
    ids=str,
)
def test_nothing_else_is_permitted_whatever_is_allowed(spec: Json) -> None:
    """Not the field, not the directive, not the container."""
    problem = _problem(parse_workload(live()), spec, Policy(allow=frozenset(Allowance)))

    assert problem is not None
    assert len(problem) < 250


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"spec": None},
        {"spec": {"replicas": 5}},
        {"spec": {"template": {"metadata": {"annotations": {}}}}},
        {"metadata": {"finalizers": ["x"]}, **patch(web(livenessProbe=None)).body},
        {"spec": {**patch(web(livenessProbe=None)).body["spec"], "paused": True}},
    ],
    ids=str,
)
def test_a_patch_is_of_the_template_and_of_nothing_else(body: Any) -> None:
    """Whatever it is, the answer is a sentence."""
    assert field_problem(body) is not None


def test_a_container_that_is_left_out_is_not_written() -> None:
    """Neither by its name nor by what concerns all containers of the pod."""
    workload = parse_workload(live())
    policy = Policy(allow=frozenset(Allowance), containers=ContainerRules(modes={"other": ContainerMode.OFF}))

    assert _problem(workload, web(livenessProbe=None), policy) is None
    for spec in ({"containers": [{"name": "other", "startupProbe": WHOLE}]}, {"shareProcessNamespace": True}):
        assert "leaves other out" in (_problem(workload, spec, policy) or "")


STORIES = {
    "killed under load": tuple(killed_under_load()),
    "slow starters": tuple(slow_starters()),
    "crash loop": tuple(crash_loop()),
    "flapping": tuple(flapping()),
}


@pytest.mark.parametrize("facts", STORIES.values(), ids=STORIES.keys())
@pytest.mark.parametrize("allow", ALLOWS, ids=lambda allow: "+".join(sorted(allow)) or "nothing")
def test_what_is_recommended_is_permitted(facts: tuple[Any, ...], allow: frozenset[Allowance]) -> None:
    """What a policy allows is what may be sent: no recommendation fails at the last word, nor does what undoes it."""
    both = deployment(container(livenessProbe=LIVENESS, readinessProbe=LIVENESS))
    stage = Stage(live=both, history=remember(facts), policy=Policy(allow=allow))

    stage.turn()

    assert stage.condition("Applied")["reason"] != "NotPermitted"
    if stage.sent:
        undo = WorkloadPatch(body=json_of(stage.latest["undo"]), resource_version="2", change=stage.latest["id"])
        warrant = Warrant(workload=parse_workload(stage.live), mode=Mode.APPLY, policy=stage.policy)
        assert warrant.problem(undo) is None


def json_of(text: str) -> Json:
    return dict(json.loads(text))


def _problem(workload: Any, spec: Json, policy: Policy) -> str | None:
    return Warrant(workload=workload, mode=Mode.APPLY, policy=policy).problem(patch(spec))
