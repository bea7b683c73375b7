"""`python -m bench`: manifests through `probetuner analyze` and through kube-score, start-up included."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.kube_score import VERSION, kube_score
from bench.manifests import write_manifests
from bench.processes import Side, compare
from bench.releases import write_releases
from lab.errors import LabError


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What both are given, how often, and the ratio of the medians that must not be exceeded."""

    name: str
    write: Callable[[Path], Sequence[Path]]
    rounds: int
    most: float


LOADS = (
    Load(name="1,000 small files", write=lambda folder: write_manifests(folder, count=1000), rounds=9, most=1.0),
    Load(name="one release of 2 MB", write=lambda folder: write_releases(folder, count=1), rounds=9, most=1.0),
    Load(name="twelve releases", write=lambda folder: write_releases(folder, count=12), rounds=5, most=0.6),
)


def main() -> int:
    """Print both sides and their ratio for each load; the exit code is 1 when a ratio is exceeded."""
    probetuner = str(Path(sys.executable).with_name("probetuner"))
    table = Table("", "probetuner", f"kube-score {VERSION}", "ratio", "at most", title="Seconds on the clock (of CPU)")
    exceeded = False
    for load in LOADS:
        with tempfile.TemporaryDirectory() as folder:
            paths = [str(path) for path in load.write(Path(folder))]
            ours, theirs = compare(
                [probetuner, "analyze", *paths], [str(kube_score()), "score", *paths], rounds=load.rounds
            )
        ratio = ours.clock_seconds / theirs.clock_seconds
        exceeded |= ratio > load.most
        table.add_row(load.name, _seconds(ours), _seconds(theirs), f"{ratio:.2f}", f"{load.most:.1f}")
    Console().print(table)
    return int(exceeded)


def _seconds(side: Side) -> str:
    return f"{side.clock_seconds:.2f} ({side.cpu_seconds:.2f})"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"bench: {error}")
