"""When the demonstration may say that it showed a cure."""

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from demo.load import LoadReport
from demo.outcome import PressureOutcome, Side, StartOutcome, shortcomings
from demo.table import pressure_table, start_table

PROBE = {"httpGet": {"path": "/1", "port": "http"}}
ILL = Side(restarts=4, kills=3, false_restarts=2, probes={"livenessProbe": PROBE})
WELL = Side(restarts=0, kills=0, false_restarts=0, probes={"readinessProbe": {**PROBE, "timeoutSeconds": 7}})
BAD_LOAD = LoadReport(
    clients=30, seconds=90.0, answered=1673, failed={"refused": 162, "reset": 20}, p50_seconds=1.281, p99_seconds=3.129
)
GOOD_LOAD = LoadReport(clients=30, seconds=90.0, answered=1716, p50_seconds=1.573, p99_seconds=3.126)
PRESSURE = PressureOutcome(
    before=ILL,
    after=WELL,
    load_before=BAD_LOAD,
    load_after=GOOD_LOAD,
    load_fourfold=replace(GOOD_LOAD, clients=120, failed={"timeout": 3}),
    load="probetuner loadtest deployment/rng -c 30",
    verdict="Kept",
    reason="",
    patched_under_load=False,
)
START = StartOutcome(
    before=ILL,
    after=WELL,
    needed_seconds=45.0,
    longest_life_seconds=36.0,
    ready_after_seconds=47.0,
    verdict="Kept",
    reason="",
)


def test_a_cure_has_no_shortcomings() -> None:
    """Kills, false restarts and failures before, none of them after, and the verdict Kept: that is a cure."""
    assert [] == shortcomings(PRESSURE) == shortcomings(START)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"before": replace(ILL, kills=0)}, "no container was killed"),
        ({"before": replace(ILL, false_restarts=0)}, "found no restart"),
        ({"after": replace(WELL, restarts=1)}, "still restarted"),
        ({"after": replace(WELL, kills=1)}, "killed for a probe"),
        ({"after": replace(WELL, false_restarts=1)}, "still found false restarts"),
        ({"verdict": "RolledBack"}, "RolledBack"),
        ({"verdict": "Inconclusive"}, "Inconclusive"),
    ],
)
def test_each_missing_piece_is_named(change: dict[str, Any], word: str) -> None:
    """Neither story shows a cure when the trouble was not there before, or is there after."""
    for outcome in (replace(PRESSURE, **change), replace(START, **change)):
        found = shortcomings(outcome)

        assert len(found) == 1
        assert word in found[0]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"load_before": replace(BAD_LOAD, failed={})}, "no request failed"),
        ({"load_after": replace(GOOD_LOAD, failed={"refused": 1})}, "still failed"),
        ({"load_after": replace(GOOD_LOAD, answered=0)}, "no request was answered"),
        ({"load_fourfold": replace(GOOD_LOAD, clients=120, answered=0)}, "of 120 clients none was answered"),
    ],
)
def test_the_loads_must_tell_the_same(change: dict[str, Any], word: str) -> None:
    """Requests must have failed before and none after."""
    found = shortcomings(replace(PRESSURE, **change))

    assert len(found) == 1
    assert word in found[0]


def rendered(table: object) -> str:
    """The table as text."""
    console = Console(file=StringIO(), width=200)
    console.print(table)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def row(text: str, name: str) -> list[str]:
    """The cells of the row of that name."""
    line = next(line for line in text.splitlines() if name in line)
    return [cell.strip() for cell in line.strip("│").split("│")][1:]


def test_the_table_shows_what_was_measured() -> None:
    """Every figure stands in its own row, before against after; what counts restarts is of both loads after."""
    text = rendered(pressure_table(PRESSURE))

    assert "then 120 clients" in text
    assert row(text, "requests answered") == ["1673", "1716", "1716"]
    assert row(text, "requests failed") == ["182", "0", "3"]
    assert row(text, "container restarts") == ["4", "0", ""]
    assert row(text, "kills for a probe") == ["3", "0", ""]
    assert row(text, "false restarts") == ["2", "0", ""]
    assert row(text, "latency of answers, median") == ["1281 ms", "1573 ms", "1573 ms"]
    assert row(text, "readinessProbe") == ["none", "/1 each 10 s, timeout 7 s, 3 failures", ""]


def test_a_start_that_was_given_its_time_is_not_said_to_have_failed() -> None:
    """`never` is said only when every life before the change was shorter than the start needs."""
    assert row(rendered(start_table(START)), "ready after")[0] == "never: restarted after 36 s at the latest"
    assert row(rendered(start_table(replace(START, longest_life_seconds=50.0))), "ready after")[0] == "-"
