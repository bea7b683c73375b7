"""Patches name what the manifest names, and nothing that only its reader can know."""

import json
import shlex
from typing import Any

import jsonschema
import yaml

from unit.cli.commands import probetuner
from unit.cli.manifests import deployment, probe, stream
from unit.packaging.files import ROOT

SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text())

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


KEPT_BY_FLUX = {"helm.toolkit.fluxcd.io/name": "shop"}


def kept(**metadata: Any) -> dict[str, Any]:
    made = deployment(**FIRST)
    made["metadata"] |= metadata
    return made


def test_who_keeps_the_workload_is_told_with_the_lines_for_them() -> None:
    """As comments beside the patch, in JSON as values that keep to the schema, and in the table in words."""
    manifest = kept(labels=KEPT_BY_FLUX)
    text = printed("patch", manifest)
    comments = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]
    told = yaml.safe_load("\n".join(comments[1:]))
    (workload,) = json.loads(printed("json", manifest))["workloads"]

    assert told == workload["handover"]["lines"]
    assert "postRenderers" in told["spec"]
    assert yaml.safe_load(text) == workload["patch"]
    jsonschema.validate(json.loads(printed("json", manifest)), SCHEMA)
    for form in ("table", "html"):
        assert "Flux HelmRelease (shop)" in " ".join(printed(form, manifest).split())


def test_a_file_that_was_applied_is_named_in_the_patch() -> None:
    """Its lines are the patch itself, and in the table it would stand beside nearly all."""
    old = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(deployment(**FIRST))}
    manifest = kept(annotations=old)

    assert "# kubectl apply: applying the old file again would undo it" in printed("patch", manifest)
    assert "kubectl apply" not in printed("table", manifest)


def test_a_kustomize_patch_without_a_namespace_fits_any() -> None:
    """A kustomization may set one; a target that names another would select nothing."""
    (entry,) = yaml.safe_load(printed("kustomize", without_namespace()))["patches"]

    assert entry["target"] == {"kind": "Deployment", "name": "web"}
    assert yaml.safe_load(entry["patch"])["metadata"] == {"name": "web"}
