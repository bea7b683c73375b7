"""What a rollback has proved: the probes that made things worse are not recommended again.

The log of changes in the status is what remembers it, so it holds for as long as the entry does, and as long as the
workload has the probes that the change began from.
"""

from collections.abc import Sequence

from probetuner.change.patch import entries_of, patched
from probetuner.change.record import Change, Outcome
from probetuner.change.times import to_text
from probetuner.model.container import Container
from probetuner.model.probe import Probe, ProbeType

Refuted = tuple[str, ProbeType, Probe | None]
"""A container, the kind of a probe, and what must not become of it again: None is no probe."""


def refuted(changes: Sequence[Change], containers: Sequence[Container]) -> frozenset[Refuted]:
    """What changes that were rolled back had made of the probes of these containers, as they are now."""
    found = {container.name: container for container in containers}
    return frozenset(
        (container.name, kind, patched(container.probe(kind), entry[kind.field]))
        for change in rolled_back(changes)
        for entry in entries_of(change.patch)
        if (container := found.get(str(entry.get("name")))) is not None
        for kind in ProbeType
        if kind.field in entry
    )


def rolled_back(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes that were tried and judged worse."""
    return tuple(
        change for change in changes if change.verdict is Outcome.ROLLED_BACK and change.applied_at is not None
    )


def in_words(changes: Sequence[Change]) -> str:
    """What was rolled back, when and why, the latest first; empty where nothing was."""
    told = [
        f"{change.summary} was tried and rolled back at {to_text(change.verdict_at or change.decided_at)} "
        f"({change.reason}), and is not recommended again"
        for change in rolled_back(changes)
    ]
    return "; ".join(told)
