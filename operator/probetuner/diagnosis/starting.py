"""Which killed containers had not come up yet, and which had.

A process that is not up yet and one that is stuck or overrun fail a probe alike where nothing refuses the connection.
What tells them apart is how long starts take, and what came before: a container that is started amid trouble shares
the trouble.
"""

import math
from collections import Counter
from collections.abc import Collection

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.fault import Fault, fault_of
from probetuner.facts.fact import FailureCause
from probetuner.history.attribution import RestartCause
from probetuner.history.filing import GRAIN_SECONDS
from probetuner.history.life import Life
from probetuner.model.probe import Grpc, Probe, ProbeType

_EVENTS_SURE_FOR_LIVES = 5
_SLOW_START_SHARE = 0.5
_ODD_SHARE = 0.2
_LATE_SECONDS = 5.0
"""How much later than its period a busy kubelet may make an attempt, whole seconds of its status included."""
_DEFAULT = Probe(handler=None)
"""Stands for the liveness probe of an older template that is known no more."""


@once
def liveness_kills(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended after the application had come up."""
    unborn = starting_kills(case)
    return tuple(life for life in case.ended_by(RestartCause.LIVENESS_KILL) if life not in unborn)


@once
def starting_kills(case: Case) -> tuple[Life, ...]:
    """The lives that a probe ended before the application had come up, for all that is known.

    They never answered any probe, and they do not look like containers that had long been up: either nobody listened
    (refused, but for who listened soon after all amid trouble), or no other life shows that an answer could have been
    expected by then, whatever its template; after the kill of a container that was up that says nothing. Starts may
    vary: a life that follows no trouble was starting where another start took at least half of what this one was
    given, one that may follow trouble only where another took all of it; and one that the startup probe ended where any
    start took half of it. Some probes cannot tell a process that is not up from one that is unwell: with these, it was
    starting as long as no container that had come up was killed.
    The odd one that nobody refused, among many that had come up, shared their trouble. A kill that nobody watched must
    show by itself that its life failed from the first attempt on.
    """
    kills = case.probe_kills
    slowest = max((failing_seconds(case, life) for life in _untroubled(case)), default=0.0)
    usual = min((*case.answer_seconds(), *case.earlier_answer_seconds()), default=math.inf)
    hidden = not any(_had_come_up(case, killed) for killed in kills)
    by_startup = case.ended_by(RestartCause.STARTUP_KILL)
    slowest_of_all = max((failing_seconds(case, life) for life in case.history.lives), default=0.0)

    def was_starting(life: Life) -> bool:
        given, trouble = case.killed_at(life) - life.started_at, _follows(case, life)
        if life in by_startup and slowest_of_all >= given * _SLOW_START_SHARE:
            return True
        late = slowest >= given * (_SLOW_START_SHARE if trouble is False else 1.0) or (usual > given and not trouble)
        return late or (hidden and _hides_refusals(case, _causes(life)))

    unborn = [life for life in kills if not _was_up(case, life)]
    refused = [life for life in unborn if _was_refused(case, life)]
    guessed = [
        life
        for life in unborn
        if life not in refused and was_starting(life) and (case.watched(life) or _failed_from_the_start(case, life))
    ]
    if not shows_success(case) or len(guessed) <= _ODD_SHARE * (len(kills) - len(unborn)):
        guessed = []
    return tuple(life for life in kills if life in refused or life in guessed)


@once
def slowest_start(case: Case) -> float | None:
    """How long after its start a container that follows no trouble was still seen to fail, at the longest.

    None where nobody watched one that came up.
    """
    since = case.history.first_seen_at - GRAIN_SECONDS
    watched = [life for life in _untroubled(case) if life.answered_at is not None and life.started_at >= since]
    return max((failing_seconds(case, life) for life in watched), default=None)


def _untroubled(case: Case) -> tuple[Life, ...]:
    """The lives that follow no trouble."""
    return tuple(life for life in case.history.lives if _follows(case, life) is False)


def _failed_from_the_start(case: Case, life: Life) -> bool:
    """Whether of a kill that nobody watched a single look shows that no attempt of that life had passed.

    The startup probe ended it, and so had never passed; or its pod was never ready in any of its lives; or it was the
    pod's first life, and all its probes began to fail at once.
    """
    if case.end_of(life) is RestartCause.STARTUP_KILL:
        return True
    of_pod = [other for other in case.history.lives if other.pod_uid == life.pod_uid]
    if any(other.pod_was_ready is not None for other in of_pod):
        return not any(other.pod_was_ready for other in of_pod)
    return life.restarts == 0 and all(
        _failed_at_first(case, life, kind, probe)
        for kind in (ProbeType.LIVENESS, ProbeType.READINESS)
        if (probe := case.container.probe(kind)) is not None
    )


def _failed_at_first(case: Case, life: Life, kind: ProbeType, probe: Probe) -> bool:
    """Whether that probe was told to fail since the first attempt that it made in that life."""
    first_chance = life.started_at + probe.initial_delay_seconds + probe.period_seconds + probe.timeout_seconds
    of_pod = (rate for rate in case.history.rates if rate.pod_uid == life.pod_uid and rate.probe is kind)
    return any(rate.began_at <= first_chance + GRAIN_SECONDS for rate in of_pod)


def _was_refused(case: Case, life: Life) -> bool:
    """Whether the life was refused, and that was not just before it listened, amid the trouble that it came into.

    Where its events were dropped (client-go events_cache.go) it is taken for what most others were that never came up.
    Of a kill that nobody watched the probe that killed must have been refused: readiness asks as soon as a process
    runs, and is refused for a moment by the quickest.
    """
    if not case.watched(life):
        by_startup = case.end_of(life) is RestartCause.STARTUP_KILL
        return fault_of(case, ProbeType.STARTUP if by_startup else ProbeType.LIVENESS) is Fault.NOBODY_LISTENS
    known = _causes(life) or _only_cause(case)
    if not known:
        return _are_refused(case)
    causes = sum((Counter(tally.causes) for tally in life.tallies.values()), Counter[FailureCause]())
    amid_trouble = bool(_follows(case, life)) and causes[FailureCause.TIMEOUT] > causes[FailureCause.REFUSED]
    return FailureCause.REFUSED in known and not amid_trouble


@once
def _are_refused(case: Case) -> bool:
    """Whether most of the killed lives were refused that never came up and of which it is known how they failed."""
    told = [_was_refused(case, life) for life in case.probe_kills if _causes(life) and not _was_up(case, life)]
    return 2 * sum(told) > len(told)


def shows_success(case: Case) -> bool:
    """Whether anything could have told that a container came up: counters, or a probe that its status speaks of."""
    counted = any(tally.counted_until is not None for life in case.history.lives for tally in life.tallies.values())
    return counted or case.container.readiness is not None or case.container.startup is not None


def _only_cause(case: Case) -> frozenset[FailureCause]:
    """What all known failures had in common: so failed those too whose events are lost, or stand for later ones."""
    causes = frozenset(cause for life in case.history.lives for cause in _causes(life))
    return causes if len(causes) == 1 else frozenset()


def _causes(life: Life) -> frozenset[FailureCause]:
    return frozenset(cause for tally in life.tallies.values() for cause in tally.causes)


def failing_seconds(case: Case, life: Life) -> float:
    """How long after its start a life that came up was still seen to fail.

    When it first passed is no measure: whoever begins to watch later sees that late.
    """
    if life.answered_at is None:
        return 0.0
    runs = (
        run
        for run in case.history.runs
        if run.pod_uid == life.pod_uid and life.started_at - GRAIN_SECONDS <= run.started_at < life.answered_at
    )
    return max((min(run.last_at, life.answered_at) - life.started_at for run in runs), default=0.0)


def _was_up(case: Case, life: Life) -> bool:
    answered = life.answered_at is not None and life.answered_at <= case.killed_at(life)
    unseen = _passed_unseen(case, life) or outlived_liveness(case, life) or _passed_before_next(case, life)
    return answered or life.was_ready or unseen or is_refused_by_application(life)


def _follows(case: Case, life: Life) -> bool | None:
    """Whether the last life in the pod that had come up was ended by a probe; None where that is not known."""
    before = [other for other in case.history.lives if other.pod_uid == life.pod_uid and other.restarts < life.restarts]
    came_up = max((other for other in before if _was_up(case, other)), key=lambda other: other.restarts, default=None)
    if came_up is None:
        return None if len(before) < life.restarts else False
    return came_up not in case.ended_by(RestartCause.CRASH, RestartCause.OOM, RestartCause.DISRUPTION)


def _had_come_up(case: Case, killed: Life) -> bool:
    """Whether a killed life had answered before the failures that it was killed for."""
    probe = case.container.liveness or _DEFAULT
    failed_at = killed.tally(ProbeType.LIVENESS).first_failed_at
    if failed_at is None:
        failed_at = case.killed_at(killed) - (probe.failure_threshold - 1) * probe.cadence_seconds
    return killed.answered_at is not None and killed.answered_at <= failed_at


def _hides_refusals(case: Case, causes: Collection[FailureCause]) -> bool:
    """Whether a process that does not listen yet fails the probe just as one that is up and unwell.

    A command that exits non-zero says nothing of why, and a refused gRPC connection is retried until it is late.
    """
    probe = case.container.liveness
    return FailureCause.EXEC_EXIT in causes or (probe is not None and isinstance(probe.handler, Grpc))


def _passed_unseen(case: Case, life: Life) -> bool:
    """Whether attempts must have succeeded although no counter told of them.

    Every failure makes an event, so a first failure that comes long after the first attempt had passes before it.
    Only for early lives: later on the kubelet drops events (client-go events_cache.go, burst of 25 a pod). Not where an
    event was first seen when it stood for several failures already: it says when the last of them was.
    """
    probe, tally = case.container.liveness, life.tally(ProbeType.LIVENESS)
    if probe is None or tally.counted_until is not None or tally.first_failed_at is None:
        return False
    if any(seen.count > 1 and seen.at <= tally.first_failed_at for seen in tally.uncounted):
        return False
    second_chance = probe.initial_delay_seconds + 2 * probe.period_seconds + probe.timeout_seconds
    return life.restarts < _EVENTS_SURE_FOR_LIVES and tally.first_failed_at - life.started_at > second_chance


def _passed_before_next(case: Case, life: Life) -> bool:
    """Whether the next life of the pod is credited with more successes than it had time for, as a single look does.

    A pod's counters go on over restarts (prober_manager.go), so they are of the life before.
    """
    following = case.next_life(life)
    return following is not None and any(
        following.tally(kind).succeeded > 2 + _ran_seconds(case, following) / probe.cadence_seconds
        for kind in ProbeType
        if (probe := case.container.probe(kind)) is not None
    )


def _ran_seconds(case: Case, life: Life) -> float:
    return (case.history.last_seen_at if life.ended_at is None else case.killed_at(life)) - life.started_at


def outlived_liveness(case: Case, life: Life) -> bool:
    """Whether the life lasted longer than the liveness probe bears failures in a row from the start.

    Then an attempt had passed (worker.go doProbe), seen or not, unless as many were counted as failed: whoever begins
    to watch late has not seen it. Attempts that could not be made count for nothing, and a startup probe holds liveness
    back.
    """
    probe = case.container.liveness
    if probe is None or case.container.startup is not None or case.history.errored.get(ProbeType.LIVENESS):
        return False
    counted_seconds = (life.tally(ProbeType.LIVENESS).failed_by_counters + 1) * probe.cadence_seconds
    failing = max(probe.detection_seconds, counted_seconds)
    return _ran_seconds(case, life) > probe.initial_delay_seconds + failing + _LATE_SECONDS


def is_refused_by_application(life: Life) -> bool:
    """Whether most failures were an HTTP status from 400 to 499: the application is up, and says no to the question."""
    errors = sum(tally.client_errors for tally in life.tallies.values())
    return 2 * errors > sum(sum(tally.causes.values()) for tally in life.tallies.values())
