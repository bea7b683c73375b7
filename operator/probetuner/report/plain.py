"""The report as plain text for pipes: a line per finding, in columns, to be searched with grep."""

from collections.abc import Sequence

from probetuner.report.printable import printable
from probetuner.report.report import ContainerReport, Report, WorkloadReport

_HEADER = (
    "NAMESPACE",
    "WORKLOAD",
    "CONTAINER",
    "RESTARTS",
    "KILLS",
    "UNEXPLAINED",
    "FAILED",
    "SEVERITY",
    "CONFIDENCE",
    "FINDING",
    "ACTIONS",
)


def write_plain(report: Report) -> str:
    """Write one line per finding, under a header."""
    rows: list[tuple[str, ...]] = [_HEADER]
    for workload in report.workloads:
        for container in workload.containers:
            rows += _rows(workload, container)
    return align(rows)


def _rows(workload: WorkloadReport, container: ContainerReport) -> list[tuple[str, ...]]:
    """The actions stand beside the first finding, for they answer all findings about the container together."""
    ref = workload.ref
    where = (_word(ref.namespace), _word(f"{ref.kind}/{ref.name}"), _word(container.name), *_counts(container))
    actions = [_actions(container), *("-" for _ in container.findings[1:])]
    return [
        (*where, finding.severity.value, f"{finding.confidence:.0%}", finding.name.value, action)
        for finding, action in zip(container.findings, actions, strict=False)
    ]


def _counts(container: ContainerReport) -> tuple[str, str, str, str]:
    """How often it ended, by which probe, how many of these kills are not explained, and how its probes failed."""
    restarts = container.restarts
    kills = ",".join(f"{kind.value.lower()}:{count}" for kind, count in restarts.by_probe.items())
    failed = ",".join(f"{f.probe.value.lower()}:{f.count}-{f.cause.value}" for f in container.failures)
    return str(restarts.total), kills or "-", str(sum(restarts.unexplained.values())), failed or "-"


def _actions(container: ContainerReport) -> str:
    return ",".join(dict.fromkeys(container.action_titles)) or ("none" if container.healthy else "-")


def _word(text: str) -> str:
    return printable(text).replace(" ", "_") or "-"


def align(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of words as lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows)
