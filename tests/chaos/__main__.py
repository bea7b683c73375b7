"""`python -m chaos [--cycles N] [--seed N]`: the fault suite, on a real cluster of its own.

It ends with the counts, and with 1 if any promise was broken, or the cycles were not done in time.
"""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

from chaos.play import Play
from lab import Lab


def main() -> None:
    """Play, print, and exit."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--cycles", type=int, default=200, help="cycles of apply, verify and roll back to go through")
    parser.add_argument("--slots", type=int, default=22, help="workloads side by side")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="of what breaks when")
    parser.add_argument("--most-seconds", type=float, default=2400.0, help="when to give up")
    given = parser.parse_args()
    lab = Lab(os.environ.get("PROBETUNER_LAB", "chaos"))
    lab.up()
    try:
        folder = Path(mkdtemp(prefix="chaos-"))
        broken = Play(lab, folder, slots=given.slots, seed=given.seed).run(
            cycles=given.cycles, most_seconds=given.most_seconds
        )
    finally:
        if not os.environ.get("PROBETUNER_KEEP_LAB"):
            lab.down()
    if broken:
        print(f"chaos: what the operators logged is in {folder}")
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
