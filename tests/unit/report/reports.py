"""Reports to write, from recordings and manifests."""

import json
from functools import cache
from pathlib import Path

from probetuner.report.judge import judge
from probetuner.report.report import Report
from probetuner.sources.dump import gather_objects
from probetuner.sources.manifests import read_content
from probetuner.sources.observation import gather_records
from probetuner.sources.recording import Recording

RECORDINGS = Path(__file__).parents[2] / "recordings"

HOSTILE = "x</script><img src=http://elsewhere/>\x1b[31m\n# kubectl delete ns --all \"'`$(id)"
"""A name as no API server would take it, but any file can hold it."""


def _fail(problem: str) -> None:
    raise AssertionError(problem)


@cache
def of_recordings() -> Report:
    """A report about every recording."""
    workloads = []
    for folder in sorted(RECORDINGS.iterdir()):
        if (folder / "meta.json").exists():
            recording = Recording(folder)
            records = recording.records()
            gathering = gather_records(records, watched_since=recording.started, place=folder.name, tell=_fail)
            workloads += [judge(subject) for subject in gathering.subjects()]
    return Report(workloads=tuple(workloads))


@cache
def of_hostile_manifest(text: str = HOSTILE) -> Report:
    """A report about a Deployment whose texts try to be something else wherever they are shown."""
    asked = {"httpGet": {"path": text, "port": text, "host": text}}
    container = {
        "name": text,
        "livenessProbe": {**asked, "failureThreshold": 1},
        "readinessProbe": {**asked, "failureThreshold": 4},
        "startupProbe": {"exec": {"command": ["sh", "-c", text]}},
    }
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": text, "namespace": text},
        "spec": {"replicas": 1, "strategy": {"type": "Recreate"}, "template": {"spec": {"containers": [container]}}},
    }
    given = read_content(json.dumps(manifest).encode(), text, _fail)
    return Report(workloads=tuple(judge(subject) for subject in gather_objects(given, _fail).subjects()))


REPORTS = {"recordings": of_recordings, "hostile": of_hostile_manifest}
