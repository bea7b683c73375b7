"""`python -m gym [--regimes quick|whole] [--shaping] [--write FILE]`: every policy under every regime, as tables."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from gym import broad, report, reporting, shaping
from gym.document import put
from gym.regimes import REGIMES
from gym.score import recommended, score_all

SEED = "report-14"
"""No rule was shaped or changed after looking at it; who has changed one after looking takes the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many cases of each family, and how many healthy cases in which nothing may be recommended, per regime."""

    cases: int
    healthy: int


SIZES = {"quick": Size(cases=1, healthy=12), "whole": Size(cases=8, healthy=60)}


def main() -> None:
    """Run the cases and print the tables, or write them into the document that is named."""
    parser = argparse.ArgumentParser(prog="gym", description=__doc__)
    parser.add_argument("--regimes", choices=SIZES, default="whole", help="quick takes minutes, whole up to an hour")
    parser.add_argument(
        "--shaping", action="store_true", help="the families for shaping the tuner, not the reported ones"
    )
    parser.add_argument("--seed", help=f"what decides the cases; {SEED} for those that are reported")
    parser.add_argument("--rules", default="the working tree", help="whose rules these are, as the tables say it")
    parser.add_argument("--write", type=Path, help="a document with the marks of the tables")
    given = parser.parse_args()
    families, healthy, seed = reporting.FAMILIES, reporting.HEALTHY, SEED
    if given.shaping:
        families, healthy, seed = (*shaping.FAMILIES, *broad.FAMILIES), shaping.HEALTHY, "shape"
    for mark, text in _tables(families, healthy, SIZES[given.regimes], given.seed or seed, given.rules).items():
        if given.write:
            put(given.write, mark, text)
        else:
            print(f"{text}\n")


def _tables(
    families: tuple[shaping.Family, ...], healthy: tuple[shaping.Family, ...], size: Size, seed: str, rules: str
) -> dict[str, str]:
    calm = shaping.draw(healthy, healthy, count=-(-size.healthy // len(healthy)), seed=f"{seed}-healthy")
    advised = recommended(calm, REGIMES)
    scores = score_all(shaping.draw(families, healthy, count=size.cases, seed=seed), REGIMES)
    return {
        "gym-run": (
            f"Rules of {rules}; seed `{seed}`; {size.cases} of each of {len(families)} families and {len(calm)} "
            "healthy cases under each regime."
        ),
        "gym-regimes": report.regimes(scores, len(calm), advised),
        "gym-policies": report.policies(scores),
        "gym-parts": report.parts(scores),
        "gym-families": report.families(scores),
        "gym-findings": report.findings(scores),
        "gym-harm": report.harm(scores),
    }


if __name__ == "__main__":
    main()
