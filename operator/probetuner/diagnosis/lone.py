"""single-replica-readiness: with one replica readiness can only take the only backend away.

That is worth knowing, and no more: readiness also serves rollouts, `helm --wait` and whoever scales up later. It is
trouble where readiness was seen to take the only backend away while that worked.
"""

from probetuner.diagnosis.case import Case, once, slower_than
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.flapping import failed_in, passing_spells
from probetuner.diagnosis.wording import several
from probetuner.history.record import UnreadySpell
from probetuner.model.probe import ProbeType
from probetuner.model.workload import WorkloadKind

_CERTAIN = 0.99
_STRENGTH = 0.5
_SEEN_LATER_SECONDS = 30.0
"""How much later than an attempt ends the kubelet's counters tell of it: they are scraped each 10 s or so."""


def is_lone(case: Case) -> bool:
    """Whether readiness is asked of a replica that has no other beside it, and gets none by itself.

    An autoscaler may bring more, another workload may serve behind the same Service (a canary), and the pods of a
    DaemonSet are as many as the nodes. A readiness probe with a question of its own says what liveness does not.
    """
    liveness, readiness = case.container.liveness, case.container.readiness
    return (
        readiness is not None
        and (liveness is None or case.container.asks_the_same(liveness.handler, readiness.handler))
        and is_only_backend(case)
    )


def is_only_backend(case: Case) -> bool:
    """Whether no other pod is known, or may come by itself, that could take the traffic of this one."""
    workload = case.workload
    return (
        case.replicas == 1
        and not workload.autoscaled
        and not workload.accompanied
        and workload.ref.kind is not WorkloadKind.DAEMON_SET
    )


def find(case: Case) -> Finding | None:
    """Say that readiness gains nothing for a single replica; warn where it was seen to cost its users."""
    if not is_lone(case):
        return None
    taken = taken_away(case)
    seconds = sum((spell.ended_at or spell.started_at) - spell.started_at for spell in taken)
    seen = (
        f"{several(len(taken), 'time')} it took the only backend away, for {seconds:.0f} s in all, while liveness got "
        "an answer to the same question, only later"
    )
    return Finding(
        name=FindingName.SINGLE_REPLICA_READINESS,
        container=case.container.name,
        severity=Severity.WARNING if taken else Severity.INFO,
        confidence=from_repeats(len(taken), strength=_STRENGTH) if taken else _CERTAIN,
        samples=len(taken) or 1,
        evidence=(
            "1 replica is wanted, and it has a readiness probe",
            *((seen,) if taken else ()),
            _what_a_rollout_loses(case),
        ),
        explanation=(
            "While readiness fails there is no other replica to take the traffic: all that it can do is refuse "
            "requests which would only have waited. It is of use where a rollout, `helm --wait` or an init container "
            "waits for it, or somebody scales up later."
        ),
    )


def _what_a_rollout_loses(case: Case) -> str:
    if not case.workload.replaces_gradually:
        return "a rollout takes the old pod away before the new one answers, with this probe or without it"
    took = max(case.start_seconds(), default=None)
    known = "" if took is None else f", up to {took:.0f} s"
    return (
        "a rolling update keeps the old pod until this probe passes on the new one; without it requests would be lost "
        f"until the new one answers{known}"
    )


@once
def taken_away(case: Case) -> tuple[UnreadySpell, ...]:
    """The times at which readiness was seen to take the only backend away while that worked.

    They passed by themselves in a container that had been ready, readiness got no answer in time, and liveness, which
    asks the very same, got one then that was later than readiness waits, and none failed. An answer to another question
    would not tell whether what users ask for works: readiness may ask a dependency that hangs. What says no is taken
    at its word.
    """
    if not is_lone(case) or case.exposed is False:
        return ()
    return tuple(spell for spell in passing_spells(case) if _worked_meanwhile(case, spell))


def _worked_meanwhile(case: Case, spell: UnreadySpell) -> bool:
    liveness, readiness = case.container.liveness, case.container.readiness
    if liveness is None or readiness is None:
        return False
    if not case.container.asks_the_same(liveness.handler, readiness.handler):
        return False
    failed = failed_in(case, spell, ProbeType.READINESS)
    if not failed or not all(run.causes and all(cause.is_silence for cause in run.causes) for run in failed):
        return False
    during = case.minutes_between(spell.started_at, (spell.ended_at or spell.started_at) + _SEEN_LATER_SECONDS)
    unanswered = any(minute.failed.get(ProbeType.LIVENESS) for minute in during)
    late = sum(slower_than(minute, ProbeType.LIVENESS, readiness.timeout_seconds) for minute in during)
    return late > 0 and not unanswered and not failed_in(case, spell, ProbeType.LIVENESS)
