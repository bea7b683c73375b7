"""liveness-kill-unexplained: kills by a probe that are proven, and of which it is not known what they hit."""

from collections.abc import Collection

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.fault import Fault, causes_of, fault_of, in_words
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.grace import may_have_hung, never_passed_in_grace, passed_in_grace
from probetuner.diagnosis.latency import come_late
from probetuner.diagnosis.rates import rates
from probetuner.diagnosis.relapsing import lived_briefly
from probetuner.diagnosis.restarts import restarts_of
from probetuner.diagnosis.starting import liveness_kills
from probetuner.diagnosis.wording import several
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import ProbeType

_ANNOUNCED, _SEEN = 0.99, 0.8
"""How sure a kill is that the kubelet announced, and one that only the failures before the end show."""
_SEVERAL = 2
"""One process may hang soon after its start by chance."""


def unexplained_kills(case: Case, kind: ProbeType) -> int:
    """How many kills by that probe are proven and not explained."""
    return restarts_of(case).unexplained.get(kind, 0)


def are_most(case: Case) -> bool:
    """Whether most kills by liveness are not explained; else what the others are says what to do."""
    return 2 * unexplained_kills(case, ProbeType.LIVENESS) > restarts_of(case).by_probe.get(ProbeType.LIVENESS, 0)


def silence_passed(case: Case) -> bool:
    """Whether silence is known to have ended without a restart: not all of it is for good, and some answers are late.

    A run of timeouts ended by itself; to who looks only once readiness may show it, whatever it asks. Or liveness had
    more timeouts than the kills took, and those that may end in a kill yet, where all kills are known.
    """
    restarts, liveness = restarts_of(case), case.container.liveness
    running = {life.pod_uid for life in case.history.lives if life.ended_at is None}
    if any(_passed(case, run, running) for run in case.history.runs):
        return True
    if liveness is None or restarts.total > restarts.killed:
        return False
    kills = restarts.by_probe.get(ProbeType.LIVENESS, 0)
    late = sum(count for cause, count in causes_of(case, ProbeType.LIVENESS).items() if cause.is_silence)
    going_on = {run.pod_uid for run in case.runs(ProbeType.LIVENESS) if run.ending is RunEnding.OPEN}
    return late > kills * liveness.failure_threshold + len(going_on) * (liveness.failure_threshold - 1)


def is_like_a_queue(case: Case) -> bool:
    """Whether what one look shows is what a queue does: most fresh processes were killed again soon, some answers late.

    A process that hangs by itself has mostly run for longer than liveness takes to end it. One whose dependency hangs
    answers at once or not at all. Where nothing tells how long answers took, the short lives stand alone.
    """
    kills = liveness_kills(case)
    brief = sum(lived_briefly(case, life) for life in kills)
    return brief >= _SEVERAL and 2 * brief >= len(kills) and come_late(case, ProbeType.LIVENESS) is not False


def _passed(case: Case, run: FailureRun, running: Collection[str]) -> bool:
    """Whether the run was silence to the question of liveness, and over without a restart."""
    probe, liveness = case.container.probe(run.probe), case.container.liveness
    if probe is None or liveness is None or not any(cause.is_silence for cause in run.causes):
        return False
    if run.ending is not RunEnding.BY_ITSELF:
        return case.is_over(run) and run.pod_uid in running
    return run.probe is ProbeType.LIVENESS or probe.handler == liveness.handler or not case.was_watched


def find(case: Case) -> Finding | None:
    """Report kills that no other finding explains: they are never hidden."""
    restarts = restarts_of(case)
    if not restarts.unexplained:
        return None
    kills = sum(restarts.unexplained.values())
    kinds = tuple(restarts.unexplained)
    announced = sum(case.history.kills.get(kind, 0) for kind in kinds)
    return Finding(
        name=FindingName.LIVENESS_KILL_UNEXPLAINED,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=_ANNOUNCED if announced else from_repeats(kills, strength=_SEEN),
        samples=kills,
        evidence=(
            *(_counted(case, kind) for kind in kinds),
            *(in_words(case, kind) for kind in kinds),
            *(told for kind in kinds if (told := _together(case, kind))),
            *_in_grace(case),
            _missing(case),
        ),
        explanation=f"A probe killed the container, and what it was doing then is not known. {_meanwhile(case, kinds)}",
    )


def _counted(case: Case, kind: ProbeType) -> str:
    open_ones, all_ones = unexplained_kills(case, kind), restarts_of(case).by_probe[kind]
    name = kind.value.lower()
    if open_ones == all_ones:
        return f"{several(all_ones, 'kill')} by the {name} probe, none of them explained"
    return f"{open_ones} of {several(all_ones, 'kill')} by the {name} probe are not explained"


def _together(case: Case, kind: ProbeType) -> str:
    """In how many replicas it failed within one and the same time, as far as events told it at once."""
    failing = rates(case, kind)
    began, ended = max((r.began_at for r in failing), default=0.0), min((r.ended_at for r in failing), default=0.0)
    if len(failing) <= 1 or began > ended:
        return ""
    return f"it failed in {len(failing)} of {case.replicas} replicas in the same {ended - began:.0f} s"


def _in_grace(case: Case) -> tuple[str, ...]:
    """What readiness, which is asked until the end, said after kills by liveness, explained or not."""
    passed, never = len(passed_in_grace(case)), len(never_passed_in_grace(case))
    if not passed and not never:
        return ()
    stuck = "; a process that never answered then may have been stuck" if may_have_hung(case) else ""
    known = f"of {several(passed + never, 'grace period')} in which readiness was asked, it passed in {passed}"
    return (f"{known}{stuck}",)


def _missing(case: Case) -> str:
    """What would decide it."""
    if not case.was_watched:
        return (
            "nobody watched: late answers before a kill would show a queue, and readiness that passes between the kill "
            "and the end a pause; watch it through the next kill (probetuner analyze --watch-seconds, or the operator)"
        )
    return (
        "what would decide it: answers that came late before, readiness that passes between the kill and the end, or a "
        "fresh container that stays well; the kubelet's counters show the first"
    )


def _meanwhile(case: Case, kinds: tuple[ProbeType, ...]) -> str:
    """What may have been, and what is safe until it is known."""
    faults = {fault_of(case, kind) for kind in kinds}
    if Fault.ANSWER in faults:
        return (
            "It answered, so it was not stuck: until it is known why it said no, let readiness act on that, and "
            "liveness only much later or on another question."
        )
    if Fault.HANDLER in faults:
        return "Its words are about what is asked, not about time: see whether it is asked rightly, before any number."
    may_be = "It may have been stuck, busy, pausing or still starting."
    if Fault.LATE in faults and silence_passed(case):
        return f"{may_be} Until that is known, give each answer more time, and let readiness act before liveness does."
    return f"{may_be} Until that is known, change no number for it, and see what it logs before the kill."
