"""The report for people through a pipe or in a log: no colours, and as wide as the narrowest usual terminal."""

from probetuner.report.report import Report
from probetuner.report.table import lines

_WIDTH = 80


def write_plain(report: Report) -> str:
    """Write the table in at most 80 columns."""
    return "".join(f"{line.text}\n" for line in lines(report, _WIDTH))
