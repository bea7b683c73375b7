"""Folders of manifests as they are in repositories: environments, patches, charts, and files of other kinds."""

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from unit.cli.commands import findings, probetuner, report
from unit.cli.manifests import BROKEN, deployment, probe, service

_SOUND = deployment(livenessProbe=probe("/livez", initialDelaySeconds=40))


def _write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return folder


def _program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_two_environments_of_one_name_are_two_workloads(tmp_path: Path) -> None:
    """The fault of one is found although the other, which is sound, is read later."""
    folder = _write(tmp_path, {"dev/web.yaml": deployment(**BROKEN), "prod/web.yaml": _SOUND})
    printed = report(folder)

    assert [one["name"] for one in printed["workloads"]] == ["web", "web"]
    assert "port-not-declared" in findings(printed, "Deployment/web", "app")


@pytest.mark.parametrize(("beside", "exposed"), [("shop", True), ("other", False)])
def test_a_service_is_that_of_the_workload_beside_it(tmp_path: Path, beside: str, exposed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Examples of one repository use the same labels; a Service that has none beside it is whoever's it selects."""
    files = {"shop/web.yaml": deployment(), f"{beside}/service.yaml": service(), "other/web.yaml": deployment()}
    printed = report(_write(tmp_path, files), "--render", "never")["workloads"]
    told = {one["containers"][0]["findings"][0]["name"] for one in printed}
    alone = report(_write(tmp_path / "alone", {"a/web.yaml": deployment(), "b/service.yaml": service()}))

    assert told == {"missing-readiness", "insufficient-evidence"}
    assert [one["containers"][0]["findings"][0]["name"] == "missing-readiness" for one in printed] == [
        not exposed,
        exposed,
    ]
    assert "missing-readiness" in findings(alone, "Deployment/web", "app")


def test_a_canary_behind_the_same_service_is_another_replica(tmp_path: Path) -> None:
    """Then readiness has somebody to send requests to, and the one replica is not told that it gains nothing."""
    asked = probe(failureThreshold=6)
    main = deployment(replicas=1, readinessProbe=asked)
    canary = {**main, "metadata": {"name": "web-canary", "namespace": "shop"}}
    alone = _write(tmp_path / "alone", {"web.yaml": main, "service.yaml": service()})
    both = _write(tmp_path / "both", {"web.yaml": main, "service.yaml": service(), "canary.yaml": canary})

    assert "single-replica-readiness" in findings(report(alone), "Deployment/web", "app")
    assert "single-replica-readiness" not in findings(report(both), "Deployment/web", "app")


def test_two_environments_have_a_service_each(tmp_path: Path) -> None:
    """The one that is read later does not stand for both."""
    files = {f"{env}/{kind}.yaml": content for env in ("dev", "prod") for kind, content in
             (("web", deployment()), ("service", service()))}  # fmt: skip
    printed = report(_write(tmp_path, files))["workloads"]

    assert [one["containers"][0]["findings"][0]["name"] for one in printed] == ["missing-readiness"] * 2


def test_a_patch_does_not_wipe_what_it_is_for(tmp_path: Path) -> None:
    """A workload without containers is a patch for another one."""
    patch = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": deployment()["metadata"],
        "spec": {"replicas": 5},
    }
    printed = report(_write(tmp_path, {"a.yaml": deployment(**BROKEN), "b.yaml": patch}))

    assert len(printed["workloads"]) == 1
    assert "port-not-declared" in findings(printed, "Deployment/web", "app")


def test_files_of_other_kinds_in_a_folder_are_counted_and_no_error(tmp_path: Path) -> None:
    """Values, dashboards and configuration of other tools lie beside manifests everywhere."""
    others = {
        "values.yaml": {"replicas": 3},
        "dashboard.json": '{"panels": [{"type": "graph"}]}',
        "mkdocs.yml": "markdown_extensions:\n  - x: !!python/name:a.b\n",
        "notes.yaml": "{{ not: yaml }}: [",
    }
    result = probetuner("analyze", _write(tmp_path, {"web.yaml": _SOUND, **others}))

    assert result.exit_code == 0
    assert result.stderr.count("is not a Kubernetes object") == 1
    assert "and 3 more" in result.stderr


