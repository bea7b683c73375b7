"""The measured figures as tables, before against after."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from demo.load import LoadReport
from demo.outcome import PressureOutcome, Side, StartOutcome

_LOAD_ROWS = (
    "requests answered",
    "requests failed",
    "answered per second",
    "latency of answers, median",
    "latency of answers, 99 %",
)
_SIDE_ROWS = (
    "container restarts",
    "kills for a probe, by the kubelet",
    "false restarts, by probetuner",
)
_DEFAULTS = {"timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3}


def pressure_table(outcome: PressureOutcome) -> Table:
    """The figures of the first story."""
    table = _table(f"rng under load: {outcome.load}")
    table.add_column(f"then {outcome.load_fourfold.clients} clients", justify="right")
    loads = (outcome.load_before, outcome.load_after, outcome.load_fourfold)
    for row in zip(_LOAD_ROWS, *map(_load_figures, loads), strict=True):
        table.add_row(*row)
    _add_sides(table, outcome.before, outcome.after)
    return table


def start_table(outcome: StartOutcome) -> Table:
    """The figures of the second story."""
    table = _table(f"catalog, which needs {outcome.needed_seconds:.0f} s before it listens")
    table.add_row("ready after", _never_up(outcome), f"{outcome.ready_after_seconds:.0f} s")
    _add_sides(table, outcome.before, outcome.after)
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    table.add_column("before", justify="right")
    table.add_column("after", justify="right")
    return table


def _add_sides(table: Table, before: Side, after: Side) -> None:
    for row in zip(_SIDE_ROWS, _side_figures(before), _side_figures(after), strict=True):
        table.add_row(*row)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in before.probes or probe in after.probes:
            table.add_row(probe, describe(before.probes.get(probe)), describe(after.probes.get(probe)))


def describe(probe: Mapping[str, Any] | None) -> str:
    """A probe in a line: its check, and the settings that decide when it acts, with Kubernetes' defaults."""
    if probe is None:
        return "none"
    check = probe.get("httpGet", {}).get("path", "?")
    timeout, period, failures = (probe.get(name, default) for name, default in _DEFAULTS.items())
    return f"{check} each {period} s, timeout {timeout} s, {failures} failures"


def _never_up(outcome: StartOutcome) -> str:
    lived = outcome.longest_life_seconds
    if lived is None or lived >= outcome.needed_seconds:
        return "-"
    return f"never: restarted after {lived:.0f} s at the latest"


def _load_figures(report: LoadReport) -> tuple[str, ...]:
    latencies = (_milliseconds(report.p50_seconds), _milliseconds(report.p99_seconds))
    return (str(report.answered), str(report.failures), f"{report.answered_per_second:.1f}", *latencies)


def _side_figures(side: Side) -> tuple[str, ...]:
    return (str(side.restarts), str(side.kills), str(side.false_restarts))


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"
