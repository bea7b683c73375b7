"""What the minutes of watching added to one look at a cluster."""

from collections.abc import Iterator, Sequence

from probetuner.diagnosis.finding import FindingName
from probetuner.report.printable import printable
from probetuner.report.report import ContainerReport, Gain, Report, WorkloadReport

_LEAST_CHANGE = 0.05
"""Confidence moves by a point or two with every observation; less than this is no news."""


GAIN_TITLE = "what watching added to one look:"


def gained(before: Sequence[WorkloadReport], after: Sequence[WorkloadReport]) -> tuple[Gain, ...]:
    """Compare what one look found with what was found after watching; containers without a difference are left out."""
    known = {(one.ref, container.name): container for one in before for container in one.containers}
    gains = (
        _gain(one, known.get((one.ref, container.name)), container) for one in after for container in one.containers
    )
    return tuple(gain for gain in gains if gain is not None)


def _gain(one: WorkloadReport, before: ContainerReport | None, after: ContainerReport) -> Gain | None:
    had = {finding.name: finding for finding in before.findings} if before else {}
    has = {finding.name: finding for finding in after.findings}
    both = [(name, had[name].confidence, has[name].confidence) for name in has if name in had]
    gain = Gain(
        ref=one.ref,
        container=after.name,
        new=tuple(finding for name, finding in has.items() if name not in had),
        gone=tuple(name for name in had if name not in has),
        surer={name: (old, new) for name, old, new in both if abs(new - old) >= _LEAST_CHANGE},
        restarts=(before.restarts.total if before else 0, after.restarts.total),
        unexplained=(_unexplained(before) if before else 0, _unexplained(after)),
    )
    counts_differ = any(first != last for first, last in (gain.restarts, gain.unexplained))
    return gain if gain.new or gain.gone or gain.surer or counts_differ else None


def _unexplained(container: ContainerReport) -> int:
    return sum(container.restarts.unexplained.values())


def write_gain(report: Report) -> str:
    """What watching added, a line for each container and difference; nothing where nobody watched."""
    if report.gained is None:
        return ""
    return "\n".join(["", GAIN_TITLE, *(f"  {line}" for line in gain_lines(report.gained))]) + "\n"


def gain_lines(gained: Sequence[Gain]) -> list[str]:
    """What was gained, a line for each container and difference; one that says so where it was nothing."""
    return [f"{_place(gain)}: {line}" for gain in gained for line in _lines(gain)] or ["nothing"]


def _place(gain: Gain) -> str:
    return printable(f"{gain.ref}/{gain.container}").replace(" ", "_")


def _lines(gain: Gain) -> Iterator[str]:
    for finding in gain.new:
        yield f"new: {finding.name.value}, {finding.confidence:.0%} sure"
    for name in gain.gone:
        known = name is FindingName.INSUFFICIENT_EVIDENCE
        yield "known now: one look was not enough evidence" if known else f"no longer found: {name.value}"
    for name, (before, after) in gain.surer.items():
        yield f"{'surer' if after > before else 'less sure'}: {name.value}, {before:.0%} before, {after:.0%} now"
    for what, (was, now) in (("restarts", gain.restarts), ("kills not explained", gain.unexplained)):
        if was != now:
            yield f"{what}: {was} before, {now} now"
