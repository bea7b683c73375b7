"""What settings cost the users of a container that falls silent, and queues, as it was seen to do.

A failure detector is bought with mistakes (Chen, Toueg and Aguilera, IEEE ToC 2002). Where a process gets stuck or
pauses, patience sends users to it for longer; where answers queue, a lack of it takes out replicas that work. Both are
counted in seconds that one replica is away, so that they can be added up and the least chosen.
"""

import math
from collections.abc import Iterator

from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.experience import Experience, Queue
from probetuner.tuning.recommendation import Probes

_SENT = 3.0
"""Users at a silent replica: an error is ten times worse than an idle replica, and one is taken to be a third busy."""
_RESTART_SECONDS = 30.0
"""A false restart, besides the time that it takes: requests cut off, cold caches, somebody's night."""
_LIKELY = ((0.7, 0.3), (1.0, 0.4), (1.5, 0.2), (2.5, 0.1))
"""What comes next beside what was seen: times as long, and how likely. The longest is still to come."""


def loss(experience: Experience, probes: Probes) -> float:
    """Seconds of one replica's absence that these probes would have cost in the time of that experience, on average.

    A restart takes no paused replica out of the Service sooner: its process ends when it comes to itself.
    """
    liveness, readiness = probes.liveness, probes.readiness
    noticed = [_acts_after(probe) for probe in (liveness, readiness) if probe is not None]
    away = 0.0 if liveness is None else _acts_after(liveness)
    lost = experience.lockups * (_SENT * min(noticed, default=0.0) + away)
    taken_out = math.inf if readiness is None else _acts_after(readiness)
    for seconds, likely in _spread(experience):
        lost += likely * _SENT * min(seconds, taken_out)
        lost += likely * _restart(experience) * _is_reached(liveness, seconds)
    if readiness is not None:
        lost += _by_chance(experience, readiness)
    for queue in experience.queues:
        for times, likely in _LIKELY:
            lost += experience.times * likely * _of_queue(experience, probes, queue, times)
    return lost


def _by_chance(experience: Experience, readiness: Probe) -> float:
    """What it costs that late answers follow each other by chance: the replica is out until the next attempt."""
    attempts = experience.replicas * experience.seconds / readiness.cadence_seconds
    late = experience.late_share(readiness.timeout_seconds)
    return float(attempts * late**readiness.failure_threshold * readiness.cadence_seconds)


def _spread(experience: Experience) -> Iterator[tuple[float, float]]:
    for seconds in experience.pauses:
        for times, likely in _LIKELY:
            yield times * seconds, experience.times * likely


def _of_queue(experience: Experience, probes: Probes, queue: Queue, times: float) -> float:
    """What a queue that lasts so many times as long costs with these probes: replicas out, and restarts."""
    lost, alone = 0.0, 1.0 - experience.shared
    readiness, liveness = probes.readiness, probes.liveness
    if readiness is not None and queue.probe is ProbeType.READINESS:
        outgrown, seconds = _beyond(queue, readiness, times)
        out = max(0.0, seconds - _acts_after(readiness)) + readiness.period_seconds / 2
        lost += outgrown * _is_reached(readiness, seconds) * out * (alone + experience.shared * _SENT)
    if liveness is not None and queue.probe is ProbeType.LIVENESS:
        outgrown, seconds = _beyond(queue, liveness, times)
        lost += outgrown * _restart(experience) * _is_reached(liveness, seconds)
    return lost


def _beyond(queue: Queue, probe: Probe, times: float) -> tuple[float, float]:
    """How likely answers take longer than that probe waits, and for how many seconds they then do.

    What a timeout hid is taken to have twice as often come within twice the time as later: a tail as of Pareto's law
    with the exponent 1. A queue that grows and shrinks evenly is beyond twice the time for three quarters as long.
    """
    share = queue.timeout_seconds / probe.timeout_seconds
    return min(1.0, share), times * queue.seconds * (1.0 + share) / 2


def _restart(experience: Experience) -> float:
    return _RESTART_SECONDS + experience.start_seconds


def _is_reached(probe: Probe | None, seconds: float) -> float:
    """How likely so long a trouble makes as many attempts in a row fail as the probe bears."""
    if probe is None:
        return 0.0
    share = (seconds - (probe.failure_threshold - 1) * probe.cadence_seconds) / probe.cadence_seconds
    return min(1.0, max(0.0, share))


def _acts_after(probe: Probe) -> float:
    """How long a trouble takes until that probe acts, on average."""
    return (probe.failure_threshold - 1) * probe.cadence_seconds + probe.timeout_seconds + probe.period_seconds / 2
