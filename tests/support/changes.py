"""Changes that stand in the log of a ProbePolicy, without regard to what was recommended for what reason."""

from typing import Any

from probetuner.change.patch import build_patch
from probetuner.change.record import Change, Outcome, write_change
from probetuner.model.workload import parse_workload
from probetuner.tuning.figures import Figures
from probetuner.tuning.recommendation import Probes
from support.facts import T0
from support.workloads import Json, deployment

BEFORE = Figures(observed_seconds=600.0, false_restarts=6, flaps=0, unready_seconds=300.0, detection_seconds=31)


def log(*changes: Change) -> Json:
    """The status in which these changes stand, newest first."""
    return {"history": [write_change(change) for change in changes]}


def made(
    old: Json,
    new: Json,
    *,
    at: float,
    identity: str = "earlier",
    verdict: Outcome | None = None,
    before: Figures = BEFORE,
    undone_at: float | None = None,
    reverted_at: float | None = None,
) -> Change:
    """A change from one container to another of the same name, decided and seen on the workload at that time."""
    patch, undo = between(old, new), between(new, old)
    return Change(
        id=identity,
        summary="a change",
        decided_at=T0 + at,
        patch=patch,
        undo=undo,
        before=before,
        applied_at=T0 + at,
        verdict=verdict,
        verdict_at=None if verdict is None else T0 + at,
        undone_at=None if undone_at is None else T0 + undone_at,
        reverted_at=None if reverted_at is None else T0 + reverted_at,
    )


def between(old: Json, new: Json) -> dict[str, Any]:
    """The patch that leads from one container to another."""
    before, after = parse_workload(deployment(old)), parse_workload(deployment(new))
    patch = build_patch(
        before,
        old={c.name: Probes(liveness=c.liveness, readiness=c.readiness, startup=c.startup) for c in before.containers},
        new={c.name: Probes(liveness=c.liveness, readiness=c.readiness, startup=c.startup) for c in after.containers},
    )
    assert patch is not None
    return patch
