"""What a real API server makes of the definition of ProbePolicy."""

from typing import Any

import pytest

from cluster.policies import between, create, policy
from lab import Lab
from lab.errors import LabError
from probetuner.model.policy import Policy, parse_policy

pytestmark = pytest.mark.cluster

BAD = {
    "unknown mode": (
        {"mode": "Auto"},
        'spec.mode: Unsupported value: "Auto": supported values: "Off", "Observe", "Recommend", "Apply"',
    ),
    "mode off without quotes": ({"mode": False}, "spec.mode"),
    "unknown kind": (
        {"targetRef": {"kind": "Job", "name": "rng"}},
        'spec.targetRef.kind: Unsupported value: "Job": supported values: "Deployment", "StatefulSet", "DaemonSet"',
    ),
    "no target name": ({"targetRef": {"kind": "Deployment"}}, "spec.targetRef.name: Required value"),
    "empty target name": ({"targetRef": {"kind": "Deployment", "name": ""}}, "should be at least 1 chars long"),
    "foreign API version": (
        {"targetRef": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Deployment", "name": "rng"}},
        'supported values: "apps/v1"',
    ),
    "range upside down": (
        {"bounds": {"liveness": {"timeoutSeconds": between(10, 2)}}},
        "min must not be above max; swap them, or leave one out",
    ),
    "empty range": ({"bounds": {"startup": {"periodSeconds": {}}}}, "should have at least 1 properties"),
    "timeout of zero": ({"bounds": {"readiness": {"timeoutSeconds": between(0)}}}, "greater than or equal to 1"),
    "liveness bounds against the objective": (
        {
            "bounds": {"liveness": {"periodSeconds": between(20), "failureThreshold": between(3)}},
            "objectives": {"liveness": {"detectionSeconds": 60}},
        },
        "bounds.liveness leaves no setting that meets objectives.liveness.detectionSeconds; lower",
    ),
    "readiness bounds against the objective": (
        {"bounds": {"readiness": {"periodSeconds": between(30), "failureThreshold": between(1)}}},
        "bounds.readiness leaves no setting that meets objectives.readiness.detectionSeconds; lower",
    ),
    "apply nothing": (
        {"mode": "Apply", "allow": []},
        "mode Apply needs at least one entry in allow; use mode Recommend to have nothing changed",
    ),
    "unknown change": ({"allow": ["Probes"]}, 'supported values: "Thresholds", "Types", "Startup", "Reaper", "Grace"'),
    "change allowed twice": ({"allow": ["Types", "Types"]}, "Duplicate value"),
    "next change before the verdict": (
        {"apply": {"cooldownSeconds": 60, "verifySeconds": 120}},
        "cooldownSeconds must be at least verifySeconds, so that one change is judged before the next",
    ),
    "verdict longer than the default cool-down": (
        {"apply": {"verifySeconds": 7200}},
        "cooldownSeconds must be at least verifySeconds",
    ),
    "verdict at once": ({"apply": {"verifySeconds": 1}}, "greater than or equal to 30"),
    "certain startup": ({"objectives": {"startup": {"coverage": 1}}}, "less than 1"),
    "negative mistakes": (
        {"objectives": {"liveness": {"falseRestartsPer30Days": -1}}},
        "greater than or equal to 0",
    ),
    "misspelt field": ({"objective": {}}, 'unknown field "spec.objective"'),
}


@pytest.mark.parametrize(("spec", "said"), BAD.values(), ids=BAD.keys())
def test_bad_policy_is_refused_with_the_reason(crds: Lab, spec: dict[str, Any], said: str) -> None:
    """A ProbePolicy that cannot be meant is refused, with a message that says what to write."""
    with pytest.raises(LabError) as refusal:
        create(crds, policy(spec), "--dry-run=server")

    assert said in str(refusal.value)


GOOD: dict[str, dict[str, Any]] = {
    "nothing but a target": {},
    "off": {"mode": "Off"},
    "one side of a range": {"bounds": {"liveness": {"timeoutSeconds": between(high=10)}}},
    "a fixed value": {"bounds": {"startup": {"failureThreshold": between(30, 30)}}},
    "the slowest liveness that meets its objective": {
        "bounds": {"liveness": {"periodSeconds": between(10), "failureThreshold": between(3)}},
        "objectives": {"liveness": {"detectionSeconds": 31}},
    },
    "no mistake tolerated": {"objectives": {"liveness": {"falseRestartsPer30Days": 0}}},
    "everything allowed": {"mode": "Apply", "allow": ["Thresholds", "Types", "Startup", "Reaper", "Grace"]},
    "recommend, allow nothing": {"mode": "Recommend", "allow": []},
    "judged, then at once the next": {"apply": {"cooldownSeconds": 300, "verifySeconds": 300}},
    "a stateful set": {"targetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db"}},
}


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD.keys())
def test_good_policy_is_accepted(crds: Lab, spec: dict[str, Any]) -> None:
    """What the documentation allows is accepted, and kept as it was written."""
    assert holds(create(crds, policy(spec), "--dry-run=server")["spec"], spec)


def holds(kept: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Whether *kept* has everything that *asked* has; it may have defaults besides."""
    return all(
        holds(kept[name], value) if isinstance(value, dict) else kept[name] == value for name, value in asked.items()
    )


def test_defaults_are_filled_in(crds: Lab) -> None:
    """A policy that names only its workload shows the operator's own defaults, and no mode: annotations decide."""
    spec = create(crds, policy(), "--dry-run=server")["spec"]

    assert spec == {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "rng"},
        "allow": ["Thresholds", "Types", "Startup"],
        "objectives": {
            "liveness": {"detectionSeconds": 60, "falseRestartsPer30Days": 1},
            "readiness": {"detectionSeconds": 30, "flapsPer30Days": 30},
            "startup": {"coverage": 0.99},
        },
        "apply": {"cooldownSeconds": 3600, "maxChangesPerDay": 4, "verifySeconds": 1800, "minReplicas": 1},
    }
    assert parse_policy(spec, place="defaults") == Policy()


def test_explain_reads_like_documentation(crds: Lab) -> None:
    """`kubectl explain` tells what the modes mean and in which unit a time is."""
    mode = " ".join(crds.kubectl("explain", "probepolicy.spec.mode").split())
    detection = crds.kubectl("explain", "probepolicy.spec.objectives.liveness.detectionSeconds")

    assert "Recommend: a patch is shown in status, nothing is changed." in mode
    assert "in seconds" in " ".join(detection.split())
