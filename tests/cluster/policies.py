"""ProbePolicies as tests write them."""

import json
from typing import Any

import yaml

from lab import Lab

NAMESPACE = "crd-test"


def policy(spec: dict[str, Any] | None = None, *, name: str = "deployment-rng") -> dict[str, Any]:
    """A valid policy, with *spec* laid over it."""
    target = {"targetRef": {"kind": "Deployment", "name": "rng"}}
    return {
        "apiVersion": "probetuner.dev/v1alpha1",
        "kind": "ProbePolicy",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {**target, **(spec or {})},
    }


def create(lab: Lab, manifest: dict[str, Any], *options: str) -> dict[str, Any]:
    """Create the object and return it as the API server keeps it."""
    said = lab.kubectl("create", "-o", "json", *options, "-f", "-", input=yaml.safe_dump(manifest))
    created: dict[str, Any] = json.loads(said)
    return created


def between(low: int | None = None, high: int | None = None) -> dict[str, int]:
    """A range as it is written in spec.bounds."""
    return {side: value for side, value in (("min", low), ("max", high)) if value is not None}
