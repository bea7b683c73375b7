"""Liveness kills by silence that is somebody else's: the probe waits for what the application calls."""

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.latency import unusual_slowness
from probetuner.diagnosis.starting import liveness_kills, outlived_liveness
from probetuner.diagnosis.tight import tight_probes
from probetuner.diagnosis.together import fail_with_another, kept_ready, readiness_went_on
from probetuner.diagnosis.waking import was_silent
from probetuner.facts.fact import FailureCause
from probetuner.history.life import Life
from probetuner.model.probe import ProbeType, TcpSocket

_SEVERAL, _ODD_SHARE = 2, 0.2
SILENCE = tuple(cause for cause in FailureCause if cause.is_silence)
"""The causes of a failed attempt that got no answer at all."""


@once
def hung_by_dependency(case: Case) -> tuple[Life, ...]:
    """The lives that liveness ended by silence while readiness went on answering, where several prove a dependency.

    A stuck or overrun process leaves both questions open; one that waits for somebody else leaves only one open, and
    so do the other replicas at the same time, or, where there is none, the fresh container at once. A queue is told
    from it by the answers that come late as it grows. That a port is open says nothing of the process behind it. Nor
    does how long one takes to stop: its threads wait for the other service.
    """
    readiness = case.container.readiness
    passed = case.succeeded(ProbeType.LIVENESS) or any(outlived_liveness(case, life) for life in liveness_kills(case))
    if readiness is None or isinstance(readiness.handler, TcpSocket) or not passed:
        return ()
    hung = tuple(life for life in liveness_kills(case) if was_silent(case, life) and kept_ready(case, life))
    shared = sum(_is_shared(case, life) for life in hung)
    slow = sum(unusual_slowness(case, life) > 0 for life in hung)
    proved = shared >= _SEVERAL and slow <= _ODD_SHARE * len(hung)
    return hung if proved and readiness_went_on(case, hung) else ()


def _is_shared(case: Case, life: Life) -> bool:
    """Whether the silence was not this process's alone; answers that are always near the timeout coincide by chance."""
    by_chance = ProbeType.LIVENESS in tight_probes(case)
    if not by_chance and fail_with_another(case, life, causes=SILENCE):
        return True
    return (by_chance or case.replicas <= 1) and case.fails_again_at_once(life)
