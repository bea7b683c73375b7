"""The result of a load for people: a table of its steps, and what they show in sentences."""

import sys

from rich.console import Console
from rich.table import Table

from probetuner.loadtest.judge import StepResult
from probetuner.loadtest.result import Result, seconds, sentences
from probetuner.model.probe import ProbeType

_WIDTH_OF_LOGS = 120
_COLUMNS = ("at a time", "answered", "failed", "answered/s", "median", "90 %", "99 %")
_IMPACT = ("liveness failed", "readiness failed", "kills", "fewest ready")


def write_table(result: Result) -> None:
    """Write it to standard output."""
    out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_LOGS)
    out.print(_table(result))
    for sentence in sentences(result):
        out.print(sentence, markup=False, soft_wrap=not sys.stdout.isatty())


def _table(result: Result) -> Table:
    ref = result.ref
    title = f"{ref.kind!s} {ref.name} in namespace {ref.namespace}, GET {result.plan.urls[0]}"
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in (*_COLUMNS, *_IMPACT):
        table.add_column(name, justify="right")
    for step in result.verdict.steps:
        table.add_row(*_row(step, pods=len(result.pods)))
    return table


def _row(step: StepResult, *, pods: int) -> tuple[str, ...]:
    figures, latency = step.figures, step.figures.latency
    took = ("-",) * 3 if latency is None else tuple(map(seconds, (latency.p50, latency.p90, latency.p99)))
    return (
        str(figures.concurrency),
        str(figures.answered),
        str(figures.failures),
        f"{figures.answered_per_second:.1f}",
        *took,
        _failed(step, ProbeType.LIVENESS),
        _failed(step, ProbeType.READINESS),
        str(step.kills),
        f"{step.fewest_ready} of {pods}",
    )


def _failed(step: StepResult, kind: ProbeType) -> str:
    """How often probes of that kind failed, all containers together, and how many of these were lies."""
    failing = [found for key, found in step.probes.items() if key.probe is kind]
    failed, lying = sum(found.failed for found in failing), sum(found.lying for found in failing)
    return f"{failed} ({lying} lies)" if failed else "0"
