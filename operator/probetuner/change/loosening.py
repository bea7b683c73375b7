"""Which probes a change gave more time: what was loosened is not tightened again as soon as the trouble rests."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from probetuner.change.patch import entries_of
from probetuner.change.record import Change
from probetuner.model.container import Container
from probetuner.model.probe import Probe, ProbeType

_DAY_SECONDS = 86400.0
_PATIENCE = frozenset({"timeoutSeconds", "failureThreshold", "periodSeconds"})
_NUMBERS = _PATIENCE | {"initialDelaySeconds"}


def loosened_lately(
    changes: Sequence[Change], containers: Sequence[Container], *, now: float
) -> frozenset[tuple[str, ProbeType]]:
    """The containers and probes that got more time within a day by a change that stands.

    `containers` are as they are now, `now` is epoch seconds.
    """
    standing = [change for change in changes if not change.is_gone and now - change.decided_at < _DAY_SECONDS]
    return frozenset(
        (container.name, kind)
        for change in standing
        for container in containers
        for kind in ProbeType
        if is_loosened(change, container, kind)
    )


def is_loosened(change: Change, container: Container, kind: ProbeType) -> bool:
    """Whether all that the change does to that probe is to give it more time: for each answer, and in all.

    A shorter period takes none as long as more failures make up for it, and an initial delay is no patience with what
    has come up. What the change leaves alone is taken to be as it is in `container`.
    """
    live, old, new = container.probe(kind), *(_entry(side, container, kind) for side in (change.undo, change.patch))
    if live is None or not old or not new:
        return False
    changed = old.keys() | new.keys()
    if not changed <= _NUMBERS or changed.isdisjoint(_PATIENCE):
        return False
    if not all(isinstance(number, int) for number in (*old.values(), *new.values())):
        return False  # Somebody edited the status.
    before, after = _numbers(live, old), _numbers(live, new)
    return before.timeout_seconds <= after.timeout_seconds and before.borne_seconds <= after.borne_seconds


def _entry(patch: Mapping[str, Any], container: Container, kind: ProbeType) -> Mapping[str, Any] | None:
    found = next((entry.get(kind.field) for entry in entries_of(patch) if entry.get("name") == container.name), None)
    return found if isinstance(found, Mapping) else None


def _numbers(live: Probe, fields: Mapping[str, Any]) -> Probe:
    """The probe with these numbers."""
    return replace(
        live,
        period_seconds=fields.get("periodSeconds", live.period_seconds),
        timeout_seconds=fields.get("timeoutSeconds", live.timeout_seconds),
        failure_threshold=fields.get("failureThreshold", live.failure_threshold),
    )
