"""The verdict on a change, from what its own pods did.

Only pods of templates that were first seen after the change was decided count. The verdict comes as soon as the
evidence is enough: that the trouble came back and the new probes bore it, or that it got worse.
"""

from dataclasses import dataclass

from probetuner.change.evidence import borne, parts_of
from probetuner.change.record import Change, Outcome
from probetuner.diagnosis.case import Case
from probetuner.history.record import UnreadySpell, WorkloadHistory
from probetuner.model.workload import Workload
from probetuner.tuning.figures import Figures, measure

_SETTLING_SECONDS = 30.0
_FLAPS = 3
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
    proofs, complete = _proofs(change, cases, settled_at=settled_at)
    late = now - settled_at >= verify_seconds
    if proofs and not after.false_restarts and (complete or late):
        return Verdict(outcome=Outcome.KEPT, reason="; ".join(proofs), after=after)
    if not late:
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
    if after.false_restarts and _per_second(after.false_restarts, after) >= _per_second(before.false_restarts, before):
        return (
            f"{after.false_restarts} false restarts in {after.observed_seconds or 0:.0f} s, as often as before or more"
        )
    if after.flaps and after.flaps >= _FLAPS and _per_second(after.flaps, after) > _per_second(before.flaps, before):
        return f"{after.flaps} flaps in {after.observed_seconds or 0:.0f} s, more often than before"
    if workload.rollout.desired > 1 and any(_all_out_at_once(case) for case in cases):
        return "readiness took every replica out of the Service at once"
    return None


def _per_second(count: int | None, figures: Figures) -> float:
    return (count or 0) / max(1.0, figures.observed_seconds or 0.0)


def _all_out_at_once(case: Case) -> bool:
    """Whether at some moment as many pods as are wanted were held unready by the probe."""
    end = case.history.last_seen_at
    return any(
        len({other.pod_uid for other in case.history.unready if _covers(other, spell.started_at, end)}) >= case.replicas
        for spell in case.history.unready
    )


def _covers(spell: UnreadySpell, at: float, end: float) -> bool:
    return spell.started_at <= at < (spell.ended_at or end + 1.0)


def _proofs(change: Change, cases: tuple[Case, ...], *, settled_at: float) -> tuple[tuple[str, ...], bool]:
    """What proves that the change helped, and whether every part of it is proved."""
    proofs = [borne(part) for part in parts_of(change, cases, settled_at=settled_at)]
    return tuple(dict.fromkeys(filter(None, proofs))), bool(proofs) and None not in proofs
