"""The verdict on a change, from what its own pods did.

Only pods of templates that were first seen after the change was decided count. The verdict comes as soon as the
evidence is enough: that the trouble came back and the new probes bore it, or that it got worse.
"""

from dataclasses import dataclass

from probetuner.change.record import Change, Outcome
from probetuner.diagnosis.case import Case
from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS
from probetuner.history.record import UnreadySpell, WorkloadHistory
from probetuner.model.probe import ProbeType, parse_probe
from probetuner.model.workload import Workload
from probetuner.tuning.figures import Figures, measure
from probetuner.tuning.recommendation import ActionName

_SETTLING_SECONDS = 30.0
_DECISION_GRAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement on a change, with the figures it rests on and the reason in a sentence."""

    outcome: Outcome
    reason: str
    after: Figures


def fresh_cases(change: Change, workload: Workload, history: WorkloadHistory) -> tuple[Case, ...]:
    """The containers with what is remembered of them since the change was rolled out."""
    return tuple(
        Case(workload=workload, container=container, history=entry)
        for container in workload.containers
        for entry in history.of(container.name)
        if entry.first_seen_at >= change.decided_at - _DECISION_GRAIN_SECONDS
    )


def judge(
    change: Change, workload: Workload, history: WorkloadHistory, *, verify_seconds: float, now: float
) -> Verdict | None:
    """Give the verdict, None while there is not enough to judge by and time left to wait. `now` is epoch seconds."""
    cases = fresh_cases(change, workload, history)
    after = measure(cases)
    if workload.rollout.failed:
        return Verdict(outcome=Outcome.ROLLED_BACK, reason="the rollout of the change failed", after=after)
    worse = _worse(change, cases, after, workload)
    if worse:
        return Verdict(outcome=Outcome.ROLLED_BACK, reason=worse, after=after)
    settled_at = _settled_at(cases)
    if not workload.rollout.complete or settled_at is None or now - settled_at < _SETTLING_SECONDS:
        return None
    borne = _borne(change, cases, settled_at=settled_at)
    if borne and not after.false_restarts:
        return Verdict(outcome=Outcome.KEPT, reason=borne, after=after)
    if now - settled_at < verify_seconds:
        return None
    reason = f"nothing happened in {verify_seconds:.0f} s to judge the change by; it stays"
    if after.false_restarts:
        reason = f"{after.false_restarts} false restarts still came, fewer than before; the change stays"
    return Verdict(outcome=Outcome.INCONCLUSIVE, reason=reason, after=after)


def _settled_at(cases: tuple[Case, ...]) -> float | None:
    """When the last of the new pods started."""
    return max((life.started_at for case in cases for life in case.history.lives if not life.restarts), default=None)


def _worse(change: Change, cases: tuple[Case, ...], after: Figures, workload: Workload) -> str | None:
    """Say in what the change made it worse, if it did."""
    before = change.before
    if after.false_restarts and _rate(after) >= _rate(before):
        return (
            f"{after.false_restarts} false restarts in {after.observed_seconds or 0:.0f} s, as often as before or more"
        )
    if workload.rollout.desired > 1 and any(_all_out_at_once(case) for case in cases):
        return "readiness took every replica out of the Service at once"
    return None


def _rate(figures: Figures) -> float:
    return (figures.false_restarts or 0) / max(1.0, figures.observed_seconds or 0.0)


def _all_out_at_once(case: Case) -> bool:
    """Whether at some moment as many pods as are wanted were held unready by the probe."""
    end = case.history.last_seen_at
    return any(
        len({other.pod_uid for other in case.history.unready if _covers(other, spell.started_at, end)}) >= case.replicas
        for spell in case.history.unready
    )


def _covers(spell: UnreadySpell, at: float, end: float) -> bool:
    return spell.started_at <= at < (spell.ended_at or end + 1.0)


def _borne(change: Change, cases: tuple[Case, ...], *, settled_at: float) -> str | None:
    """Say what the new probes bore that the old ones would not have; None until every part of the change has."""
    parts = [word.strip() for word in change.summary.split(",")]
    reasons = []
    for part in parts:
        if part == ActionName.ADD_STARTUP_PROBE or (part == ActionName.RAISE_FAILURE_THRESHOLD and len(parts) == 1):
            reasons.append(_starts_borne(cases))
        elif part in (ActionName.REPLACE_LIVENESS_WITH_READINESS, ActionName.RAISE_TIMEOUT):
            reasons.append(_slowness_borne(change, cases, settled_at=settled_at))
    return None if None in reasons or not reasons else "; ".join(filter(None, reasons))


def _starts_borne(cases: tuple[Case, ...]) -> str | None:
    lives = [life for case in cases for life in case.history.lives if life.ending is None]
    starts = [life.answered_at - life.started_at for life in lives if life.answered_at is not None]
    wanted = max((case.replicas for case in cases), default=0)
    if not starts or len(starts) < min(wanted, len(lives)) or any(life.answered_at is None for life in lives):
        return None
    return f"all {len(starts)} starts came up, the slowest after {max(starts):.0f} s, and none was killed"


def _slowness_borne(change: Change, cases: tuple[Case, ...], *, settled_at: float) -> str | None:
    slow = failed = 0
    timeout, threshold = _old_liveness(change)
    for case in cases:
        for minute in case.history.minutes:
            if minute.started_at + 60.0 < settled_at:
                continue
            for kind in (ProbeType.LIVENESS, ProbeType.READINESS):
                bounds = (0.0, *LATENCY_BOUNDS_SECONDS)
                counts = minute.latency.get(kind, ())
                slow += sum(count for lower, count in zip(bounds, counts, strict=False) if lower >= timeout)
                failed += minute.failed.get(kind, 0)
    if slow + failed < threshold:
        return None
    return (
        f"{slow + failed} attempts took longer than the {timeout} s that were allowed before, and nothing was restarted"
    )


def _old_liveness(change: Change) -> tuple[int, int]:
    """Timeout and threshold of the liveness probe that the change replaced."""
    spec = change.undo.get("spec", {}).get("template", {}).get("spec", {})
    for entry in spec.get("containers", ()):
        if entry.get("livenessProbe"):
            probe = parse_probe(
                {k: v for k, v in entry["livenessProbe"].items() if isinstance(v, int)}, place="status.history.undo"
            )
            return probe.timeout_seconds, probe.failure_threshold
    return 1, 3
