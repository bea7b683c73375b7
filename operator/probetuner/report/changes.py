"""What a recommendation changes, in words."""

import shlex

from probetuner.model.probe import FIELD_OF, Probe, ProbeType
from probetuner.report.printable import printable
from probetuner.report.report import ContainerReport


def describe_changes(container: ContainerReport) -> list[str]:
    """A line for each thing that is to change: what it is, and what it should be."""
    lines = [line for kind in ProbeType for line in _changes(container, kind)]
    if container.shares_processes:
        lines.append("shareProcessNamespace: unset → true (of the pod)")
    if container.command is not None:
        lines.append(f"command: {_shown(container.container.command)} → {_shown(container.command)}")
    return lines


def _shown(command: tuple[str, ...]) -> str:
    return printable(shlex.join(command))


def _changes(container: ContainerReport, kind: ProbeType) -> list[str]:
    before, after = container.current.get(kind), container.target.get(kind)
    if before == after:
        return []
    if before is None or after is None:
        return [f"{kind.field}: {_described(before)} → {_described(after)}"]
    pairs = {name: (getattr(before, attribute), getattr(after, attribute)) for attribute, name in FIELD_OF.items()}
    pairs["terminationGracePeriodSeconds"] = (
        before.termination_grace_period_seconds or "unset",
        after.termination_grace_period_seconds or "unset",
    )
    lines = [f"{kind.field}.{name}: {old} → {new}" for name, (old, new) in pairs.items() if old != new]
    if before.handler != after.handler:
        lines.append(f"{kind.field}: {printable(str(before.handler))} → {printable(str(after.handler))}")
    return lines


def _described(probe: Probe | None) -> str:
    if probe is None:
        return "none"
    return (
        f"{printable(str(probe.handler))} every {probe.period_seconds} s, timeout {probe.timeout_seconds} s, "
        f"{probe.failure_threshold} failures"
    )
