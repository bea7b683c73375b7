"""What to do with a liveness probe that kills busy containers.

Best is to take liveness off an endpoint that queues behind the users' requests. Readiness may ask it, if it does not
follow latency: under pressure that all replicas share, a strict readiness probe takes every backend out at once and
turns a slow service into a dead one. So it waits as long as it can (a whole period) before it calls an attempt
failed. Where only numbers may be changed, timeout and threshold are stepped up and looked at again.
"""

from dataclasses import replace

from probetuner.model.probe import Probe
from probetuner.tuning.recommendation import Probes

_READINESS_FAILURES = 3
_STEP_UP = 2


def without_liveness(probes: Probes, *, replicas: int) -> Probes:
    """Take the liveness probe away, and let readiness ask its endpoint where there is none yet.

    With one replica readiness gains nothing: all it could do is take the only backend away.
    """
    liveness = probes.liveness
    if liveness is None:
        return probes
    readiness = probes.readiness
    if readiness is None:
        readiness = None if replicas <= 1 else patient(replace(liveness, termination_grace_period_seconds=None))
    elif readiness.handler == liveness.handler:
        readiness = patient(readiness)
    return replace(probes, liveness=None, readiness=readiness)


def patient(probe: Probe) -> Probe:
    """The probe with the longest timeout that does not slow its cadence, and time to recover."""
    timeout = max(probe.timeout_seconds, probe.period_seconds)
    return replace(probe, timeout_seconds=timeout, failure_threshold=max(probe.failure_threshold, _READINESS_FAILURES))


def with_longer_timeout(probe: Probe) -> Probe:
    """The next step of the timeout."""
    return replace(probe, timeout_seconds=probe.timeout_seconds * _STEP_UP)


def with_more_failures(probe: Probe) -> Probe:
    """The next step of the number of failures."""
    return replace(probe, failure_threshold=probe.failure_threshold * _STEP_UP)
