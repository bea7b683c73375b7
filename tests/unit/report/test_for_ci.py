"""What continuous integration reads: lines of files, annotations, test results, and only what is new."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from unit.cli.commands import probetuner, report
from unit.cli.manifests import deployment, probe, service, stream

_MANIFEST = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
# the shop
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: proxy
          image: proxy:1
        - name: app
          image: web:1
          readinessProbe:
            httpGet: {path: /, port: 8080}
          livenessProbe:
            httpGet: {path: /, port: nowhere}
            initialDelaySeconds: 60
"""
_LINE = _MANIFEST.split("\n").index("          livenessProbe:") + 1


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "web.yaml"
    path.write_text(_MANIFEST)
    return path


def test_sarif_points_at_the_probe(manifest: Path) -> None:
    """The region of a finding begins where its probe does, in the second document and the second container."""
    run = json.loads(probetuner("analyze", manifest, "-o", "sarif").stdout)["runs"][0]
    lines = {r["ruleId"]: r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in run["results"]}

    assert lines["port-not-declared"] == _LINE


def test_github_annotates_the_line(manifest: Path) -> None:
    """A workflow command names file, line and finding, and is one line whatever the texts hold."""
    told = probetuner("analyze", manifest, "-o", "github").stdout.splitlines()
    (line,) = (line for line in told if "port-not-declared" in line)

    assert line.startswith(f"::error file={manifest},line={_LINE},title=probetuner port-not-declared::")
    assert "declared are none. The API server does not check" in line


def test_github_commands_cannot_be_forged() -> None:
    """Names that hold line ends or commands of their own end up as text of the annotation."""
    forged = deployment("x\n::error::y", livenessProbe=probe("/a%0A", failureThreshold=1))
    told = probetuner("analyze", "-", "-o", "github", piped=stream(forged)).stdout.splitlines()

    assert told
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in told)
    assert all(line.count("::") == 2 or "x ::error::y" in line for line in told)


def test_junit_fails_a_test_for_each_finding(manifest: Path) -> None:
    """A troubled container fails, one without trouble passes, and what is info fails nothing."""
    root = ET.fromstring(probetuner("analyze", manifest, "-o", "junit").stdout.split("\n", 1)[1])
    (suite,) = root
    failed = {case.get("name") for case in suite if case.find("failure") is not None}

    assert failed == {"port-not-declared"}
    assert suite.get("failures") == "1"
    assert any(case.get("name") == "probes" for case in suite)


@pytest.mark.parametrize(
    "comment",
    [
        "          livenessProbe:  # probetuner: ignore port-not-declared the mesh adds it",
        "          # probetuner: ignore port-not-declared the mesh adds it\n          livenessProbe:",
    ],
)
def test_a_comment_beside_the_probe_silences_a_finding(manifest: Path, comment: str) -> None:
    """It is told no more, counts for nothing, and the report says so with the reason."""
    manifest.write_text(_MANIFEST.replace("          livenessProbe:", comment))
    (workload,) = report(manifest)["workloads"]
    told = {c["name"]: c for c in workload["containers"]}["app"]

    assert told["silenced"] == [{"name": "port-not-declared", "reason": "the mesh adds it"}]
    assert "port-not-declared" not in {f["name"] for f in told["findings"]}
    assert probetuner("analyze", manifest).exit_code == 0


@pytest.mark.parametrize("line", ["        - name: proxy", "          image: proxy:1", "        - name: last"])
def test_a_comment_silences_no_other_container(manifest: Path, line: str) -> None:
    """What stands beside one container's probes says nothing of those before and after it."""
    three = f"{_MANIFEST}        - name: last\n          image: last:1\n"
    manifest.write_text(three.replace(line, f"{line}  # probetuner: ignore port-not-declared not mine"))

    assert probetuner("analyze", manifest).exit_code == 1


def test_an_annotation_silences_for_the_whole_workload() -> None:
    """Rendered manifests lose their comments; the annotation stays."""
    silenced = deployment(livenessProbe={"httpGet": {"port": "nowhere"}, "initialDelaySeconds": 60})
    silenced["metadata"]["annotations"] = {"probetuner.dev/ignore": "port-not-declared the mesh adds it"}

    assert probetuner("analyze", "-", piped=stream(silenced)).exit_code == 0


def test_with_a_baseline_only_what_is_new_is_told(tmp_path: Path, manifest: Path) -> None:
    """What was known counts no more; a new finding, also of the same workload, does."""
    before = tmp_path / "before.json"
    before.write_text(probetuner("analyze", manifest, "-o", "json").stdout)
    known = probetuner("analyze", manifest, "--baseline", before, "-o", "github")
    manifest.write_text(_MANIFEST.replace("port: 8080", "port: elsewhere").replace("name: app\n", "name: other\n"))
    changed = probetuner("analyze", manifest, "--baseline", before)

    assert (known.exit_code, known.stdout) == (0, "")
    assert changed.exit_code == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"kind": "Report"}', '{"kind": "List", "workloads": []}'])
def test_a_baseline_that_is_none_is_told(tmp_path: Path, manifest: Path, content: str) -> None:
    """A sentence names the file, and nothing is reported as new or known."""
    bad = tmp_path / "bad.json"
    bad.write_text(content)
    result = probetuner("analyze", manifest, "--baseline", bad)

    assert result.exit_code == 2
    assert f"{bad} is no report" in result.stderr


def test_the_hook_and_the_action_call_what_there_is() -> None:
    """Both are read by other programs, and name options that the command has."""
    root = Path(__file__).parents[3]
    (hook,) = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())
    action = yaml.safe_load((root / "action.yml").read_text())
    run = action["runs"]["steps"][-1]["run"]
    known = probetuner("analyze", "--help").stdout

    assert hook["entry"].split()[:2] == run.split()[:2] == ["probetuner", "analyze"]
    assert all(option in known for option in ("--render", "--fail-on", "--baseline"))
    assert probetuner(*hook["entry"].split()[1:], "-", piped=stream(service())).exit_code == 0


def test_the_hook_passes_what_else_a_repository_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads the folder, as a Service may stand in a file that was not changed; what is no manifest fails nothing."""
    (hook,) = yaml.safe_load((Path(__file__).parents[3] / ".pre-commit-hooks.yaml").read_text())
    command = [*hook["entry"].split()[1:], *hook["args"]]
    (tmp_path / "docker-compose.yml").write_text("services:\n  db: {image: postgres}\n")
    (tmp_path / "web.yaml").write_bytes(stream(deployment(livenessProbe=probe(initialDelaySeconds=60))))
    monkeypatch.chdir(tmp_path)
    alone = probetuner(*command)
    (tmp_path / "service.yaml").write_bytes(stream(service()))

    assert hook["pass_filenames"] is False
    assert alone.exit_code == 0
    assert "docker-compose.yml is not a Kubernetes object" in alone.stderr
    assert "WARNING missing-readiness" in probetuner(*command).stdout
