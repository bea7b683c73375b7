"""What readiness said while a container that liveness had given up was still there.

The kubelet holds liveness back from the moment it announces a kill until the next container starts, but it goes on
asking readiness until the process is gone (prober/worker.go doProbe; measured on 1.35). So readiness that passes in
the grace period proves that the process was not stuck: it paused or was busy, and would have come back. Readiness that
never passes in several long grace periods is what a stuck process looks like, although a deep queue does it as well.
Measured: node.js passed in 5 of 5, deadlocked gunicorn and Tomcat in 0 of 26.
"""

import math
from enum import StrEnum

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.starting import liveness_kills
from probetuner.history import bounds
from probetuner.history.filing import GRAIN_SECONDS
from probetuner.history.life import Life
from probetuner.history.record import UnreadySpell
from probetuner.model.container import Container
from probetuner.model.probe import Grpc, Handler, HttpGet, Probe, ProbeType

_SEVERAL = 2
"""One grace period without an answer may be a queue that took long; of several that is less likely."""


class InGrace(StrEnum):
    """Whether readiness passed between the announcement of a kill and the end of the process."""

    PASSED = "passed"
    NEVER_PASSED = "never passed"
    NOT_KNOWN = "not known"


@once
def _answers(case: Case) -> dict[tuple[str, int], InGrace]:
    return {(life.pod_uid, life.restarts): _look(case, life) for life in liveness_kills(case)}


def in_grace(case: Case, life: Life) -> InGrace:
    """What readiness said in the grace period of that life's kill, where it asks the server that liveness asks."""
    return _answers(case).get((life.pod_uid, life.restarts), InGrace.NOT_KNOWN)


def passed_in_grace(case: Case) -> tuple[Life, ...]:
    """The lives that liveness ended whose readiness passed meanwhile: none of them was stuck."""
    return tuple(life for life in liveness_kills(case) if in_grace(case, life) is InGrace.PASSED)


def never_passed_in_grace(case: Case) -> tuple[Life, ...]:
    """The lives that liveness ended whose readiness was asked meanwhile and never passed."""
    return tuple(life for life in liveness_kills(case) if in_grace(case, life) is InGrace.NEVER_PASSED)


def may_have_hung(case: Case) -> bool:
    """Whether readiness never passed in several grace periods: nothing less than a restart may have helped."""
    return len(never_passed_in_grace(case)) >= _SEVERAL


def _asks_the_same_server(case: Case) -> bool:
    """Whether both probes need an answer of the same server; that a port is open or a command ran says less."""
    if case.asks_what_liveness_asks(ProbeType.READINESS):
        return True
    container = case.container
    liveness, readiness = container.liveness, container.readiness
    if liveness is None or readiness is None:
        return False
    asked = _server(container, liveness.handler)
    return asked is not None and asked == _server(container, readiness.handler)


def _server(container: Container, handler: Handler | None) -> tuple[str, int | str] | None:
    if not isinstance(handler, HttpGet | Grpc):
        return None
    host = handler.host if isinstance(handler, HttpGet) else ""
    named = {port.name: port.number for port in container.ports if port.name}
    return host, named.get(handler.port, handler.port) if isinstance(handler.port, str) else handler.port


def _look(case: Case, life: Life) -> InGrace:
    readiness = case.container.readiness
    if readiness is None or life.kill_announced_at is None or life.ended_at is None:
        return InGrace.NOT_KNOWN
    if not _asks_the_same_server(case):
        return InGrace.NOT_KNOWN
    begin, end = life.kill_announced_at, life.ended_at
    if first_passed_by(case, life, begin, end) is not None:
        return InGrace.PASSED
    # An attempt begins within a cadence and is over after its timeout: a shorter time may have seen none.
    asked = end - begin >= readiness.cadence_seconds + readiness.timeout_seconds
    if not asked or _was_turned_away(case, life, begin, end):
        return InGrace.NOT_KNOWN
    never = _counted_without_success(life, begin, end) or _stayed_unready(case, life, begin, end)
    return InGrace.NEVER_PASSED if never else InGrace.NOT_KNOWN


