"""Two commands measured side by side as whole processes, turn by turn, so that both meet the same neighbours."""

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a command: seconds on the clock, and seconds of CPU in user and system mode together."""

    clock_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """All runs of one command."""

    runs: tuple[Run, ...]

    @property
    def clock_seconds(self) -> float:
        """The median time on the clock."""
        return statistics.median(run.clock_seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        """The median time of CPU."""
        return statistics.median(run.cpu_seconds for run in self.runs)


def compare(ours: Sequence[str], theirs: Sequence[str], *, rounds: int) -> tuple[Side, Side]:
    """Run the two commands in turn, each once before it counts; 0 and 1 are the exit codes of linters that worked."""
    for command in (ours, theirs):
        _measure(command)
    pairs = [(_measure(ours), _measure(theirs)) for _ in range(rounds)]
    return Side(runs=tuple(our for our, _ in pairs)), Side(runs=tuple(their for _, their in pairs))


def _measure(command: Sequence[str]) -> Run:
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - began
    if process.returncode not in {0, 1}:
        raise RuntimeError(f"{command[0]} ended with exit code {process.returncode}")
    return Run(clock_seconds=took, cpu_seconds=usage.ru_utime + usage.ru_stime)
