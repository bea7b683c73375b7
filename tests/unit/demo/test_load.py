"""The load of a story: what is asked of `probetuner loadtest`, and what is made of its answers."""

import json
import threading
from pathlib import Path

import pytest

from demo import load
from demo.cluster import DemoError
from demo.load import Load, LoadReport, parse_report, run_load
from demo.stage import StoppedError
from unit.demo.test_stage import stage

LOAD = Load(path="/1", clients=10, requests=1000, seconds=60)
STEP = {
    "concurrency": 10,
    "seconds": 50.5,
    "answered": 980,
    "failed": {"refused": 15, "reset": 5},
    "latencySeconds": {"p50": 0.52, "p90": 0.9, "p99": 1.21, "max": 1.5},
}
REPORT = LoadReport(
    clients=10, seconds=50.5, answered=980, failed={"refused": 15, "reset": 5}, p50_seconds=0.52, p99_seconds=1.21
)


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Have this shell script in the place of probetuner."""
    script = folder / "probetuner"
    script.write_text("\n".join(["#!/bin/sh", *lines]))
    script.chmod(0o755)
    monkeypatch.setattr(load, "_PROGRAM", script)


def test_answered_and_failed_are_taken_apart() -> None:
    """The figures are those of the only step; without an answer there is no latency."""
    assert parse_report({"steps": [STEP]}) == REPORT
    assert parse_report({"steps": [{**STEP, "latencySeconds": None}]}).p50_seconds is None


@pytest.mark.parametrize("code", [0, 1])
def test_a_load_that_was_sent_gives_its_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Exit code 1 says that probes lied, which is what a story is about; the load is agreed to beforehand."""
    program(
        tmp_path, monkeypatch, f"echo $@ > {tmp_path}/told", f"echo '{json.dumps({'steps': [STEP]})}'", f"exit {code}"
    )

    assert run_load(stage(tmp_path), LOAD) == REPORT
    assert "loadtest deployment/rng --path /1 -c 10 -r 1000" in (tmp_path / "told").read_text()
    assert "--yes" in (tmp_path / "told").read_text().split()


def test_a_load_that_cannot_be_sent_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command told is the error."""
    program(tmp_path, monkeypatch, "echo no such workload >&2", "exit 2")

    with pytest.raises(DemoError, match="no such workload"):
        run_load(stage(tmp_path), LOAD)


def test_a_story_that_is_stopped_ends_its_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is asked to clean up, and waited for."""
    program(
        tmp_path,
        monkeypatch,
        "sleep 60 & slept=$!",
        f"trap 'kill $slept; echo cleaned > {tmp_path}/end; exit 2' TERM",
        f"touch {tmp_path}/began; wait",
    )

    class WhenItRuns(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            """Look again soon, and stop the story once the command runs."""
            return super().wait(min(0.01, timeout or 0.01)) or (tmp_path / "began").exists()

    with pytest.raises(StoppedError):
        run_load(stage(tmp_path, stop=WhenItRuns()), LOAD)
    assert (tmp_path / "end").read_text() == "cleaned\n"
