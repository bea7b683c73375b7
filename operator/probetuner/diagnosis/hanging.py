"""Liveness kills by silence that is somebody else's: the probe waits for what the application calls."""

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.latency import unusual_slowness
from probetuner.diagnosis.starting import liveness_kills
from probetuner.diagnosis.together import fail_together, others, readiness_went_on
from probetuner.facts.fact import FailureCause
from probetuner.history.life import Life
from probetuner.model.probe import ProbeType, TcpSocket

_SEVERAL = 2
SILENCE = tuple(cause for cause in FailureCause if cause.is_silence)
"""The causes of a failed attempt that got no answer at all."""


@once
def hung_by_dependency(case: Case) -> tuple[Life, ...]:
    """The lives that liveness ended by silence while readiness went on answering, in several replicas at once.

    A stuck or overrun process leaves both questions open; one that waits for somebody else leaves only one open, and
    so do the other replicas at the same time. A queue is told from it by the answers that come late as it grows. That
    a port is open says nothing of the process behind it.
    """
    readiness = case.container.readiness
    if readiness is None or isinstance(readiness.handler, TcpSocket) or not case.succeeded(ProbeType.LIVENESS):
        return ()
    kills = tuple(life for life in liveness_kills(case) if life.tally(ProbeType.LIVENESS).silent)
    together = sum(any(fail_together(case, life, uid, causes=SILENCE) for uid in others(case, life)) for life in kills)
    if together < _SEVERAL or not readiness_went_on(case) or any(unusual_slowness(case, life) for life in kills):
        return ()
    return kills
