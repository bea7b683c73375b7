"""What was found before, so that only what is new is told."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from probetuner.diagnosis.finding import Severity
from probetuner.model.problem import InvalidObjectError
from probetuner.report.report import UNTROUBLED, ContainerReport, Report, WorkloadReport

_MOST_BYTES = 256 * 1024 * 1024
Known = frozenset[tuple[str, str, str, str, str]]
"""Kind, namespace and name of a workload, container, and finding."""


def read_baseline(path: Path) -> Known:
    """Read a report that `analyze -o json` wrote. Raises InvalidObjectError with the reason when it is none."""
    try:
        with path.open("rb") as file:
            written: Any = json.loads(file.read(_MOST_BYTES))
        return frozenset(_known(written))
    except OSError as error:
        raise InvalidObjectError(str(path), f"cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise InvalidObjectError(str(path), "is no report that `probetuner analyze -o json` wrote") from None


def _known(written: Any) -> Iterator[tuple[str, str, str, str, str]]:
    if written["kind"] != "Report":
        raise ValueError(written["kind"])
    for workload in written["workloads"]:
        for container in workload["containers"]:
            for finding in container["findings"]:
                names = (workload["kind"], workload["namespace"], workload["name"], container["name"], finding["name"])
                yield tuple(map(str, names))  # type: ignore[misc]  # five names make a tuple of five


def only_new(report: Report, known: Known) -> Report:
    """The report without the findings of trouble that are known, and without workloads of which nothing is left."""
    workloads = (_only_new(workload, known) for workload in report.workloads)
    left = replace(report, workloads=tuple(workload for workload in workloads if workload is not None))
    return replace(left, known=report.troubles(Severity.INFO) - left.troubles(Severity.INFO))


def _only_new(workload: WorkloadReport, known: Known) -> WorkloadReport | None:
    ref = workload.ref

    def left(container: ContainerReport) -> ContainerReport:
        names = (str(ref.kind), ref.namespace, ref.name, container.name)
        new = tuple(f for f in container.findings if f.name in UNTROUBLED or (*names, f.name.value) not in known)
        return replace(container, findings=new)

    containers = tuple(map(left, workload.containers))
    return replace(workload, containers=containers) if any(c.findings for c in containers) else None
