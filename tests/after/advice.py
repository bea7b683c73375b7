"""What probetuner says of a recording, and a Deployment with the patch that it recommends."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from demo.cluster import Cluster
from lab.errors import run

PROBETUNER = Path(sys.executable).with_name("probetuner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The names of findings and of actions, and the strategic-merge patch, which is empty where there is none."""

    findings: tuple[str, ...]
    actions: tuple[str, ...]
    patch: Mapping[str, Any]


def analyze(recording: Path, workload: str) -> Advice:
    """Ask `probetuner analyze`, as a user would. Raises LabError with its words when it cannot tell."""
    report = json.loads(run([PROBETUNER, "analyze", recording, "--output=json", "--fail-on=never"]))
    (found,) = (entry for entry in report["workloads"] if entry["name"] == workload)
    return Advice(
        findings=tuple(finding["name"] for container in found["containers"] for finding in container["findings"]),
        actions=tuple(action["name"] for container in found["containers"] for action in container["actions"]),
        patch=found["patch"],
    )


def patched(cluster: Cluster, patch: Mapping[str, Any], deployment: Mapping[str, Any]) -> dict[str, Any]:
    """The Deployment as `kubectl patch` would make it."""
    with TemporaryDirectory(prefix="after-") as folder:
        path = Path(folder) / "deployment.json"
        path.write_text(json.dumps(deployment))
        said = cluster.kubectl(
            "patch", "--local", f"--filename={path}", f"--patch={json.dumps(patch)}", "--output=json"
        )
    made: dict[str, Any] = json.loads(said)
    return made
