"""Who has the operator begin no change: whatever was begun goes on, and is undone where it made things worse."""

from enum import StrEnum

PAUSED_ANNOTATION = "probetuner.dev/paused"


class PausedBy(StrEnum):
    """Where it was said that no change may begin; the workload's own annotation is one of them."""

    CHART = "Chart"
    LEASE = "Lease"
    NAMESPACE = "Namespace"
    WORKLOAD = "Workload"


def says_paused(word: str | None) -> bool:
    """Whether the annotation says so. A word that is neither true nor false never means more than the user meant."""
    return word not in (None, "false")
