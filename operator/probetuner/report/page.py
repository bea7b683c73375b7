"""The report as one HTML page that needs nothing from anywhere, and runs nothing."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files

from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.restarts import in_words
from probetuner.diagnosis.wording import several
from probetuner.report.changes import describe_changes
from probetuner.report.gain import GAIN_TITLE, gain_lines
from probetuner.report.groups import Group, Spot, counted, groups_of
from probetuner.report.patches import write_yaml
from probetuner.report.report import UNTROUBLED, ContainerReport, Report, WorkloadReport
from probetuner.report.summary import summary_of
from probetuner.report.timeline import draw_timeline
from probetuner.sources.manifests import Origin

_LEGEND = (
    ("runs", "runs"),
    ("killed", "ended by a probe"),
    ("crashed", "crashed or out of memory"),
    ("ended", "ended otherwise"),
    ("failed", "probe fails"),
    ("unready", "unready"),
)

_GOOD = "good"
"""The style of what is no trouble."""


def write_html(report: Report) -> str:
    """Write the page: an index of the findings, each finding with its containers, and each workload, worst first."""
    groups = [group for group in groups_of(report) if group.is_trouble]
    namespaces = sorted({workload.ref.namespace for workload in report.workloads})
    classes = {namespace: f"n{number}" for number, namespace in enumerate(namespaces)}
    style = (files(__package__) / "page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>probetuner report</title>\n<style>\n{style}{_filter_rules(classes)}</style>\n</head>\n<body>\n"
        f'<h1 id="top">Probes of {several(len(report.workloads), "workload")}</h1>\n'
        f"{_restarts(report)}"
        f'<p class="quiet">{counted(report)}</p>\n'
        f"{_filters(classes)}{_index(groups, classes)}"
        f"{''.join(_group(group, classes) for group in groups)}"
        f"{_workloads(report, classes)}{_gained(report)}</body>\n</html>\n"
    )


def _restarts(report: Report) -> str:
    """What the table begins with; files that define workloads tell of no restart."""
    return f"<p>{summary_of(report).sentence}</p>\n" if report.was_seen else ""


def _gained(report: Report) -> str:
    if report.gained is None:
        return ""
    lines = "".join(f"<li>{escape(line)}</li>" for line in gain_lines(report.gained))
    return f'<h2 class="part">{GAIN_TITLE.capitalize()}</h2>\n<ul>{lines}</ul>\n'


def _filters(classes: Mapping[str, str]) -> str:
    """Boxes for severities and a list of namespaces. Style sheets alone act on them: nothing runs."""
    shown = {severity.value: severity.value for severity in reversed(Severity)} | {_GOOD: "without trouble"}
    boxes = "".join(
        f'<label class="{name}"><input type="checkbox" id="show-{name}" checked> {words}</label>'
        for name, words in shown.items()
    )
    options = "".join(f'<option id="{style}">{escape(namespace)}</option>' for namespace, style in classes.items())
    choice = f"<label>namespace <select><option>all</option>{options}</select></label>" if len(classes) > 1 else ""
    return f'<div class="filters">{boxes}{choice}</div>\n'


def _filter_rules(classes: Mapping[str, str]) -> str:
    """What a namespace that is chosen hides: what is of others, and findings of which nothing is left."""
    if len(classes) < 2:  # noqa: PLR2004 - of a single namespace there is nothing to choose
        return ""
    return "".join(
        f"body:has(#{style}:checked) :is(.row, .spot, section.workload):not(.{style}), "
        f"body:has(#{style}:checked) :is(.group, .alike):not(:has(.{style})) {{ display: none; }}\n"
        for style in classes.values()
    )


def _index(groups: Sequence[Group], classes: Mapping[str, str]) -> str:
    rows = "".join(
        f'<tr class="row {group.severity.value} {_namespaces(group, classes)}">'
        f'<td class="name">{group.severity.value}</td>'
        f'<td><a href="#{_anchor(group.name, group.severity)}">{group.name.value}</a></td>'
        f"<td>{several(len(group.spots), 'container')}</td></tr>\n"
        for group in groups
    )
    return f"<nav><table>\n{rows}</table></nav>\n" if rows else ""


def _namespaces(group: Group, classes: Mapping[str, str]) -> str:
    return " ".join(dict.fromkeys(classes[spot.workload.ref.namespace] for spot in group.spots))


def _anchor(name: FindingName, severity: Severity) -> str:
    return f"{severity.value}-{name.value}"


def _group(group: Group, classes: Mapping[str, str]) -> str:
    """One finding: what it means, said once for each meaning, and all containers that have it."""
    parts = "".join(f"<p>{escape(meaning)}</p>\n{_spots(spots, classes)}" for meaning, spots in group.meanings.items())
    return (
        f'<section class="group {group.severity.value}" id="{_anchor(group.name, group.severity)}">\n'
        f'<h2><span class="name">{group.name.value}</span> <span class="quiet">{group.severity.value}, '
        f'{several(len(group.spots), "container")}</span> <a class="up" href="#top">index</a></h2>\n{parts}</section>\n'
    )


def _spots(spots: Sequence[Spot], classes: Mapping[str, str]) -> str:
    """The containers, those of which the same is told below each other, and what that is above them."""
    alike: dict[tuple[str, ...], list[Spot]] = {}
    for spot in spots:
        alike.setdefault(spot.finding.evidence, []).append(spot)
    return "".join(
        f'<div class="alike">{_evidence(same[0].finding)}'
        f"<ul>{''.join(_spot(spot, classes) for spot in same)}</ul></div>\n"
        for same in alike.values()
    )


def _spot(spot: Spot, classes: Mapping[str, str]) -> str:
    place = "" if spot.place is None else f' <span class="quiet">{escape(spot.place)}</span>'
    style = classes[spot.workload.ref.namespace]
    return f'<li class="spot {style}"><a href="#w{spot.number}">{escape(spot.name)}</a>{place}</li>\n'


def _evidence(finding: Finding) -> str:
    return f'<ul class="quiet">{"".join(f"<li>{escape(sentence)}</li>" for sentence in finding.evidence)}</ul>'


def _workloads(report: Report, classes: Mapping[str, str]) -> str:
    """All workloads, the troubled ones first; the others are folded away."""
    numbered = sorted(enumerate(report.workloads), key=lambda pair: -_rank(pair[1]))
    sections = [(_rank(workload) < 0, _section(number, workload, classes)) for number, workload in numbered]
    troubled = "".join(text for good, text in sections if not good)
    others = "".join(text for good, text in sections if good)
    count = sum(good for good, _ in sections)
    folded = (
        f'<details class="workload {_GOOD}"><summary>{several(count, "workload")} without trouble</summary>\n{others}'
        "</details>\n"
    )
    return (f'<h2 class="part">Workloads</h2>\n{troubled}' if troubled else "") + (folded if count else "")


def _rank(workload: WorkloadReport) -> int:
    return max((f.severity.rank for f in workload.findings if f.name not in UNTROUBLED), default=-1)


def _section(number: int, workload: WorkloadReport, classes: Mapping[str, str]) -> str:
    ref, rank = workload.ref, _rank(workload)
    style = _GOOD if rank < 0 else list(Severity)[rank].value
    return (
        f'<section class="workload {style} {classes[ref.namespace]}" id="w{number}">\n'
        f'<h2>{escape(ref.kind)}/{escape(ref.name)} <span class="quiet">{escape(ref.namespace)}</span> '
        f'<a class="up" href="#top">index</a></h2>\n'
        f'<p class="quiet">{escape(_place(workload.origin))}</p>\n'
        f"{_incomplete(workload)}{_handed_over(workload)}"
        f"{''.join(_container(container) for container in workload.containers)}{_patch(workload)}</section>\n"
    )


def _place(origin: Origin) -> str:
    return origin.place if origin.file is None else f"{origin.file}:{origin.line or 1}"


def _handed_over(workload: WorkloadReport) -> str:
    """Who would put the patch back, and the lines for them."""
    handover = workload.handover
    if handover is None:
        return ""
    lines = "" if handover.lines is None else f"<pre>{escape(write_yaml(handover.lines))}</pre>\n"
    return f"<p><strong>{escape(handover.keeper)}:</strong> {escape(handover.advice)}</p>\n{lines}"


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
    """What was found, with a link to what it means; what is no trouble has no group and says so itself."""
    style = _GOOD if finding.name is FindingName.HEALTHY else finding.severity.value
    title = f"{finding.name.value} ({finding.severity.value}, {finding.confidence:.0%} sure)"
    if finding.name in UNTROUBLED:
        title += f"</p>\n<p>{escape(finding.explanation)}"
    else:
        title = f'<a href="#{_anchor(finding.name, finding.severity)}">{title}</a>'
    return f'<div class="finding {style}"><p>{title}</p>{_evidence(finding)}</div>\n'


def _patch(workload: WorkloadReport) -> str:
    if not workload.patch:
        return ""
    return f"<details><summary>Patch</summary><pre>{escape(write_yaml(workload.patch))}</pre></details>\n"
