"""The log of changes that stands in a ProbePolicy's status, newest first.

An entry is written before its patch is sent, so whatever happens to the operator in between, the next one can tell
from the live workload whether it was carried out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from probetuner.change.times import from_text, to_text
from probetuner.change.warrant import field_problem
from probetuner.tuning.figures import Figures

KEPT_ENTRIES = 10
MOST_PATCH_CHARACTERS = 65536
"""The maxLength of a patch in the schema of ProbePolicy: what cannot be written down is not done."""

MOST_ENTRY_BYTES = 128 * 1024
"""How much of the status one change may take, so that the latest always fits into its budget (`change.budget`)."""


class Outcome(StrEnum):
    """The three verdicts on a change."""

    KEPT = "Kept"
    ROLLED_BACK = "RolledBack"
    INCONCLUSIVE = "Inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a workload; times are epoch seconds.

    `applied_at` is when the live workload was first seen to carry it, `undone_at` when a rollback was seen to have
    stuck, `reverted_at` when somebody else was seen to have put the old values back (or, after a rollback, the new
    ones). `approved` is whether a person asked for exactly this change, which includes that it is judged and undone.
    `generation` is the workload's when it was last decided to send the patch, or the undo: what was sent then made the
    next one (`was_overwritten`). None in entries of old. `patch` and `undo` are empty where the status had no room for
    them any more, which happens only to a change that is settled and not the latest.
    """

    id: str
    summary: str
    decided_at: float
    patch: Mapping[str, Any]
    undo: Mapping[str, Any]
    before: Figures
    after: Figures | None = None
    applied_at: float | None = None
    verdict: Outcome | None = None
    verdict_at: float | None = None
    undone_at: float | None = None
    reverted_at: float | None = None
    reason: str = ""
    approved: bool = False
    generation: int | None = None

    @property
    def pending(self) -> bool:
        """Whether there is no verdict yet."""
        return self.verdict is None

    @property
    def was_dropped(self) -> bool:
        """Whether it was given up before the workload ever carried it."""
        return self.verdict is not None and self.applied_at is None

    @property
    def to_be_undone(self) -> bool:
        """Whether it was judged worse and the old values are not yet seen to be back."""
        return self.verdict is Outcome.ROLLED_BACK and self.undone_at is None and self.reverted_at is None

    @property
    def is_carried(self) -> bool:
        """Whether the workload was seen to carry it, and nothing tells that it does not any more."""
        return self.applied_at is not None and not self.is_gone

    @property
    def is_gone(self) -> bool:
        """Whether the workload no longer carries it, or never did."""
        return self.was_dropped or self.undone_at is not None or self.reverted_at is not None

    @property
    def last_touched_at(self) -> float:
        """When the workload was last changed for it, or by somebody else against it."""
        return max(at for at in (self.decided_at, self.undone_at, self.reverted_at) if at is not None)

    def was_overwritten(self, generation: int) -> bool:
        """Whether what was sent must be taken to have arrived and to be gone again, by the workload's generation now.

        A patch is valid for one resourceVersion: it makes the very next generation, or none. Whoever undoes it makes
        one more.
        """
        return self.generation is not None and generation >= self.generation + 2

    @property
    def fits(self) -> bool:
        """Whether its patches can be written down."""
        longest = max(len(_write_patch(self.patch)), len(_write_patch(self.undo)))
        return longest <= MOST_PATCH_CHARACTERS and len(json.dumps(write_change(self))) <= MOST_ENTRY_BYTES


