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
_PLAIN, _TERMINAL = ("plain", "write_plain"), ("terminal", "write_terminal")


def write(report: Report, form: Format) -> None:
    """Write the report to standard output; a table is for people at a terminal and plain text elsewhere."""
    table = _TERMINAL if sys.stdout.isatty() else _PLAIN
    module, function = _WRITERS.get(form, table)
    text: str = getattr(import_module(f"probetuner.report.{module}"), function)(report)
    sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
    sys.stdout.flush()
