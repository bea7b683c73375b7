"""The verdict on a change, from what its own pods did.

Only pods that were made since the change was decided count (`trial`). The verdict comes as soon as the
evidence is enough: that the trouble came back and the new probes bore it, or that it got worse.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import comb
from typing import Any

from probetuner.change.evidence import Part, borne, parts_of
from probetuner.change.loosening import is_loosened
from probetuner.change.patch import entries_of
from probetuner.change.reaped import still_leaking, zombie_proofs
from probetuner.change.record import Change, Outcome
from probetuner.change.trial import fresh_cases
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.flapping import emptied_seconds, empties_service, flapping_seconds
from probetuner.diagnosis.load import overrun
from probetuner.diagnosis.lockup import lockups_without_liveness
from probetuner.diagnosis.slowness import seconds_sent_to_silence
from probetuner.diagnosis.wording import several
from probetuner.history.record import WorkloadHistory
from probetuner.model.container import Container
from probetuner.model.probe import ProbeType
from probetuner.model.workload import Workload
from probetuner.tuning.figures import Figures, measure

_SETTLING_SECONDS = 30.0
_ROLLOUT_SECONDS = 600.0
"""A Deployment's default progressDeadlineSeconds, which counts from the last progress too (deployment_util.go)."""
_FLAPS = 3
_CHANCE = 0.15
_DETECTING = ("period_seconds", "timeout_seconds", "failure_threshold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement on a change, with the figures it rests on and the reason in a sentence."""

    outcome: Outcome
    reason: str
    after: Figures


def judge(
    change: Change, workload: Workload, history: WorkloadHistory, *, verify_seconds: float, now: float
) -> Verdict | None:
    """Give the verdict, None while there is not enough to judge by and time left to wait. `now` is epoch seconds."""
    cases = fresh_cases(change, workload, history)
    after = measure(cases)
    applied_at = now if change.applied_at is None else change.applied_at
    started_at = _started_at(cases, since=applied_at)
    worse = _failed_rollout(workload, applied_at, started_at, now=now) or _worse(change, cases, after, workload)
    if worse:
        return Verdict(outcome=Outcome.ROLLED_BACK, reason=worse, after=after)
    if _is_replacing(workload):
        return None
    # New pods that keep coming must not put the verdict off for ever.
    late = now - min(started_at, applied_at + _ROLLOUT_SECONDS) >= max(verify_seconds, _SETTLING_SECONDS)
    settled = workload.rollout.complete and now - started_at >= _SETTLING_SECONDS
    proofs, complete = _proofs(change, cases, settled_at=started_at)
    if settled and proofs and not after.false_restarts and (complete or late):
        return Verdict(outcome=Outcome.KEPT, reason="; ".join(proofs), after=after)
    return _without_proof(workload, cases, after, verify_seconds) if late else None


def _without_proof(workload: Workload, cases: tuple[Case, ...], after: Figures, verify_seconds: float) -> Verdict:
    """The verdict when the time is up."""
    silent = _never_answered(cases)
    if silent and not workload.rollout.complete:
        reason = f"{several(silent, 'new replica')} never answered a probe"
        return Verdict(outcome=Outcome.ROLLED_BACK, reason=reason, after=after)
    reason = f"nothing happened in {verify_seconds:.0f} s to judge the change by; it stays"
    if after.false_restarts:
        reason = f"{several(after.false_restarts, 'false restart')} still came, fewer than before; the change stays"
    return Verdict(outcome=Outcome.INCONCLUSIVE, reason=reason, after=after)


def _never_answered(cases: tuple[Case, ...]) -> int:
    lives = [life for case in cases for life in case.history.lives]
    answered = {life.pod_uid for life in lives if life.answered_at is not None}
    return len({life.pod_uid for life in lives if life.ending is None} - answered)


def _started_at(cases: tuple[Case, ...], *, since: float) -> float:
    """When the last of the new pods started."""
    return max((life.started_at for case in cases for life in case.history.lives if not life.restarts), default=since)


def _failed_rollout(workload: Workload, applied_at: float, started_at: float, *, now: float) -> str | None:
    """Say that the rollout failed, if it did.

    A Deployment's status may still tell of the rollout before, until its controller has looked at the new template.
    Other kinds never say that they failed: it shows in that pods remain to be replaced and nothing moves.
    """
    rollout = workload.rollout
    if rollout.failed and rollout.observed and now - applied_at >= _SETTLING_SECONDS:
        return "the rollout of the change failed"
    still = now - max(applied_at, started_at)
    if _is_replacing(workload) and not workload.paused and still >= _ROLLOUT_SECONDS:
        return f"the rollout of the change did not move for {_ROLLOUT_SECONDS:.0f} s"
    return None


def _is_replacing(workload: Workload) -> bool:
    """Whether pods of older templates remain; one that is only not available may be so for other reasons."""
    rollout = workload.rollout
    return not rollout.observed or rollout.updated < rollout.desired or rollout.total > rollout.updated


def _worse(change: Change, cases: tuple[Case, ...], after: Figures, workload: Workload) -> str | None:
    """Say in what the change made it worse, if it did."""
    before, seconds = change.before, after.observed_seconds or 0.0
    if _restarts_wrongly(change, after):
        return f"{several(after.false_restarts or 0, 'false restart')} in {seconds:.0f} s, more often than before"
    stricter = [case for case in cases if _is_stricter(change, case.container)]
    more_flaps = (after.flaps or 0) >= _FLAPS and more_often(after.flaps, after, before.flaps, before)
    flapping = sum(map(flapping_seconds, cases))
    outweighed = (
        _flaps_instead(change, after) or _is_ready_longer(after, before) or _found_seconds(change, cases) > flapping
    )
    if stricter and more_flaps and not outweighed:
        return f"{after.flaps} flaps in {seconds:.0f} s, more often than before"
    if still_leaking(change, after):
        return f"{after.zombies} zombies in {after.observed_seconds or 0:.0f} s, so the change did not stop them"
    left = [case for case in cases if _takes_liveness(change, case.container.name)]
    stuck = sum(len(lockups_without_liveness(case)) for case in left)
    if stuck and not _is_ready_longer(after, before):
        return f"{several(stuck, 'replica')} fell silent for good, and no liveness probe restarts them any more"
    desired = workload.rollout.desired
    emptied = desired > 1 and any(map(empties_service, stricter))
    outweighed = _was_emptier(after, before, replicas=desired) or _is_relieved(change, after)
    if emptied and not outweighed and not _finds_more_than_it_empties(change, cases):
        return "readiness took every replica out of the Service at once"
    return None


def _flaps_instead(change: Change, after: Figures) -> bool:
    """Whether flaps came in place of false restarts: who rests where it was restarted before is out as well."""
    before = change.before
    mistakes, earlier = ((figures.flaps or 0) + (figures.false_restarts or 0) for figures in (after, before))
    return _restarts_less(change, after) and not more_often(mistakes, after, earlier, before)


def _restarts_wrongly(change: Change, after: Figures) -> bool:
    """Whether more was restarted without need than before, and not for more good.

    What restarts no more often may only be understood better. A probe that begins to restart stuck replicas restarts
    a paused one now and then; what counts is for how long they were away in all.
    """
    before = change.before
    if not more_often(after.false_restarts, after, before.false_restarts, before):
        return False
    if before.restarts is not None and not more_often(after.restarts, after, before.restarts, before):
        return False
    return before.detection_seconds is not None or not _is_ready_longer(after, before)


def _is_stricter(change: Change, container: Container) -> bool:
    """Whether the change made the container's readiness probe, or altered it in more than giving it time."""
    kind = ProbeType.READINESS
    return container.name in _changes(change, kind) and not is_loosened(change, container, kind)


def _takes_liveness(change: Change, container: str) -> bool:
    """Whether the change removes the container's liveness probe: a patch says so with null."""
    field = ProbeType.LIVENESS.field
    return any(
        entry.get("name") == container and field in entry and entry[field] is None for entry in entries_of(change.patch)
    )


def _finds_more_than_it_empties(change: Change, cases: tuple[Case, ...]) -> bool:
    """Whether it kept users from silent replicas for longer than all replicas were out, where load is not proved.

    What is silent under load answers late, and is not found but lost.
    """
    emptied = sum(emptied_seconds(case) * case.replicas for case in cases)
    return not any(map(overrun, cases)) and _found_seconds(change, cases) > emptied


def _found_seconds(change: Change, cases: tuple[Case, ...]) -> float:
    """For how long quicker readiness kept users from silent replicas."""
    parts = parts_of(change, cases, settled_at=0.0)
    return sum(_saved_seconds(part) for part in parts if part.kind is ProbeType.READINESS)


def _saved_seconds(part: Part) -> float:
    probe = part.case.container.readiness
    if probe is None:
        return 0.0
    numbers: dict[str, Any] = {name: part.before(name) for name in _DETECTING}
    before, after = replace(probe, **numbers).detection_seconds, probe.detection_seconds
    return seconds_sent_to_silence(part.case, before) - seconds_sent_to_silence(part.case, after)


def _changes(change: Change, kind: ProbeType) -> Collection[str]:
    """The containers of which the change sets that probe, or takes it away."""
    return {str(entry.get("name")) for entry in entries_of(change.patch) if kind.field in entry}


def _is_ready_longer(after: Figures, before: Figures) -> bool:
    """Whether less time was lost than before, in all: a flap is shorter than the restart that it came for."""
    return _per_second(after.unready_seconds, after) < _per_second(before.unready_seconds, before)


def _is_relieved(change: Change, after: Figures) -> bool:
    """Whether liveness stays and restarts less without need, and replicas are away for less time in all."""
    return _restarts_less(change, after) and _is_ready_longer(after, change.before)


def _restarts_less(change: Change, after: Figures) -> bool:
    """Whether the change leaves liveness, with other numbers, that restart less without need."""
    before = change.before
    stays = any(not _takes_liveness(change, name) for name in _changes(change, ProbeType.LIVENESS))
    return stays and more_often(before.false_restarts, before, after.false_restarts, after)


def _was_emptier(after: Figures, before: Figures, *, replicas: int) -> bool:
    """Whether no replica was ready for longer before than can have been the case since.

    So many seconds of so few replicas overlap at least, however they fall, and at most. Nothing is said where there
    were false restarts: when what they restarted was back is a guess.
    """
    if before.false_restarts:
        return False
    at_least = _per_second(before.unready_seconds, before) - (replicas - 1)
    at_most = _per_second(after.unready_seconds, after) / replicas
    return at_least > at_most


def _per_second(count: float | None, figures: Figures) -> float:
    return (count or 0) / max(1.0, figures.observed_seconds or 0.0)


def more_often(count: int | None, figures: Figures, earlier: int | None, before: Figures) -> bool:
    """Whether that count, in its time, is more than chance makes of the earlier one in its own.

    Two Poisson rates, given their sum: the share of the later one is binomial (Przyborowski and Wilenski, 1940).
    """
    later, total = count or 0, (count or 0) + (earlier or 0)
    since, until = (max(1.0, each.observed_seconds or 0.0) for each in (figures, before))
    share = since / (since + until)
    by_chance = sum(comb(total, n) * share**n * (1.0 - share) ** (total - n) for n in range(later, total + 1))
    return later > 0 and by_chance <= _CHANCE


def _proofs(change: Change, cases: tuple[Case, ...], *, settled_at: float) -> tuple[tuple[str, ...], bool]:
    """What proves that the change helped, and whether every part of it is proved."""
    proofs = [borne(part) for part in parts_of(change, cases, settled_at=settled_at)] + zombie_proofs(change, cases)
    return tuple(dict.fromkeys(filter(None, proofs))), bool(proofs) and None not in proofs