def _was_turned_away(case: Case, life: Life, begin: float, end: float) -> bool:
    """Whether readiness got a refusal or an answer: who shuts down stops to listen, and is not stuck for that."""
    return any(
        run.pod_uid == life.pod_uid
        and run.last_at > begin
        and run.started_at < end
        and run.causes
        and not any(cause.is_silence for cause in run.causes)
        for run in case.runs(ProbeType.READINESS)
    )


def passed_after_seconds(case: Case, life: Life) -> float | None:
    """By how many seconds after the announcement readiness surely had passed; None where it is not known to have."""
    if in_grace(case, life) is not InGrace.PASSED or life.kill_announced_at is None or life.ended_at is None:
        return None
    at = first_passed_by(case, life, life.kill_announced_at, life.ended_at)
    return None if at is None else at - life.kill_announced_at


def first_passed_by(case: Case, life: Life, begin: float, end: float) -> float | None:
    """By when readiness surely passed in that life between these times, by the counters or by the pod's status."""
    readiness = case.container.readiness
    if readiness is None:
        return None
    times = [spell.ended_at for spell in case.history.unready if _let_in(spell, life, begin, end)]
    counted = _counted_success(life, readiness, begin, end)
    kept = begin + readiness.detection_seconds if _stayed_ready(case, life, readiness, begin, end) else None
    return min((at for at in (*times, counted, kept) if at is not None), default=None)


def _counted_success(life: Life, readiness: Probe, begin: float, end: float) -> float | None:
    """By when a success was counted, if a scrape counted one since a time that leaves room for an attempt till the end.

    What is counted over the end of the life may be the next one's.
    """
    tally = life.tally(ProbeType.READINESS)
    since, at = tally.success_since, tally.last_succeeded_at
    if since is None or at is None or not begin <= since <= end - readiness.period_seconds:
        return None
    return min(at, end)


def _let_in(spell: UnreadySpell, life: Life, begin: float, end: float) -> bool:
    """Whether the container turned ready then: within a second of the end it may be the next one that did."""
    turned = spell.ended_at
    return spell.pod_uid == life.pod_uid and turned is not None and begin + GRAIN_SECONDS < turned < end - GRAIN_SECONDS


def _stayed_ready(case: Case, life: Life, readiness: Probe, begin: float, end: float) -> bool:
    """Whether the container stayed ready for longer than its readiness probe bears failures in a row."""
    long = end - begin >= readiness.detection_seconds + GRAIN_SECONDS
    return long and was_ready_throughout(case, life, begin, end)


def was_ready_throughout(case: Case, life: Life, begin: float, end: float) -> bool:
    """Whether the pod's status showed the container ready all that time, as far as it is remembered."""
    was_ready = life.was_ready or (life.ready_at is not None and life.ready_at <= begin)
    spells = case.history.unready
    remembered = len(spells) < bounds.UNREADY_SPELLS or spells[0].started_at <= begin
    out = any(
        spell.pod_uid == life.pod_uid and spell.started_at < end and (spell.ended_at or math.inf) > begin
        for spell in spells
    )
    return was_ready and remembered and not out


def _counted_without_success(life: Life, begin: float, end: float) -> bool:
    """Whether the counters were read until the end, and none of them showed a success that may be of that time."""
    tally = life.tally(ProbeType.READINESS)
    read = tally.counted_until is not None and tally.counted_until >= end - GRAIN_SECONDS
    return read and (tally.last_succeeded_at is None or tally.last_succeeded_at <= begin + GRAIN_SECONDS)


def _stayed_unready(case: Case, life: Life, begin: float, end: float) -> bool:
    """Whether the container was unready all that time; with a success threshold a single success does not show."""
    readiness = case.container.readiness
    return (
        readiness is not None
        and readiness.success_threshold == 1
        and any(
            spell.pod_uid == life.pod_uid
            and spell.started_at <= begin + GRAIN_SECONDS
            and (spell.ended_at is None or spell.ended_at >= end - GRAIN_SECONDS)
            for spell in case.history.unready
        )
    )
