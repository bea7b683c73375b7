"""The findings of a report grouped by what they are, the worst first: how people read many of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.wording import several
from probetuner.report.report import UNTROUBLED, ContainerReport, Report, WorkloadReport

_ORDER = list(FindingName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One finding about one container. `leads` marks the worst one about it: its counts and advice stand there.

    `number` is that of the workload in the report, from 0: two may have the same name.
    """

    number: int
    workload: WorkloadReport
    container: ContainerReport
    finding: Finding
    leads: bool

    @property
    def name(self) -> str:
        """The workload, and which of its containers if it has several."""
        several_containers = len(self.workload.containers) > 1
        return f"{self.workload.ref}, container {self.container.name}" if several_containers else str(self.workload.ref)

    @property
    def place(self) -> str | None:
        """File and line of the manifest, as editors and terminals take them for a link."""
        origin = self.workload.origin
        line = self.container.line_of(self.finding) or origin.line
        return None if origin.file is None else f"{origin.file}:{line or 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All findings of one name and one severity, in the order of the report."""

    name: FindingName
    severity: Severity
    spots: Sequence[Spot]

    @property
    def is_trouble(self) -> bool:
        """Whether it tells of trouble, and not that all is well or that too little was seen."""
        return self.name not in UNTROUBLED

    @property
    def meanings(self) -> Mapping[str, Sequence[Spot]]:
        """By what it means there: most findings mean the same everywhere, so that is said once."""
        found: dict[str, list[Spot]] = defaultdict(list)
        for spot in self.spots:
            found[spot.finding.explanation].append(spot)
        return found


def groups_of(report: Report) -> list[Group]:
    """The worst group first, those without trouble last."""
    found: dict[tuple[FindingName, Severity], list[Spot]] = defaultdict(list)
    for number, workload in enumerate(report.workloads):
        for container in workload.containers:
            for index, finding in enumerate(sorted(container.findings, key=_urgency)):
                spot = Spot(number=number, workload=workload, container=container, finding=finding, leads=index == 0)
                found[finding.name, finding.severity].append(spot)
    groups = [Group(name=name, severity=severity, spots=spots) for (name, severity), spots in found.items()]
    return sorted(groups, key=lambda group: _urgency(group.spots[0].finding))


def _urgency(finding: Finding) -> tuple[bool, int, int]:
    return finding.name in UNTROUBLED, -finding.severity.rank, _ORDER.index(finding.name)


def counted(report: Report) -> str:
    """The count of all: `147 workloads, 12 findings: 3 critical, 4 warning, 5 info`."""
    told = [finding.severity for one in report.workloads for finding in one.findings if finding.name not in UNTROUBLED]
    counts = ", ".join(f"{told.count(severity)} {severity}" for severity in reversed(Severity) if severity in told)
    left_out = [
        f"{count} {words}"
        for count, words in ((report.silenced, "silenced by the manifests"), (report.known, "known from the baseline"))
        if count
    ]
    found = f"{several(len(told), 'finding')}: {counts}" if told else "no finding"
    return "; ".join((f"{several(len(report.workloads), 'workload')}, {found}", *left_out))
