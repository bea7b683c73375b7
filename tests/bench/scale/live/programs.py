"""The two programs as processes beside the API server, and what they have used, by /proc."""

import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.scale.live.recommender import PROGRAM, recommender
from bench.scale.live.server import OPERATOR, RECOMMENDER, Server, free_ports, started

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs, as the user of the API server that it is; `port` is where its own pages are."""

    user: str
    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """Seconds of CPU so far, in user and system mode together."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / _TICKS

    def peak_mib(self) -> float:
        """How much memory it has held at most, in MiB. Raises RuntimeError when it has ended."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        if found is None:
            raise RuntimeError(f"{self.user} ended before it was measured; --keep keeps its log")
        return int(found.group(1)) / 1024

    def page(self, path: str) -> str:
        """One of its pages, empty where it is not answered with 200."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=_PAGE_SECONDS) as answer:
                return str(answer.read().decode())
        except (OSError, urllib.error.HTTPError):
            return ""

    def metric(self, name: str) -> float:
        """The value of one of its metrics that has no labels, 0 where it is not there."""
        lines = (line.partition(" ") for line in self.page("/metrics").splitlines())
        return next((float(value) for found, _, value in lines if found == name), 0.0)


@contextmanager
def programs(server: Server) -> Iterator[tuple[Program, Program]]:
    """Run the operator and the VPA recommender, as they are set without further ado."""
    ours, theirs = free_ports(2)
    probetuner = [
        str(Path(sys.executable).with_name("probetuner")),
        "run",
        f"--http-port={ours}",
        "--log-format=json",
    ]
    beside = [
        f"{recommender() / PROGRAM}",
        f"--kubeconfig={server.kubeconfig(RECOMMENDER)}",
        f"--address=127.0.0.1:{theirs}",
    ]
    environment = {**os.environ, "KUBECONFIG": str(server.kubeconfig(OPERATOR))}
    with (
        started(probetuner, server.folder / "operator.log", environment=environment) as operator,
        started(beside, server.folder / "recommender.log") as other,
    ):
        yield Program(OPERATOR, operator.pid, ours), Program(RECOMMENDER, other.pid, theirs)
