"""The tables of the outcomes, for people and for docs/after.md."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import yaml

from after.play import Outcome
from gym.document import table

_FIGURES = ("scenario", "found", "answered", "failed", "kills", "seconds without endpoint", "after is")
_CHANGES = ("scenario", "what runs", "the recommended patch")


def write_tables(outcomes: Sequence[Outcome]) -> str:
    """What was measured, each figure before and after in each play, and what was patched in between."""
    figures = table(_FIGURES, [list(_figures(outcome)) for outcome in outcomes])
    changes = [[f"`{outcome.scenario.name}`", outcome.scenario.story, _patch(outcome)] for outcome in outcomes]
    return f"{figures}\n\n{table(_CHANGES, changes)}"


def _figures(outcome: Outcome) -> Iterator[str]:
    yield f"`{outcome.scenario.name}`"
    yield ", ".join(outcome.advice.findings) if outcome.advice else ""
    plays = list(zip_longest(outcome.before, outcome.after))
    for name in ("answered", "failed", "kills", "seconds_without_endpoint"):
        yield "; ".join(" → ".join(f"{getattr(side, name):.0f}" for side in play if side) for play in plays)
    yield _verdict(outcome)


def _verdict(outcome: Outcome) -> str:
    """In a word or two; the figures say the rest."""
    if outcome.problem:
        return "not known"
    if not outcome.after:
        return "as before: no patch"
    return "**worse**" if outcome.worse else "no worse"


def _patch(outcome: Outcome) -> str:
    """What changes of the pod and of its one container, as a line of YAML; or what is left to a person."""
    if outcome.advice is None:
        return ""
    if not outcome.advice.patch:
        return ": ".join(("none", *filter(None, [", ".join(outcome.advice.actions)])))
    pod: Mapping[str, Any] = outcome.advice.patch["spec"]["template"]["spec"]
    changes = {name: value for name, value in pod.items() if name != "containers"}
    for container in pod.get("containers", ()):
        changes |= {name: value for name, value in container.items() if name != "name"}
    written = yaml.safe_dump(changes, default_flow_style=True, sort_keys=False, width=10_000)
    return f"`{written.strip()}`"
