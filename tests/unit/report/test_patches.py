"""Patches name what the manifest names, and nothing that only its reader can know."""

import shlex
from typing import Any

import yaml

from unit.cli.commands import probetuner
from unit.cli.manifests import deployment, probe, stream

FIRST: dict[str, Any] = {
    "livenessProbe": probe(failureThreshold=2),
    "readinessProbe": probe(failureThreshold=4),
    "startupProbe": probe(failureThreshold=30),
}
"""Liveness acts before readiness, so there is a patch."""


def without_namespace() -> dict[str, Any]:
    made = deployment(**FIRST)
    del made["metadata"]["namespace"]
    return made


def printed(form: str, manifest: dict[str, Any]) -> str:
    return probetuner("analyze", "-", "-o", form, piped=stream(manifest)).stdout


def command(text: str) -> list[str]:
    """The words of the command in a patch's comment."""
    (line,) = (line for line in text.splitlines() if line.startswith("# kubectl"))
    return shlex.split(line.removeprefix("# "))


def test_a_patch_invents_no_namespace() -> None:
    """Who applies a manifest without one chooses it; the command does as that did."""
    assert command(printed("patch", without_namespace()))[:4] == ["kubectl", "patch", "deployment", "web"]
    assert "default" not in printed("patch", without_namespace())


def test_a_patch_names_the_namespace_that_the_manifest_names() -> None:
    """As kubectl takes it."""
    assert command(printed("patch", deployment(**FIRST)))[:4] == ["kubectl", "-n", "shop", "patch"]


def test_a_kustomize_patch_without_a_namespace_fits_any() -> None:
    """A kustomization may set one; a target that names another would select nothing."""
    (entry,) = yaml.safe_load(printed("kustomize", without_namespace()))["patches"]

    assert entry["target"] == {"kind": "Deployment", "name": "web"}
    assert yaml.safe_load(entry["patch"])["metadata"] == {"name": "web"}
