"""Conditions as `metav1.Condition` has them: the time changes only when the status does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from probetuner.change.times import to_text


class ConditionType(StrEnum):
    """The conditions of a ProbePolicy; `kubectl wait --for=condition=…` works on each."""

    OBSERVING = "Observing"
    COUNTERS_AVAILABLE = "CountersAvailable"
    RECOMMENDATION_READY = "RecommendationReady"
    LOW_CONFIDENCE = "LowConfidence"
    APPLIED = "Applied"
    VERIFIED = "Verified"
    CONFLICT = "Conflict"
    REVERTED_BY_OTHER = "RevertedByOther"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition; `holds` is None for Unknown."""

    type: ConditionType
    holds: bool | None
    reason: str
    message: str = ""


def write_conditions(
    conditions: Iterable[Condition], *, previous: object, generation: int, now: float
) -> list[dict[str, Any]]:
    """The conditions as they stand in a status; *previous* is the list that stands there now."""
    old = {
        entry.get("type"): entry
        for entry in (previous if isinstance(previous, list) else ())
        if isinstance(entry, Mapping)
    }
    return [_write(condition, old.get(condition.type.value), generation, now) for condition in conditions]


def _write(condition: Condition, old: Mapping[str, Any] | None, generation: int, now: float) -> dict[str, Any]:
    status = {True: "True", False: "False", None: "Unknown"}[condition.holds]
    unchanged = old is not None and old.get("status") == status
    return {
        "type": condition.type.value,
        "status": status,
        "reason": condition.reason,
        "message": condition.message[:_MESSAGE_CHARACTERS],
        "lastTransitionTime": old["lastTransitionTime"] if old and unchanged else to_text(now),
        "observedGeneration": generation,
    }


_MESSAGE_CHARACTERS = 1024
