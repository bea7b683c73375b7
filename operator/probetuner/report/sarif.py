"""The report as SARIF 2.1.0 (OASIS), for code scanning: a result per finding of trouble, and the page about each."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.explanations import explain
from probetuner.report.report import UNTROUBLED, Report, WorkloadReport

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def write_sarif(report: Report) -> str:
    """One run of this version of probetuner."""
    told = [(workload, f) for workload in report.workloads for f in workload.findings if f.name not in UNTROUBLED]
    names = list(dict.fromkeys(finding.name for _, finding in told))
    driver = {"name": "probetuner", "version": version("probetuner"), "rules": [_rule(name) for name in names]}
    results = [_result(workload, finding, names.index(finding.name)) for workload, finding in told]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: FindingName) -> Mapping[str, Any]:
    page = explain(name)
    return {
        "id": name.value,
        "shortDescription": {"text": page.summary},
        "help": {"text": page.text, "markdown": page.text},
    }


def _result(workload: WorkloadReport, finding: Finding, index: int) -> Mapping[str, Any]:
    evidence = "".join(f"\n- {sentence}" for sentence in finding.evidence)
    where = f"{workload.ref}/{finding.container}"
    return {
        "ruleId": finding.name.value,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{where}: {finding.explanation}{evidence}"},
        "locations": [_location(workload, where)],
        "partialFingerprints": {"container/v1": f"{where}:{finding.name}"},
        "properties": {"confidence": round(finding.confidence, 2)},
    }


def _location(workload: WorkloadReport, where: str) -> Mapping[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": where, "kind": "resource"}]}
    if workload.origin.file is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(workload.origin.file)},
            "region": {"startLine": workload.origin.line or 1},
        }
    return location


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), safe="/", errors="replace")
