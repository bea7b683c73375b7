"""A workload is reduced to what its probes depend on, whatever stands in it."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.model.container import parse_containers
from probetuner.model.probe import ProbeType, parse_probe
from probetuner.model.problem import InvalidObjectError
from probetuner.model.spec import parse_policy, parse_target
from probetuner.model.workload import WorkloadKind, WorkloadRef, parse_workload

PROBE = {"httpGet": {"port": 80}}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "u",
        "resourceVersion": "7",
        "generation": 3,
        "annotations": {"probetuner.dev/mode": "Apply"},
        "labels": {"app": "web"},
        "ownerReferences": [{"kind": "Shop", "name": "big", "controller": True}],
    },
    "spec": {
        "replicas": 2,
        "template": {
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "containers": [
                    {
                        "name": "web",
                        "image": "web:1",
                        "command": ["/web"],
                        "ports": [{"containerPort": 80, "name": "http"}],
                        "resources": {"limits": {"cpu": "1"}},
                        "livenessProbe": PROBE,
                    }
                ],
                "initContainers": [
                    {"name": "proxy", "restartPolicy": "Always", "readinessProbe": PROBE},
                    {"name": "setup"},
                ],
            }
        },
    },
    "status": {
        "observedGeneration": 3,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "conditions": [{"type": "Progressing", "status": "True"}],
    },
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The Deployment with another value at the dotted path."""
    raw = copy.deepcopy(DEPLOYMENT)
    *way, last = path.split(".")
    spot = raw
    for step in way:
        spot = spot[step]
    spot[last] = value
    return raw


def test_a_deployment_is_read() -> None:
    """Its name, what is asked of us, its owner and its containers come out; init containers that end do not."""
    workload = parse_workload(DEPLOYMENT)

    assert workload.ref == WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")
    assert (workload.mode_annotation, workload.owners, workload.grace_seconds) == ("Apply", ("Shop/big",), 0)
    assert [(c.name, c.is_sidecar, c.has_cpu_limit) for c in workload.containers] == [
        ("web", False, True),
        ("proxy", True, False),
    ]
    web = workload.container("web")
    assert web is not None
    assert web.probe(ProbeType.LIVENESS) == parse_probe(PROBE, place="")
    assert web.probe(ProbeType.STARTUP) is None
    assert workload.container("setup") is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status.observedGeneration", 2),
        ("status.updatedReplicas", 1),
        ("status.replicas", 3),
        ("status.availableReplicas", 1),
        ("spec.replicas", 3),
    ],
)
def test_a_rollout_is_complete_only_when_all_of_it_is(path: str, value: int) -> None:
    """Observed, every wanted replica of the new template and available, and none left of the old."""
    assert parse_workload(DEPLOYMENT).rollout.complete
    assert not parse_workload(changed(path, value)).rollout.complete


def test_a_rollout_past_its_deadline_has_failed() -> None:
    """The Deployment controller says so in a condition and does nothing more."""
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}

    assert parse_workload(changed("status.conditions", [late])).rollout.failed


def test_a_daemon_sets_rollout_is_counted_by_its_own_names() -> None:
    """DaemonSets count scheduled pods and have no replicas."""
    status = {
        "desiredNumberScheduled": 3,
        "updatedNumberScheduled": 3,
        "currentNumberScheduled": 3,
        "numberReady": 3,
        "numberAvailable": 3,
        "observedGeneration": 3,
    }

    assert parse_workload({**DEPLOYMENT, "kind": "DaemonSet", "status": status}).rollout.complete


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({**DEPLOYMENT, "kind": "Job"}, "is not one of"),
        (changed("metadata.name", None), "metadata.name"),
        (changed("spec.template.spec.containers", {"web": {}}), "containers is not a list"),
        (changed("spec.template.spec.containers", [{"image": "x"}]), r"containers\[0\].name is missing"),
        (changed("spec.template.spec.containers", [{"name": "a", "livenessProbe": 1}]), "livenessProbe"),
    ],
)
def test_a_malformed_workload_is_named(raw: dict[str, Any], named: str) -> None:
    """The sentence has the place and what is wrong."""
    with pytest.raises(InvalidObjectError, match=named):
        parse_workload(raw)


@given(st.data())
def test_damaged_workloads_raise_nothing_but_a_sentence(data: st.DataObject) -> None:
    """Any value in any place either is understood or is named by InvalidObjectError."""
    damaged = copy.deepcopy(DEPLOYMENT)
    spot: Any = damaged
    while True:
        key = data.draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
        if not isinstance(spot[key], dict | list) or not spot[key] or data.draw(st.booleans()):
            break
        spot = spot[key]
    spot[key] = data.draw(json_values)
    try:
        parse_workload(damaged)
    except InvalidObjectError as error:
        assert str(error)  # noqa: PT017 - it may raise or not


POLICY_FIELDS = [
    "mode", "objectives", "bounds", "allow", "apply", "targetRef", "reaper", "endpoints", "candidates", "containers"
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(POLICY_FIELDS), json_values))
def test_any_policy_raises_nothing_but_a_sentence(spec: dict[str, Any]) -> None:
    """What a user writes into a ProbePolicy is understood or named."""
    for parse in (
        lambda: parse_policy(spec, place="ProbePolicy/shop/web"),
        lambda: parse_target(spec, namespace="shop", place="ProbePolicy/shop/web"),
        lambda: parse_containers(spec, place="spec"),
        lambda: parse_probe(spec, place="probe"),
    ):
        try:
            parse()
        except InvalidObjectError as error:
            assert str(error)  # noqa: PT017 - it may raise or not
