"""What the API server keeps and shows of a ProbePolicy's status."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cluster.policies import NAMESPACE, create, policy
from lab import Lab
from lab.errors import LabError

pytestmark = pytest.mark.cluster

HEADER = "NAME TARGET MODE PHASE FINDING RECOMMENDATION CONFIDENCE FALSE-RESTARTS FLAPS AGE"
PROBE = {"handler": "httpGet :80/1", "timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3}
PROBES = {"liveness": PROBE, "readiness": PROBE, "startup": PROBE}
FIGURES = {
    "observedSeconds": 600.5,
    "restarts": 6,
    "falseRestarts": 4,
    "flaps": 0,
    "unreadySeconds": 30.0,
    "detectionSeconds": 31,
}
STATUS: dict[str, Any] = {
    "observedGeneration": 1,
    "phase": "Verifying",
    "mode": "Apply",
    "modeFrom": "Workload",
    "target": "Deployment/rng",
    "finding": "liveness-kill-under-pressure",
    "confidence": "93%",
    "falseRestarts": 4,
    "flaps": 2,
    "containers": [
        {
            "name": "rng",
            "current": PROBES,
            "recommended": {"target": PROBES, "uncapped": PROBES},
            "findings": ["liveness-kill-under-pressure"],
        }
    ],
    "findings": [
        {
            "name": "liveness-kill-under-pressure",
            "severity": "critical",
            "confidence": 0.93,
            "samples": 12,
            "container": "rng",
            "explanation": "Liveness killed containers that were only busy.",
            "evidence": ["3 timeouts on 2 replicas within 40 s"],
        }
    ],
    "recommendation": {
        "id": "a1b2c3",
        "summary": "move /1 from liveness to readiness",
        "actions": [
            {"name": "raise-timeout", "container": "rng", "probe": "liveness", "reason": "The tail is longer than 1 s."}
        ],
    },
    "forecast": {"before": FIGURES, "after": FIGURES, "reason": "more happened than may be replayed"},
    "patch": "spec: {}\n",
    "history": [
        {
            "id": "a1b2c3",
            "summary": "raise the timeout",
            "decidedAt": "2026-01-01T00:00:00Z",
            "appliedAt": "2026-01-01T00:00:02Z",
            "patch": "{}",
            "undo": "{}",
            "verdict": "Kept",
            "verdictAt": "2026-01-01T00:10:00Z",
            "reason": "No kill since.",
            "before": FIGURES,
            "after": FIGURES,
        }
    ],
    "conditions": [
        {
            "type": "Observing",
            "status": "True",
            "reason": "Following",
            "message": "2 pods are followed.",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": 1,
        }
    ],
}


@pytest.fixture
def written(crds: Lab) -> Iterator[Lab]:
    """The cluster with one policy, and its whole status written by way of the status subresource."""
    create(crds, policy())
    crds.kubectl(
        "patch", "probepolicy", "deployment-rng", "-n", NAMESPACE, "--subresource=status", "--type=merge",
        "-p", json.dumps({"status": STATUS}),
    )  # fmt: skip
    yield crds
    crds.kubectl("delete", "probepolicy", "deployment-rng", "-n", NAMESPACE)


def test_status_is_kept_whole(written: Lab) -> None:
    """Every field that the operator writes is in the schema: nothing is pruned."""
    kept = json.loads(written.kubectl("get", "probepolicy", "deployment-rng", "-n", NAMESPACE, "-o", "json"))

    assert kept["status"] == STATUS


def test_status_is_out_of_reach_of_the_spec(written: Lab) -> None:
    """Who may write a policy cannot forge its status that way."""
    patch = json.dumps({"status": {"phase": "Kept"}, "spec": {"mode": "Off"}})
    written.kubectl("patch", "probepolicy", "deployment-rng", "-n", NAMESPACE, "--type=merge", "-p", patch)

    kept = json.loads(written.kubectl("get", "probepolicy", "deployment-rng", "-n", NAMESPACE, "-o", "json"))
    assert (kept["spec"]["mode"], kept["status"]["phase"]) == ("Off", "Verifying")


def test_columns_show_the_status(written: Lab) -> None:
    """`kubectl get probepolicy` has the designed columns, filled from status."""
    shown = written.kubectl("get", "probepolicy", "-n", NAMESPACE).splitlines()

    assert " ".join(shown[0].split()) == HEADER
    assert shown[1].split()[:5] == ["deployment-rng", "Deployment/rng", "Apply", "Verifying", STATUS["finding"]]
    assert shown[1].split()[-4:-1] == ["93%", "4", "2"]
    assert "move /1 from liveness to readiness" in shown[1]


def test_target_cannot_be_changed(written: Lab) -> None:
    """A policy stays with its workload; the refusal says what to do instead."""
    patch = json.dumps({"spec": {"targetRef": {"name": "web"}}})

    with pytest.raises(LabError, match="delete this ProbePolicy and create one for the other workload"):
        written.kubectl("patch", "probepolicy", "deployment-rng", "-n", NAMESPACE, "--type=merge", "-p", patch)


def test_conditions_can_be_waited_for(written: Lab) -> None:
    """`kubectl wait --for=condition=…` works on a policy."""
    said = written.kubectl(
        "wait", "probepolicy/deployment-rng", "-n", NAMESPACE, "--for=condition=Observing", "--timeout=5s"
    )

    assert "condition met" in said


def test_short_name_and_category_find_policies(written: Lab) -> None:
    """A policy is found by its short name and its category, and `kubectl get all` stays free of ours."""
    by_short_name = written.kubectl("get", "probepol", "-n", NAMESPACE, "-o", "name")
    by_category = written.kubectl("get", "probetuner", "-n", NAMESPACE, "-o", "name")

    assert by_short_name == by_category == "probepolicy.probetuner.dev/deployment-rng\n"
    assert "probetuner.dev" not in written.kubectl("get", "all", "-n", NAMESPACE, "-o", "name")