def test_an_empty_file_in_a_folder_is_no_error(tmp_path: Path) -> None:
    """Repositories hold some; one that is named by itself should have had a manifest in it."""
    folder = _write(tmp_path, {"web.yaml": _SOUND, "empty.yaml": "\n"})
    within, alone = probetuner("analyze", folder), probetuner("analyze", folder / "empty.yaml")

    assert (within.exit_code, alone.exit_code) == (0, 2)
    assert all("empty.yaml is empty" in result.stderr for result in (within, alone))


def test_a_template_that_was_not_rendered_is_told_in_plain_words(tmp_path: Path) -> None:
    """A key in double braces is no text; who reads of it need not know how YAML is read here."""
    path = tmp_path / "web.yaml"
    path.write_text("kind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: {{replicas}}\n")
    result = probetuner("analyze", path)

    assert result.exit_code == 2
    assert "web.yaml document 1 line 1 has keys or values that are no JSON; a template has to be" in result.stderr


def test_a_name_that_is_generated_is_a_name(tmp_path: Path) -> None:
    """`kubectl create` takes it, and a Job is judged by its template."""
    job = {**deployment(**BROKEN), "apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "job-"}}

    assert report(_write(tmp_path, {"job.yaml": job}))["workloads"][0]["name"] == "job-"


def test_a_manifest_in_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """What says that it is a Kubernetes object and cannot be read is told with its place."""
    result = probetuner("analyze", _write(tmp_path, {"web.yaml": "kind: Deployment\nspec: [\n"}))

    assert result.exit_code == 2
    assert "web.yaml document 1 line" in result.stderr


_KUSTOMIZED: dict[str, Any] = {
    "base/kustomization.yaml": {"resources": ["web.yaml"]},
    "base/web.yaml": deployment(**BROKEN),
    "prod/kustomization.yaml": {"resources": ["../base"], "patches": [{"path": "replicas.yaml"}]},
    "prod/replicas.yaml": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {}},
}


def test_a_kustomization_is_rendered_where_a_program_is_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the program makes of the overlay is judged, not its base and its patches, and the command is shown."""
    folder, programs = _write(tmp_path / "repo", _KUSTOMIZED), tmp_path / "programs"
    programs.mkdir()
    (tmp_path / "made.yaml").write_text(yaml.safe_dump(deployment("prod-web", **BROKEN)))
    _program(programs, "kubectl", f'[ "$1 $2" = "kustomize {folder}/prod" ] && cat {tmp_path}/made.yaml')
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    result = probetuner("analyze", folder)

    assert [one["name"] for one in report(folder)["workloads"]] == ["prod-web"]
    assert f"rendered {folder}/prod with `kubectl kustomize {folder}/prod`" in result.stderr
    assert result.exit_code == 1


def test_without_a_program_a_kustomization_is_read_as_it_is_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base is judged, the patch is not taken for a workload, and the command to render is told."""
    folder = _write(tmp_path, _KUSTOMIZED)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = probetuner("analyze", folder)

    assert [one["name"] for one in report(folder)["workloads"]] == ["web"]
    assert f"kubectl kustomize {folder}/prod | probetuner analyze -" in result.stderr
    assert result.exit_code == 1


def test_nothing_is_rendered_that_was_not_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --render never no program is started."""
    folder, programs = _write(tmp_path / "repo", _KUSTOMIZED), tmp_path / "programs"
    programs.mkdir()
    _program(programs, "kubectl", f"touch {tmp_path}/started")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    result = probetuner("analyze", folder, "--render", "never")

    assert not (tmp_path / "started").exists()
    assert "kubectl kustomize" in result.stderr


def test_a_rendering_that_fails_is_told_and_the_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's own words say why."""
    folder, programs = _write(tmp_path / "repo", _KUSTOMIZED), tmp_path / "programs"
    programs.mkdir()
    _program(programs, "kubectl", "echo no such base >&2; exit 1")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    result = probetuner("analyze", folder)

    assert "no such base" in result.stderr
    assert [one["name"] for one in report(folder)["workloads"]] == ["web"]


def test_a_chart_that_is_not_rendered_gives_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates are no YAML: one sentence says how to render them, and none complains of their syntax."""
    chart = {"shop/Chart.yaml": {"name": "shop"}, "shop/templates/web.yaml": "kind: Deployment\nspec: {{ .Values }}\n"}
    monkeypatch.setenv("PATH", str(tmp_path))
    result = probetuner("analyze", _write(tmp_path, {"web.yaml": _SOUND, **chart}))

    assert f"helm template shop {tmp_path}/shop | probetuner analyze -" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.exit_code == 0
