"""node-disturbance: flips that are the node's doing and say nothing about the probes."""

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.wording import several
from probetuner.history.record import READY_FLAG_FELL, Disturbance

_STRENGTH = 0.7
_BEFORE_SECONDS, _AFTER_SECONDS = 60.0, 600.0
"""A kubelet that comes back may set the flag long after the node was found to be away."""


def disturbed(case: Case) -> tuple[Disturbance, ...]:
    """The disturbances of a node around which a ready flag fell by no probe's doing."""
    fell = [note for note in case.history.disturbances if note.reason == READY_FLAG_FELL]
    return tuple(
        note
        for note in case.history.disturbances
        if note.reason != READY_FLAG_FELL
        and any(
            other.pod_uid == note.pod_uid and -_BEFORE_SECONDS <= other.at - note.at <= _AFTER_SECONDS for other in fell
        )
    )


def find(case: Case) -> Finding | None:
    """Report trouble of a node that took pods out of their Services."""
    notes = disturbed(case)
    if not notes:
        return None
    nodes = sorted({note.node for note in notes})
    pods = len({note.pod_uid for note in notes})
    return Finding(
        name=FindingName.NODE_DISTURBANCE,
        container=case.container.name,
        severity=Severity.INFO,
        confidence=from_repeats(len(notes), strength=_STRENGTH),
        samples=len(notes),
        evidence=(
            f"{several(pods, 'pod')} on {', '.join(nodes)} became unready while no probe failed",
            f"reasons: {', '.join(sorted({note.reason for note in notes}))}",
        ),
        explanation="The node or its kubelet was away; the probes have nothing to do with it. Look at the node.",
    )
