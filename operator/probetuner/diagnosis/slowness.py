"""detection-too-slow, grace-too-long and missing-liveness: lock-ups that last longer than the objective."""

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.lockup import killed_in_lockup, lockups_without_liveness
from probetuner.diagnosis.wording import several

_STRENGTH = 0.6
_NOTABLE_GRACE_SECONDS = 15.0
_WHOLE_SHARE = 0.9


def find_slow_detection(case: Case) -> Finding | None:
    """Report a liveness probe that finds real lock-ups, but later than the objective."""
    probe, kills = case.container.liveness, killed_in_lockup(case)
    objective = case.objectives.liveness_detection_seconds
    if probe is None or not kills or probe.detection_seconds <= objective:
        return None
    return Finding(
        name=FindingName.DETECTION_TOO_SLOW,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(len(kills), strength=_STRENGTH),
        samples=len(kills),
        evidence=(
            f"{several(len(kills), 'lock-up')} seen",
            f"finding one takes up to {probe.detection_seconds} s, the objective is {objective} s",
        ),
        explanation="The application does lock up, and the probe takes longer to notice than you asked for.",
    )


def long_graces(case: Case) -> tuple[float, ...]:
    """How long locked-up containers took to end after the kill was announced, where that was the whole grace period."""
    probe = case.container.liveness
    grace = (probe.termination_grace_period_seconds if probe else None) or case.workload.grace_seconds
    return tuple(
        life.ended_at - life.kill_announced_at
        for life in killed_in_lockup(case)
        if life.ended_at is not None
        and life.kill_announced_at is not None
        and life.ended_at - life.kill_announced_at >= max(_NOTABLE_GRACE_SECONDS, _WHOLE_SHARE * grace)
    )


def find_long_grace(case: Case) -> Finding | None:
    """Report a grace period that a locked-up container uses up to no end."""
    probe, waits = case.container.liveness, long_graces(case)
    if probe is None or not waits:
        return None
    objective = case.objectives.liveness_detection_seconds
    if probe.detection_seconds + max(waits) <= objective:
        return None
    return Finding(
        name=FindingName.GRACE_TOO_LONG,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(len(waits), strength=_STRENGTH),
        samples=len(waits),
        evidence=(
            f"{several(len(waits), 'locked-up container')} took up to {max(waits):.0f} s to be ended after the kill",
            f"with {probe.detection_seconds} s to notice, that is over the objective of {objective} s",
        ),
        explanation=(
            "A stuck process does not stop when asked; the whole terminationGracePeriodSeconds passes before it is "
            "ended. A shorter one can be set on the liveness probe alone (KEP-2238)."
        ),
    )


def find_missing_liveness(case: Case) -> Finding | None:
    """Report the lack of a liveness probe where a lock-up shows that it matters."""
    runs = lockups_without_liveness(case)
    if not runs:
        return None
    return Finding(
        name=FindingName.MISSING_LIVENESS,
        container=case.container.name,
        severity=Severity.INFO,
        confidence=from_repeats(len(runs), strength=_STRENGTH),
        samples=len(runs),
        evidence=("the container locks up and has no liveness probe",),
        explanation="Most containers need no liveness probe; this one does, since it stops answering for good.",
    )
