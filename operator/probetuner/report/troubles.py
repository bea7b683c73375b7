"""The findings of trouble in a report, each with where it stands: what machines read of it."""

from dataclasses import dataclass

from probetuner.diagnosis.finding import Finding
from probetuner.report.report import UNTROUBLED, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One finding; `where` is Kind/namespace/name/container, `file` and `line` where a manifest has it."""

    where: str
    finding: Finding
    file: str | None
    line: int | None


def in_sentences(finding: Finding) -> str:
    """Evidence and explanation as running text."""
    return f"{'; '.join(finding.evidence)}. {finding.explanation}"


def troubles_in(report: Report) -> list[Trouble]:
    """All of them, in the order of the report."""
    return [
        Trouble(
            where=f"{workload.ref}/{container.name}",
            finding=finding,
            file=workload.origin.file,
            line=container.line_of(finding) or workload.origin.line,
        )
        for workload in report.workloads
        for container in workload.containers
        for finding in container.findings
        if finding.name not in UNTROUBLED
    ]
