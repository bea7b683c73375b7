"""A bounded load of HTTP requests, sent with `probetuner loadtest`, as anybody would send it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from demo.cluster import DemoError
from demo.stage import Stage

_PROGRAM = Path(sys.executable).with_name("probetuner")
_SECONDS_BESIDE_THE_LOAD = 240
_SECONDS_TO_CLEAN_UP = 60
_WORKED = (0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """So many clients, each with one request at a time, until so many requests were sent or seconds passed."""

    path: str
    clients: int
    requests: int
    seconds: int

    def __str__(self) -> str:
        """The command, without the namespace."""
        return " ".join(["probetuner loadtest", *self.arguments("rng")])

    def arguments(self, workload: str) -> list[str]:
        """The arguments of the command; the load goes on whatever happens to the service, to show what happens."""
        bounds = ["-c", str(self.clients), "-r", str(self.requests), "--seconds", str(self.seconds)]
        endings = ["--abort-error-share", "1", "--no-abort-on-kill"]
        return [f"deployment/{workload}", "--path", self.path, *bounds, *endings]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What a load met. `failed` counts requests by the cause; latencies are of those that were answered."""

    clients: int
    seconds: float
    answered: int
    failed: Mapping[str, int] = field(default_factory=dict)
    p50_seconds: float | None
    p99_seconds: float | None

    @property
    def failures(self) -> int:
        """How many requests failed."""
        return sum(self.failed.values())

    @property
    def answered_per_second(self) -> float:
        """Requests that were answered well, per second of the load."""
        return self.answered / self.seconds if self.seconds else 0.0


def parse_report(document: Mapping[str, Any]) -> LoadReport:
    """Read what `probetuner loadtest -o json` printed of a load of one step."""
    (step,) = document["steps"]
    latency = step["latencySeconds"] or {}
    return LoadReport(
        clients=step["concurrency"],
        seconds=step["seconds"],
        answered=step["answered"],
        failed=step["failed"],
        p50_seconds=latency.get("p50"),
        p99_seconds=latency.get("p99"),
    )


def run_load(stage: Stage, load: Load) -> LoadReport:
    """Send the load to the stage's workload, and return its report. Raises DemoError when it does not end."""
    stage.say(f"load: {load}")
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as told:
        with _running(stage, load, printed, told) as process:
            stage.until(
                lambda _: process.poll() is not None or None,
                what=f"the end of the load of {load.clients} at a time",
                seconds=load.seconds + _SECONDS_BESIDE_THE_LOAD,
            )
        if process.returncode not in _WORKED:
            raise DemoError(f"the load could not be sent: {_text(told)}")
        report = parse_report(json.loads(_text(printed)))
    causes = "".join(f", {cause} {count}" for cause, count in report.failed.items())
    stage.say(f"the load ended: {report.answered} requests answered, {report.failures} failed{causes}")
    return report


@contextmanager
def _running(stage: Stage, load: Load, printed: IO[str], told: IO[str]) -> Iterator["subprocess.Popen[str]"]:
    """The command at work; when the story ends before it does, it is asked to clean up, and waited for."""
    image = f"--image={stage.cluster.operator_image}"
    where = [f"--namespace={stage.namespace}", image, "--yes", "--output=json"]
    with subprocess.Popen(  # noqa: S603 - our own program, with arguments of our own
        [_PROGRAM, "loadtest", *load.arguments(stage.workload), *where],
        env={**os.environ, **stage.cluster.environment},
        stdin=subprocess.DEVNULL,
        stdout=printed,
        stderr=told,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(_SECONDS_TO_CLEAN_UP)


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
