"""`python -m bench`: 1,000 manifests through `probetuner analyze` and through kube-score, start-up included."""

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.kube_score import VERSION, kube_score
from bench.manifests import write_manifests
from bench.processes import Side, compare
from lab.errors import LabError

_MANIFESTS, _ROUNDS = 1000, 15


def main() -> int:
    """Print both sides and their ratio; the exit code is 1 when probetuner takes longer."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(path) for path in write_manifests(Path(folder), count=_MANIFESTS)]
        probetuner = str(Path(sys.executable).with_name("probetuner"))
        ours, theirs = compare([probetuner, "analyze", *paths], [str(kube_score()), "score", *paths], rounds=_ROUNDS)
    Console().print(_table(ours, theirs))
    return int(ours.clock_seconds > theirs.clock_seconds)


def _table(ours: Side, theirs: Side) -> Table:
    table = Table("", "seconds", "seconds of CPU", title=f"{_MANIFESTS} manifests, median of {_ROUNDS} runs in turn")
    for name, side in (("probetuner analyze", ours), (f"kube-score {VERSION}", theirs)):
        table.add_row(name, f"{side.clock_seconds:.2f}", f"{side.cpu_seconds:.2f}")
    clock, cpu = ours.clock_seconds / theirs.clock_seconds, ours.cpu_seconds / theirs.cpu_seconds
    table.add_row("ratio", f"{clock:.2f}", f"{cpu:.2f}")
    return table


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"bench: {error}")
