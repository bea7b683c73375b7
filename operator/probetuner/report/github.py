"""The report as workflow commands of GitHub Actions, which annotate the lines of a pull request."""

from probetuner.diagnosis.finding import Severity
from probetuner.report.printable import printable
from probetuner.report.report import Report
from probetuner.report.troubles import Trouble, in_sentences, troubles_in

_COMMANDS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def write_github(report: Report) -> str:
    """A line for each finding of trouble (docs.github.com: workflow commands)."""
    return "".join(_line(trouble) for trouble in troubles_in(report))


def _line(trouble: Trouble) -> str:
    finding = trouble.finding
    properties = {"file": trouble.file, "line": trouble.line, "title": f"probetuner {finding.name}"}
    told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value is not None)
    text = printable(f"{trouble.where}: {in_sentences(finding)}", most=2000)
    return f"::{_COMMANDS[finding.severity]} {told}::{_data(text)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
