"""The report as SARIF 2.1.0 (OASIS), for code scanning: a result per finding of trouble, and the page about each."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from probetuner.diagnosis.finding import FindingName, Severity
from probetuner.explanations import explain
from probetuner.report.report import Report
from probetuner.report.troubles import Trouble, troubles_in

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def write_sarif(report: Report) -> str:
    """One run of this version of probetuner."""
    told = troubles_in(report)
    names = list(dict.fromkeys(trouble.finding.name for trouble in told))
    driver = {"name": "probetuner", "version": version("probetuner"), "rules": [_rule(name) for name in names]}
    results = [_result(trouble, names.index(trouble.finding.name)) for trouble in told]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: FindingName) -> Mapping[str, Any]:
    page = explain(name)
    return {
        "id": name.value,
        "shortDescription": {"text": page.summary},
        "help": {"text": page.text, "markdown": page.text},
    }


def _result(trouble: Trouble, index: int) -> Mapping[str, Any]:
    finding, where = trouble.finding, trouble.where
    evidence = "".join(f"\n- {sentence}" for sentence in finding.evidence)
    return {
        "ruleId": finding.name.value,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{where}: {finding.explanation}{evidence}"},
        "locations": [_location(trouble)],
        "partialFingerprints": {"container/v1": f"{where}:{finding.name}"},
        "properties": {"confidence": round(finding.confidence, 2)},
    }


def _location(trouble: Trouble) -> Mapping[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": trouble.where, "kind": "resource"}]}
    if trouble.file is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(trouble.file)},
            "region": {"startLine": trouble.line or 1},
        }
    return location


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), safe="/", errors="replace")
