"""The Job that sends a load: bounded by itself, whatever becomes of whoever started it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from probetuner.change.enrolment import MANAGED_BY_LABEL, MANAGER
from probetuner.loadtest.plan import Plan
from probetuner.model.workload import WorkloadRef

LABEL = "probetuner.dev/loadtest"
CONTAINER = "client"

_SECONDS_TO_START = 120
_SECONDS_KEPT = 300
_SECONDS_TO_STOP = 5
_MOST_CHARACTERS = 63
"""A Job's name is a label of its pods."""

_HASH_CHARACTERS = 10
_USER = 65532


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What the client runs from: an image with probetuner in it, and Kubernetes' imagePullPolicy."""

    name: str
    pull_policy: str = "IfNotPresent"


def job_name(ref: WorkloadRef) -> str:
    """The one name that a load on this workload can have, so that two at once are impossible."""
    name = f"loadtest-{ref.kind}-{ref.name}".lower().replace(".", "-")
    if len(name) <= _MOST_CHARACTERS and "." not in ref.name:
        return name
    digest = hashlib.sha256(str(ref).encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{name[: _MOST_CHARACTERS - _HASH_CHARACTERS - 1].rstrip('-')}-{digest}"


def job_manifest(plan: Plan, ref: WorkloadRef, image: Image) -> dict[str, Any]:
    """The Job. It ends within its deadline, is never tried again, and goes away by itself some minutes later.

    Its pod fits the restricted Pod Security Standard, has no credentials, and none of the workload's labels.
    """
    labels = {MANAGED_BY_LABEL: MANAGER, LABEL: "true"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(ref),
            "namespace": ref.namespace,
            "labels": dict(labels),
            "annotations": {f"{LABEL}-target": f"{ref.kind}/{ref.name}"},
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": plan.most_seconds + _SECONDS_TO_START,
            "ttlSecondsAfterFinished": _SECONDS_KEPT,
            "template": {"metadata": {"labels": labels}, "spec": _pod(plan, image)},
        },
    }


def _pod(plan: Plan, image: Image) -> Mapping[str, Any]:
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": _SECONDS_TO_STOP,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "dnsPolicy": "Default",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": CONTAINER,
                "image": image.name,
                "imagePullPolicy": image.pull_policy,
                "command": ["python3", "-m", "probetuner.loadtest"],
                "args": [json.dumps(asdict(plan), separators=(",", ":"))],
                "resources": {
                    "requests": {"cpu": "100m", "memory": "64Mi"},
                    "limits": {"cpu": "1", "memory": "256Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }
