"""detection-too-slow, grace-too-long and missing-liveness: lock-ups that last longer than the objective."""

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.flapping import follows_queue
from probetuner.diagnosis.load import overrun, queue_is_proved
from probetuner.diagnosis.lockup import killed_in_lockup, lockups_without_liveness
from probetuner.diagnosis.pauses import lasted_seconds, lone_pauses
from probetuner.diagnosis.silence import silent_kills
from probetuner.diagnosis.throttling import throttled_minutes
from probetuner.diagnosis.wording import several
from probetuner.diagnosis.working import working_seconds

_STRENGTH = 0.6
_NOTABLE_GRACE_SECONDS = 15.0
_WHOLE_SHARE = 0.9
_SEVERAL = 2
_LONG_ENOUGH_SECONDS = 1800.0
"""Loosening may follow few observations; a probe is tightened only after it was watched for long."""
_NOTABLE_SHARE = 0.002
"""Availability is lost by what a lock-up lasts until it is noticed over what passes between two (MTTR over MTBF)."""


def find_slow_detection(case: Case) -> Finding | None:
    """Report probes that find real lock-ups later than the objectives, or so late that users feel each of them."""
    count = silences(case)
    slow = [sentence for sentence in (_slow_liveness(case), _slow_readiness(case)) if sentence]
    if not slow:
        return None
    return Finding(
        name=FindingName.DETECTION_TOO_SLOW,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(count, strength=_STRENGTH),
        samples=count,
        evidence=(f"{several(count, 'replica')} fell silent", *slow),
        explanation=(
            "The application does fall silent. Until readiness notices, users are sent to the silent replica; until "
            "liveness does, one that is stuck stays away."
        ),
    )


def silences(case: Case) -> int:
    """How often a replica fell silent, for good or for a while."""
    return len(silent_kills(case)) + len(lockups_without_liveness(case)) + len(lone_pauses(case))


def seconds_sent_to_silence(case: Case, detection_seconds: float) -> float:
    """How long users are sent to silent replicas if readiness takes that long; a pause may be over sooner."""
    pauses = [min(lasted_seconds(case, run), detection_seconds) for run in lone_pauses(case)]
    return (silences(case) - len(pauses)) * detection_seconds + sum(pauses)


def _slow_liveness(case: Case) -> str | None:
    probe, objective = case.container.liveness, case.objectives.liveness_detection_seconds
    if probe is None or probe.detection_seconds <= objective or not killed_in_lockup(case):
        return None
    return f"liveness takes up to {probe.detection_seconds} s to find one, the objective is {objective} s"


def _slow_readiness(case: Case) -> str | None:
    """Users are sent to a silent replica until readiness notices: what they lose is how often times how long.

    Where load was seen to make answers late, a quicker readiness probe would follow it: nothing is said.
    """
    probe, objective = case.container.readiness, case.objectives.readiness_detection_seconds
    if probe is None or case.replicas <= 1 or case.exposed is False or silences(case) < _SEVERAL:
        return None
    loaded = overrun(case) or queue_is_proved(case) or follows_queue(case)
    if case.observed_seconds < _LONG_ENOUGH_SECONDS or throttled_minutes(case) or loaded:
        return None
    sent = seconds_sent_to_silence(case, probe.detection_seconds)
    lost = sent / (sent + working_seconds(case) * case.replicas)
    if probe.detection_seconds <= objective and lost < _NOTABLE_SHARE:
        return None
    return (
        f"readiness takes up to {probe.detection_seconds} s to find one, the objective is {objective} s; "
        f"that may have sent users to a silent replica for {lost:.2%} of the time in which replicas work"
    )


def long_graces(case: Case) -> tuple[float, ...]:
    """How long locked-up containers took to end after the kill was announced, where that was the whole grace period."""
    least = max(_NOTABLE_GRACE_SECONDS, _WHOLE_SHARE * case.liveness_grace_seconds)
    waits = (life.stop_seconds for life in killed_in_lockup(case))
    return tuple(wait for wait in waits if wait is not None and wait >= least)


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
