"""The report as one HTML page that needs nothing from anywhere, and runs nothing."""

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.restarts import in_words
from probetuner.report.changes import describe_changes
from probetuner.report.patches import write_yaml
from probetuner.report.report import UNTROUBLED, ContainerReport, Report, WorkloadReport
from probetuner.report.timeline import draw_timeline

_LEGEND = (
    ("runs", "runs"),
    ("killed", "ended by a probe"),
    ("crashed", "crashed or out of memory"),
    ("ended", "ended otherwise"),
    ("failed", "probe fails"),
    ("unready", "unready"),
)


def write_html(report: Report) -> str:
    """Write the page; the troubled workloads come first."""
    ordered = sorted(report.workloads, key=lambda workload: -_rank(workload))
    style = (files(__package__) / "page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>probetuner report</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<h1>Probes of {_several(len(ordered), "workload")}</h1>\n<p class="quiet">{_summary(report)}</p>\n'
        f"{''.join(_section(workload) for workload in ordered)}</body>\n</html>\n"
    )


def _rank(workload: WorkloadReport) -> int:
    return max((f.severity.rank for f in workload.findings if f.name not in UNTROUBLED), default=-1)


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _summary(report: Report) -> str:
    told = [f for workload in report.workloads for f in workload.findings if f.name not in UNTROUBLED]
    counts = ((severity, sum(f.severity is severity for f in told)) for severity in reversed(Severity))
    return ", ".join(f"{count} {severity.value}" for severity, count in counts) + " findings"


def _section(workload: WorkloadReport) -> str:
    ref = workload.ref
    return (
        f'<section>\n<h2>{ref.kind!s}/{escape(ref.name)} <span class="quiet">{escape(ref.namespace)}</span></h2>\n'
        f'<p class="quiet">{escape(workload.origin.place)}</p>\n'
        f"{_incomplete(workload)}"
        f"{''.join(_container(container) for container in workload.containers)}{_patch(workload)}</section>\n"
    )


def _incomplete(workload: WorkloadReport) -> str:
    return f"<p><strong>Incomplete:</strong> {escape(workload.incomplete)}</p>\n" if workload.incomplete else ""


def _container(container: ContainerReport) -> str:
    return f"<h3>{escape(container.name)}</h3>\n{_timeline(container)}{''.join(_parts(container))}"


def _timeline(container: ContainerReport) -> str:
    drawing = draw_timeline(container)
    if not drawing:
        return ""
    keys = "".join(
        f'<span><svg viewBox="0 0 10 10"><rect class="{style}" width="10" height="10"/></svg>{words}</span>'
        for style, words in _LEGEND
    )
    return f'{drawing}\n<div class="legend">{keys}</div>\n'


def _parts(container: ContainerReport) -> Iterator[str]:
    if container.history.lives:
        yield f"<p>{escape(in_words(container.restarts))}</p>\n"
        yield from _failures(container)
    for finding in container.findings:
        yield _finding(finding)
    for title, action in zip(container.action_titles, container.actions, strict=True):
        yield f"<p><strong>→ {title}</strong> {escape(action.reason)}</p>\n"
    changes = describe_changes(container)
    if changes:
        yield f"<ul>{''.join(f'<li><code>{escape(change)}</code></li>' for change in changes)}</ul>\n"


def _failures(container: ContainerReport) -> Iterator[str]:
    lines = [
        f"{f.probe.value.lower()} failed {f.count} times, {f.cause.value}" + (f": {f.words}" if f.words else "")
        for f in container.failures
    ]
    if lines:
        yield f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>\n"


def _finding(finding: Finding) -> str:
    style = "healthy" if finding.name is FindingName.HEALTHY else finding.severity.value
    evidence = "".join(f"<li>{escape(sentence)}</li>" for sentence in finding.evidence)
    return (
        f'<div class="finding {style}"><p>{finding.name.value} '
        f"({finding.severity.value}, {finding.confidence:.0%} sure)</p>\n"
        f"<p>{escape(finding.explanation)}</p>\n<ul>{evidence}</ul></div>\n"
    )


def _patch(workload: WorkloadReport) -> str:
    if not workload.patch:
        return ""
    return f"<details><summary>Patch</summary><pre>{escape(write_yaml(workload.patch))}</pre></details>\n"
