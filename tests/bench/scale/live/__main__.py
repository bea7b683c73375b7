"""`python -m bench.scale.live`: fleets in a real API server, under the operator and the VPA recommender at once."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.scale.fleet import Fleet
from bench.scale.live.play import CALM, START, STORM, Played, Side, play
from bench.scale.live.recommender import VERSION
from bench.scale.live.requests import WRITES
from gym.document import put, table
from lab.versions import chosen

_PODS_EACH, _PODS_PER_NODE = 10, 100
_SIZES = (1_000, 10_000)
_CALM_AT_SECONDS = 720.0
"""Whatever slows down in calm has done so by then: the operator does after ten minutes."""


def main(arguments: Sequence[str]) -> int:
    """Print the table, and write it where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.live", description=__doc__)
    parser.add_argument("--pods", type=int, nargs="+", default=_SIZES, help="how many; a hundred are on each node")
    parser.add_argument(
        "--calm-at", type=float, default=_CALM_AT_SECONDS, help="when the calm minute begins, in seconds"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the programs' logs and the audit log there")
    parser.add_argument("--write", type=Path, metavar="DOCUMENT", help="put the table into it, too")
    given = parser.parse_args(arguments)
    played: dict[int, Played] = {}
    for pods in given.pods:
        played[pods] = _played(pods, given)
        # After each of them, so that what was measured stays where a larger one cannot be.
        text = _text(played, calm_at=given.calm_at)
        print(text, flush=True)
        if given.write:
            put(given.write, "bench-scale", text)
    return 0


def _played(pods: int, given: argparse.Namespace) -> Played:
    fleet = Fleet(workloads=pods // _PODS_EACH, nodes=-(-pods // _PODS_PER_NODE), pods_each=_PODS_EACH)
    if given.keep:
        folder = (given.keep / str(pods)).resolve()
        folder.mkdir(parents=True)
        return play(fleet, folder, calm_at=given.calm_at)
    with tempfile.TemporaryDirectory() as temporary:
        return play(fleet, Path(temporary), calm_at=given.calm_at)


def _text(played: Mapping[int, Played], *, calm_at: float) -> str:
    header = ["", *(name for pods in played for name in (f"{pods:,} pods: probetuner", "recommender"))]
    rows = [[row, *(cell for one in played.values() for cell in cells(one))] for row, cells in _ROWS]
    minute = int(calm_at // 60) + 1
    versions = f"VPA recommender {VERSION}, Kubernetes {chosen()}"
    return f"{table(header, rows)}\n\n{versions}, {os.cpu_count()} processors; calm is minute {minute} after the start."


def _both(of: Callable[[Side], str]) -> Callable[[Played], tuple[str, str]]:
    return lambda one: (of(one.ours), of(one.theirs))


def _ours(of: Callable[[Played], str]) -> Callable[[Played], tuple[str, str]]:
    return lambda one: (of(one), "")


def _cpu(stretch: str) -> Callable[[Side], str]:
    return lambda side: f"{side.stretches[stretch].cpu:.1f}"


def _requests(stretch: str) -> Callable[[Side], str]:
    return lambda side: ", ".join(f"{verb} {count}" for verb, count in sorted(side.stretches[stretch].requests.items()))


def _writes(side: Side) -> str:
    return str(sum(side.stretches[CALM].requests.get(verb, 0) for verb in WRITES))


def _spread(seconds: Sequence[float], *shares: float) -> str:
    ordered = sorted(seconds)
    return ", ".join(f"{ordered[int(share * (len(ordered) - 1))]:.0f}" for share in shares) if ordered else "-"


_ROWS: tuple[tuple[str, Callable[[Played], tuple[str, str]]], ...] = (
    ("CPU in the first minute (s a minute)", _both(_cpu(START))),
    ("CPU in calm", _both(_cpu(CALM))),
    ("CPU in the storm", _both(_cpu(STORM))),
    ("peak of memory (MiB)", _both(lambda side: f"{side.peak_mib:.0f}")),
    ("start to ready (s)", _ours(lambda one: f"{one.ready_seconds:.1f}")),
    ("start to an object's first status: median, last (s)", _both(lambda side: _spread(side.first, 0.5, 1.0))),
    ("objects with a status", _both(lambda side: str(len(side.first)))),
    ("requests in the first minute", _both(_requests(START))),
    ("requests in the calm minute", _both(_requests(CALM))),
    ("writes among these, without Leases", _both(_writes)),
    ("requests in the storm (3 min)", _both(_requests(STORM))),
    ("first failure to advice: p50, p99 (s)", _ours(lambda one: _spread(one.advised_after, 0.5, 0.99))),
    ("without advice", _ours(lambda one: str(one.unadvised))),
    ("scrapes skipped", _ours(lambda one: str(one.skipped_scrapes))),
)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
