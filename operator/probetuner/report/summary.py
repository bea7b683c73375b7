"""What a report begins with: how many restarts there were, how many probes caused, and how many cured nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from probetuner.diagnosis.restarts import Restarts
from probetuner.diagnosis.wording import several
from probetuner.model.workload import WorkloadRef
from probetuner.report.columns import align
from probetuner.report.printable import printable
from probetuner.report.report import Report

_HEADER = ("WORKLOAD", "RESTARTS", "BY-PROBES", "CURED-NOTHING", "UNEXPLAINED")
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Restarts, those of them that probes caused, and of these the ones that cured nothing or that nothing explains."""

    restarts: int
    by_probes: int
    in_vain: int
    unexplained: int

    @property
    def badness(self) -> tuple[int, ...]:
        """Larger is worse: first what cured nothing, then what may have cured nothing."""
        return self.in_vain, self.unexplained, self.by_probes, self.restarts


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All restarts, and those of the workloads that had any, the worst first."""

    total: Tally
    workloads: tuple[tuple[WorkloadRef, Tally], ...]

    @property
    def sentence(self) -> str:
        """The count of all of them in words."""
        total = self.total
        if not total.restarts:
            return "no restarts"
        return (
            f"{several(total.restarts, 'restart')}, {total.by_probes} by probes: "
            f"{total.in_vain} cured nothing, {total.unexplained} not explained"
        )


def summary_of(report: Report) -> Summary:
    """Count the restarts of a report."""
    counted = [(one.ref, [container.restarts for container in one.containers]) for one in report.workloads]
    tallies = [(ref, _tally(restarts)) for ref, restarts in counted]
    return Summary(
        total=_tally(restarts for _, several_restarts in counted for restarts in several_restarts),
        workloads=tuple(
            sorted(
                ((ref, tally) for ref, tally in tallies if tally.restarts),
                key=lambda entry: ([-figure for figure in entry[1].badness], str(entry[0])),
            )
        ),
    )


def _tally(several_restarts: Iterable[Restarts]) -> Tally:
    counts = [(r.total, r.killed, r.in_vain, sum(r.unexplained.values())) for r in several_restarts]
    restarts, by_probes, in_vain, unexplained = map(sum, zip(*counts, strict=True)) if counts else (0, 0, 0, 0)
    return Tally(restarts=restarts, by_probes=by_probes, in_vain=in_vain, unexplained=unexplained)


def write_summary(report: Report) -> str:
    """The count in a sentence, a line for each workload that restarted, and an empty line.

    Nothing where nothing was observed: files that define workloads tell of no restart.
    """
    if not report.was_seen:
        return ""
    summary = summary_of(report)
    rows = [(printable(str(ref)).replace(" ", "_"), *_figures(tally)) for ref, tally in summary.workloads]
    more = len(rows) - _MOST_SHOWN
    lines = [f"{summary.sentence}\n"]
    lines += [align([_HEADER, *rows[:_MOST_SHOWN]])] if rows else []
    lines += [f"and {several(more, 'workload')} more\n"] if more > 0 else []
    return "".join([*lines, "\n"])


def _figures(tally: Tally) -> tuple[str, str, str, str]:
    return str(tally.restarts), str(tally.by_probes), str(tally.in_vain), str(tally.unexplained)
