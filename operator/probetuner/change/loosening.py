"""Which probes a change gave more time: what was loosened is not tightened again as soon as the trouble rests."""

from collections.abc import Mapping, Sequence

from probetuner.change.patch import entries_of
from probetuner.change.record import Change
from probetuner.model.probe import ProbeType

_DAY_SECONDS = 86400.0
_PATIENCE = frozenset({"timeoutSeconds", "failureThreshold", "periodSeconds"})


def loosened_lately(changes: Sequence[Change], *, now: float) -> frozenset[tuple[str, ProbeType]]:
    """The containers and probes that got more time within a day by a change that stands."""
    standing = [change for change in changes if not change.is_gone and now - change.decided_at < _DAY_SECONDS]
    return frozenset(
        (str(entry.get("name")), kind)
        for change in standing
        for entry in entries_of(change.patch)
        for kind in ProbeType
        if is_loosened(change, str(entry.get("name")), kind)
    )


def is_loosened(change: Change, container: str, kind: ProbeType) -> bool:
    """Whether all that the change does to that probe is to give it more time."""
    old, new = (
        next((entry.get(kind.field) for entry in entries_of(side) if entry.get("name") == container), None)
        for side in (change.undo, change.patch)
    )
    if not isinstance(old, Mapping) or not isinstance(new, Mapping) or not new:
        return False
    return all(name in _PATIENCE and isinstance(old.get(name), int) and old[name] <= new[name] for name in new)
