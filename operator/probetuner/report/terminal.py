"""The report for a person at a terminal: as wide as it is, in its colours."""

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from probetuner.diagnosis.finding import Finding, Severity
from probetuner.diagnosis.restarts import in_words
from probetuner.report.changes import describe_changes
from probetuner.report.printable import printable
from probetuner.report.report import UNTROUBLED, ContainerReport, Report, WorkloadReport

_STYLES = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def write_terminal(report: Report) -> str:
    """Write a table of findings, the troubled workloads first, and below each what to do."""
    console = Console()
    with console.capture() as captured:
        console.print(_table(report))
    return captured.get()


def _table(report: Report) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("Workload", ratio=2, overflow="fold")
    table.add_column("Finding", no_wrap=True)
    table.add_column("Sure", justify="right", no_wrap=True)
    table.add_column("Why, and what to do", ratio=4, overflow="fold")
    for workload in sorted(report.workloads, key=_worst):
        _add(table, workload)
    return table


def _worst(workload: WorkloadReport) -> int:
    return -max((f.severity.rank for f in workload.findings if f.name not in UNTROUBLED), default=-1)


def _add(table: Table, workload: WorkloadReport) -> None:
    for container in workload.containers:
        named = _workload_cell(workload, container)
        if container.history.lives:
            table.add_row(named, "", "", _counts_cell(container))
            named = Text("")
        for finding in container.findings:
            table.add_row(named, _name_cell(finding), f"{finding.confidence:.0%}", _why_cell(finding))
            named = Text("")
        advice = _advice_cell(container)
        if advice is not None:
            table.add_row("", "", "", advice)
        table.add_section()
    if workload.incomplete:
        table.add_row(Text(printable(str(workload.ref))), "", "", Text(f"incomplete: {workload.incomplete}"))
        table.add_section()


def _workload_cell(workload: WorkloadReport, container: ContainerReport) -> Text:
    ref = workload.ref
    lines = (printable(f"{ref.kind}/{ref.name}"), printable(ref.namespace), printable(container.name))
    return Text("\n").join([Text(lines[0], style="bold"), *(Text(line, style="dim") for line in lines[1:])])


def _counts_cell(container: ContainerReport) -> Text:
    cell = Text(in_words(container.restarts))
    for failures in container.failures:
        said = f": {failures.words}" if failures.words else ""
        line = f"{failures.probe.value.lower()} failed {failures.count} times, {failures.cause.value}{said}"
        cell.append(f"\n· {printable(line)}", style="dim")
    return cell


def _name_cell(finding: Finding) -> Text:
    style = "green" if finding.name.value == "healthy" else _STYLES[finding.severity]
    return Text(finding.name.value, style=style)


def _why_cell(finding: Finding) -> Text:
    cell = Text(printable(finding.explanation, most=2000))
    for sentence in finding.evidence:
        cell.append(f"\n· {printable(sentence)}", style="dim")
    return cell


def _advice_cell(container: ContainerReport) -> RenderableType | None:
    lines: list[RenderableType] = [
        Text.assemble((f"→ {title}", "bold cyan"), f"  {printable(action.reason)}")
        for title, action in zip(container.action_titles, container.actions, strict=True)
    ]
    lines += [Text(f"    {line}") for line in describe_changes(container)]
    return Group(*lines) if lines else None
