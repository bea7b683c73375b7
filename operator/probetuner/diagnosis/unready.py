"""unready-for-good: replicas that readiness has kept out for very long, while nothing ends it."""

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.fault import Fault, fault_of, in_words
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.lockup import lockups_without_liveness
from probetuner.diagnosis.rates import out_since
from probetuner.diagnosis.wording import several
from probetuner.history.life import Life
from probetuner.history.trial import at_least
from probetuner.model.probe import ProbeType

_STRENGTH = 0.8
_VERY_LONG_SECONDS = 1800.0
"""Three times as long as a rollout waits for a replica (progressDeadlineSeconds): nobody expects it any more."""


@once
def out_for_good(case: Case) -> dict[str, float]:
    """For each replica that has been out for very long the seconds; not those that fell silent, with nothing to end it.

    Where nobody listens, or what is asked for is not there, in a pod that never was ready, the handler may be wrong.
    """
    stuck = {run.pod_uid for run in lockups_without_liveness(case)}
    found = {}
    for life in case.history.lives:
        since = out_since(case, life.pod_uid)
        if life.ended_at is not None or life.ending is not None or since is None or life.pod_uid in stuck:
            continue
        lasts = case.history.last_seen_at - max(since, life.started_at)
        if lasts >= _VERY_LONG_SECONDS and _says_no(case, life):
            found[life.pod_uid] = lasts
    return found


def _says_no(case: Case, life: Life) -> bool:
    """Whether readiness fails there now, by an answer, or in any way where it had passed before."""
    if not life.tally(ProbeType.READINESS).failed:
        return False
    return fault_of(case, ProbeType.READINESS) is Fault.ANSWER or life.pod_was_ready is not False


def find(case: Case) -> Finding | None:
    """Report replicas that stay out and are not ended."""
    out = out_for_good(case)
    if case.container.readiness is None or not out:
        return None
    others = len({life.pod_uid for life in case.history.lives if life.ended_at is None} - out.keys())
    liveness = case.container.liveness
    return Finding(
        name=FindingName.UNREADY_FOR_GOOD,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(len(out), strength=_STRENGTH),
        samples=len(out),
        evidence=(
            f"{several(len(out), 'replica')} out for {at_least(int(max(out.values())))} s or more, {others} not so",
            in_words(case, ProbeType.READINESS),
            "there is no liveness probe" if liveness is None else f"liveness ({liveness.handler}) restarts nothing",
        ),
        explanation=(
            "The application says that it is not ready, and that does not pass; the probe is right. See what it says "
            "of itself, and what it calls. Nothing restarts it; whether a restart cures it, one will show."
        ),
    )
