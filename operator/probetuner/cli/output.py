"""The output formats, each loaded when it is asked for."""

import sys
from enum import StrEnum
from importlib import import_module

from probetuner.report.report import Report


class Format(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    PATCH = "patch"
    KUSTOMIZE = "kustomize"
    HTML = "html"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"


_WRITERS = {
    Format.JSON: ("document", "write_json"),
    Format.YAML: ("patches", "write_report"),
    Format.PATCH: ("patches", "write_patches"),
    Format.KUSTOMIZE: ("patches", "write_kustomization"),
    Format.HTML: ("page", "write_html"),
    Format.SARIF: ("sarif", "write_sarif"),
    Format.GITHUB: ("github", "write_github"),
    Format.JUNIT: ("junit", "write_junit"),
}
_TABLES = {False: ("plain", "write_plain"), True: ("terminal", "write_terminal")}
_AROUND_TABLES = (("summary", "write_summary"), ("why", "write_why"), ("gain", "write_gain"))
"""What a table is preceded and followed by: the count of restarts, the reasons if asked for, what watching added."""


def write(report: Report, form: Format) -> None:
    """Write the report to standard output; a table is for people at a terminal and plain text elsewhere."""
    table = _TABLES[sys.stdout.isatty()]
    first, *last = _AROUND_TABLES
    writers = (_WRITERS[form],) if form in _WRITERS else (first, table, *last)
    text = "".join(_written(report, module, function) for module, function in writers)
    sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
    sys.stdout.flush()


def _written(report: Report, module: str, function: str) -> str:
    text: str = getattr(import_module(f"probetuner.report.{module}"), function)(report)
    return text
