"""What the stories measured, and whether that shows a cure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demo.load import LoadReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a comparison: what became of the pods of the templates before, or after, the change.

    `restarts` are counted by the kubelet, `kills` are those it announced for a probe, `false_restarts` those of
    which probetuner says that they cured nothing. `probes` maps livenessProbe and its
    kin to their settings.
    """

    restarts: int
    kills: int
    false_restarts: int
    probes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PressureOutcome:
    """The same load before and after the change, and then four times as many clients, `load_fourfold`.

    `patched_under_load`: the change was rolled out before the first load ended.
    """

    before: Side
    after: Side
    load_before: LoadReport
    load_after: LoadReport
    load_fourfold: LoadReport
    load: str
    verdict: str
    reason: str
    patched_under_load: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOutcome:
    """A slow start before and after the change.

    In seconds: what a start needs, the longest life that ended before the change, and how long after its creation
    the new pod was ready.
    """

    before: Side
    after: Side
    needed_seconds: float
    longest_life_seconds: float | None
    ready_after_seconds: float
    verdict: str
    reason: str


def shortcomings(outcome: PressureOutcome | StartOutcome) -> list[str]:
    """What keeps the figures from showing a cure; nothing when they do."""
    found = [*_not_ill(outcome.before), *_not_cured(outcome.after)]
    if isinstance(outcome, PressureOutcome):
        found += _of_loads(outcome.load_before, outcome.load_after)
        if not outcome.load_fourfold.answered:
            found.append(f"after: of {outcome.load_fourfold.clients} clients none was answered")
    if outcome.verdict != "Kept":
        found.append(f"the verdict is {outcome.verdict or 'still open'}, not Kept")
    return found


def _not_ill(before: Side) -> Iterator[str]:
    if not before.kills:
        yield "before: no container was killed for a probe, so there was nothing to cure"
    if not before.false_restarts:
        yield "before: probetuner found no restart that cured nothing"


def _not_cured(after: Side) -> Iterator[str]:
    if after.restarts or after.kills:
        yield f"after: containers still restarted ({after.restarts}), {after.kills} of them killed for a probe"
    if after.false_restarts:
        yield f"after: probetuner still found false restarts ({after.false_restarts})"


def _of_loads(before: LoadReport, after: LoadReport) -> Iterator[str]:
    if not before.failures:
        yield "before: no request failed"
    if after.failures:
        yield f"after: requests still failed ({after.failures})"
    if not after.answered:
        yield "after: no request was answered"
