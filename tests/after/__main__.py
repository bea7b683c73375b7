"""`python -m after [NAME…]`: play workloads in trouble before and after the recommended patch, on a lab of its own.

It ends with a table, and with 1 if anything got worse by more than the margin, with 2 if something could not be played.
"""

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from after.document import write_tables
from after.play import SIDE_BY_SIDE, play_all
from after.scenarios import SCENARIOS
from demo import namespaces
from demo.cluster import of_lab
from gym.document import put
from lab import Lab


def main() -> None:
    """Play, print, and exit."""
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(prog="after", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*names, []], help=f"of {', '.join(names)}")
    parser.add_argument("--write", type=Path, metavar="DOCUMENT", help="put the table into it, too")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the recordings there, for `analyze`")
    parser.add_argument("--same", action="store_true", help="patch nothing: what chance makes of the same thing twice")
    given = parser.parse_args()
    if given.write and given.names:
        parser.error("--write wants all scenarios: a table of some of them would hide the others")
    chosen = [scenario for scenario in SCENARIOS if scenario.name in given.names or not given.names]
    lab = Lab(os.environ.get("PROBETUNER_LAB", "after"))
    lab.up()
    with ExitStack() as stack:
        if not os.environ.get("PROBETUNER_KEEP_LAB"):
            stack.callback(lab.down)
        folder = given.keep or Path(stack.enter_context(TemporaryDirectory(prefix="after-")))
        cluster = of_lab(lab)
        namespaces.remove_all(cluster)
        print(f"after: {len(chosen)} scenarios, up to {SIDE_BY_SIDE} side by side", flush=True)
        outcomes = play_all(cluster, chosen, folder=folder, same=given.same)
        version = json.loads(cluster.kubectl("version", "--output=json"))["serverVersion"]["gitVersion"]
    text = (
        f"{write_tables(outcomes)}\n\nKubernetes {version}, {os.cpu_count()} processors, {SIDE_BY_SIDE} side by side."
    )
    print(text)
    if given.write:
        put(given.write, "same" if given.same else "after", text)
    for outcome in outcomes:
        for sentence in (*outcome.worse, *filter(None, [outcome.problem])):
            print(f"after: {outcome.scenario.name}: {sentence}")
    if any(outcome.problem for outcome in outcomes):
        sys.exit(2)
    sys.exit(1 if any(outcome.worse for outcome in outcomes) else 0)


if __name__ == "__main__":
    main()