def read_changes(status: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes in a status, newest first; an entry that is none of ours, or cannot be read, is left out."""
    return tuple(change for change in map(_read, _entries(status)) if change is not None)


def count_unread(status: Mapping[str, Any]) -> int:
    """How many entries of the log in a status are left out: others than the operator can write statuses too."""
    return len(_entries(status)) - len(read_changes(status))


def _entries(status: Mapping[str, Any]) -> list[Any]:
    entries = status.get("history")
    return entries if isinstance(entries, list) else []


def write_change(change: Change) -> dict[str, Any]:
    """The change as an entry of status.history."""
    entry: dict[str, Any] = {
        "id": change.id,
        "summary": change.summary[:_SUMMARY_CHARACTERS],
        **{name: _write_patch(body) for name, body in (("patch", change.patch), ("undo", change.undo)) if body},
        "before": write_figures(change.before),
    }
    if change.after is not None:
        entry["after"] = write_figures(change.after)
    for name, at in _times(change).items():
        if at is not None:
            entry[name] = to_text(at)
    if change.verdict is not None:
        entry["verdict"] = change.verdict.value
    if change.reason:
        entry["reason"] = change.reason
    if change.approved:
        entry["approved"] = True
    if change.generation is not None:
        entry["observedGeneration"] = change.generation
    return entry


def _write_patch(patch: Mapping[str, Any]) -> str:
    return json.dumps(patch, sort_keys=True)


def write_figures(figures: Figures) -> dict[str, Any]:
    """Figures as they stand in a status; what is unknown is left out."""
    values = {
        "observedSeconds": None if figures.observed_seconds is None else round(figures.observed_seconds),
        "restarts": figures.restarts,
        "falseRestarts": figures.false_restarts,
        "flaps": figures.flaps,
        "unreadySeconds": None if figures.unready_seconds is None else round(figures.unready_seconds),
        "detectionSeconds": figures.detection_seconds,
        "zombies": figures.zombies,
    }
    return {name: value for name, value in values.items() if value is not None}


def _times(change: Change) -> dict[str, float | None]:
    return {
        "decidedAt": change.decided_at,
        "appliedAt": change.applied_at,
        "verdictAt": change.verdict_at,
        "undoneAt": change.undone_at,
        "revertedAt": change.reverted_at,
    }


def _read(entry: object) -> Change | None:
    if not isinstance(entry, Mapping):
        return None
    decided_at, patch, undo = from_text(entry.get("decidedAt")), _read_patch(entry, "patch"), _read_patch(entry, "undo")
    if decided_at is None or patch is None or undo is None:
        return None
    verdict, generation = entry.get("verdict"), entry.get("observedGeneration")
    change = Change(
        id=str(entry.get("id")),
        summary=str(entry.get("summary", "")),
        decided_at=decided_at,
        patch=patch,
        undo=undo,
        before=_read_figures(entry.get("before")) or Figures(),
        after=_read_figures(entry.get("after")),
        applied_at=from_text(entry.get("appliedAt")),
        verdict=_OUTCOMES.get(verdict) if isinstance(verdict, str) else None,
        verdict_at=from_text(entry.get("verdictAt")),
        undone_at=from_text(entry.get("undoneAt")),
        reverted_at=from_text(entry.get("revertedAt")),
        reason=str(entry.get("reason", "")),
        approved=entry.get("approved") is True,
        generation=generation if isinstance(generation, int) else None,
    )
    is_settled = not change.pending and not change.to_be_undone
    return change if is_settled or (change.patch and change.undo) else None


def _read_patch(entry: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """The patch of that name, empty where the entry has none; None where it is none of ours."""
    if name not in entry:
        return {}
    try:
        patch = json.loads(entry[name])
    except (TypeError, ValueError, RecursionError):
        return None
    return patch if field_problem(patch) is None else None


def _read_figures(raw: object) -> Figures | None:
    if not isinstance(raw, Mapping):
        return None
    return Figures(
        observed_seconds=raw.get("observedSeconds"),
        restarts=raw.get("restarts"),
        false_restarts=raw.get("falseRestarts"),
        flaps=raw.get("flaps"),
        unready_seconds=raw.get("unreadySeconds"),
        detection_seconds=raw.get("detectionSeconds"),
        zombies=raw.get("zombies"),
    )


_SUMMARY_CHARACTERS = 256
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
