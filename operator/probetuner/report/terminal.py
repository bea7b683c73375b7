"""The report for a person at a terminal: as wide as it is, in its colours."""

from rich.console import Console
from rich.text import Text

from probetuner.report.report import Report
from probetuner.report.table import Tone, lines

_MOST_COLUMNS = 120
"""Longer lines of prose are hard to read."""
_STYLES = {
    Tone.CRITICAL: "bold red",
    Tone.WARNING: "bold yellow",
    Tone.INFO: "bold",
    Tone.GOOD: "bold green",
    Tone.PLACE: "bold",
    Tone.TEXT: "",
    Tone.QUIET: "dim",
    Tone.ADVICE: "cyan",
}


def write_terminal(report: Report) -> str:
    """Write the table, with colours where the terminal has them and NO_COLOR is not set."""
    console = Console()
    with console.capture() as captured:
        for line in lines(report, min(console.width, _MOST_COLUMNS)):
            console.print(Text(line.text, style=_STYLES[line.tone]))
    return captured.get()
