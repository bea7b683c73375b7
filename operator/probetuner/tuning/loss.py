"""What settings cost the users of a container that falls silent, and queues, as it was seen to do.

A failure detector is bought with mistakes (Chen, Toueg and Aguilera, IEEE ToC 2002). Where a process gets stuck or
pauses, patience sends users to it for longer; where answers queue, a lack of it takes out replicas that work. Both are
counted in seconds that one replica is away, so that they can be added up and the least chosen. What an error and a
false restart are worth in such seconds is the user's to say (`model.policy.Costs`).
"""

import math
from collections.abc import Iterator

from probetuner.model.policy import THIRTY_DAYS_SECONDS, Costs
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.experience import Experience
from probetuner.tuning.queues import Queue
from probetuner.tuning.recommendation import Probes

_BUSY_SHARE = 0.3
"""Of its time a replica is taken to be at work, so of the seconds at a silent one so many are errors. Assumed."""
_LIKELY = ((0.7, 0.3), (1.0, 0.4), (1.5, 0.2), (2.5, 0.1))
"""What comes next beside what was seen: times as long, and how likely. The longest is still to come."""
_GROWTHS = (0.02, 0.05, 0.1, 0.2, 0.4)
"""How many seconds a queue may grow by in each second of a rush: that of two to forty percent more than is served."""
_MOST_TIMES_LONGER = 3.0
"""Answers are later than a shorter timeout for more of the time, but that was not seen: no more than so many times."""


def price_of_silence(costs: Costs) -> float:
    """What one second costs in which users are sent to a silent replica, in seconds of an idle one."""
    return costs.error_seconds * _BUSY_SHARE


def price_of_rollout(costs: Costs, replica_seconds: float) -> float:
    """What new numbers must gain in that time of all replicas to be worth a rollout, in seconds of an idle one."""
    return costs.rollout_seconds / THIRTY_DAYS_SECONDS * replica_seconds


def loss(experience: Experience, probes: Probes, costs: Costs) -> float:
    """Seconds of one replica's absence that these probes would have cost in the time of that experience, on average.

    A restart takes no paused replica out of the Service sooner: its process ends when it comes to itself.
    """
    liveness, readiness = probes.liveness, probes.readiness
    noticed = [_acts_after(probe) for probe in (liveness, readiness) if probe is not None]
    away = 0.0 if liveness is None else _acts_after(liveness)
    lost = experience.lockups * (price_of_silence(costs) * min(noticed, default=0.0) + away)
    if readiness is not None:
        lost += _by_chance(experience, readiness) + _of_waited(experience, readiness, costs)
    known = (experience, *experience.earlier)
    share = experience.seconds / max(1.0, sum(one.seconds for one in known))
    return lost + share * sum(_of_spells(one, probes, costs) for one in known)


def steps(experience: Experience) -> int:
    """How much work a loss is, in steps of a budget: a queue takes as long as three events of a replay, a pause half.

    Measured: 80 microseconds a queue, 11 a pause, 27 an event.
    """
    known = (experience, *experience.earlier)
    queues = len(experience.waited) + sum(len(one.queues) for one in known)
    return 1 + 3 * queues + sum(len(one.pauses) for one in known) // 2


def _of_spells(experience: Experience, probes: Probes, costs: Costs) -> float:
    """What the pauses and the queues of one template cost."""
    lost, liveness = 0.0, probes.liveness
    taken_out = math.inf if probes.readiness is None else _acts_after(probes.readiness)
    for seconds, likely in _spread(experience):
        lost += likely * price_of_silence(costs) * min(seconds, taken_out)
        lost += likely * _restart(experience, costs) * _is_reached(liveness, seconds)
    for queue in experience.queues:
        for times, likely in _LIKELY:
            lost += experience.times * likely * _of_queue(experience, probes, queue, times, costs)
    return lost


def _of_waited(experience: Experience, readiness: Probe, costs: Costs) -> float:
    """What the queues cost that readiness waits through at present, as soon as it waits for less."""
    if readiness.timeout_seconds >= experience.waits_seconds:
        return 0.0
    return sum(
        experience.times * likely * _taken_out(experience, readiness, queue, times, costs)
        for queue in experience.waited
        for times, likely in _LIKELY
    )


def _by_chance(experience: Experience, readiness: Probe) -> float:
    """What it costs that late answers follow each other by chance: the replica is out until the next attempt."""
    attempts = experience.replicas * experience.seconds / readiness.cadence_seconds
    late = experience.late_share(readiness.timeout_seconds)
    return float(attempts * late**readiness.failure_threshold * readiness.cadence_seconds)


def _spread(experience: Experience) -> Iterator[tuple[float, float]]:
    for pause in experience.pauses:
        for times, likely in _LIKELY:
            yield times * pause.seconds, experience.times * likely * pause.likely


def _of_queue(experience: Experience, probes: Probes, queue: Queue, times: float, costs: Costs) -> float:
    """What a queue that lasts so many times as long costs with these probes: replicas out, and restarts."""
    lost, readiness, liveness = 0.0, probes.readiness, probes.liveness
    if readiness is not None and queue.probe is ProbeType.READINESS:
        lost += _taken_out(experience, readiness, queue, times, costs)
    if liveness is not None and queue.probe is ProbeType.LIVENESS:
        for likely, seconds in _beyond(queue, liveness, times):
            lost += likely * _restart(experience, costs) * _is_reached(liveness, seconds)
    return lost


def _taken_out(experience: Experience, readiness: Probe, queue: Queue, times: float, costs: Costs) -> float:
    """For how long readiness takes a replica out in such a queue; where it does so with all of them, nobody serves."""
    lost, alone = 0.0, 1.0 - experience.shared
    for likely, seconds in _beyond(queue, readiness, times):
        out = max(0.0, seconds - _acts_after(readiness)) + readiness.period_seconds / 2
        lost += likely * _is_reached(readiness, seconds) * out * (alone + experience.shared * price_of_silence(costs))
    return lost


def _beyond(queue: Queue, probe: Probe, times: float) -> Iterator[tuple[float, float]]:
    """For how many seconds answers take longer than that probe waits, and how likely, in a queue so many times as long.

    What a timeout hid is told by how long it was hidden: a queue that grows for half of that time and shrinks for the
    other is the longer the longer it lasted. How quickly it grew is not known, any of the growths is as likely.
    """
    lasts, waits = times * queue.seconds, probe.timeout_seconds - queue.timeout_seconds
    for growth in _GROWTHS:
        seconds = lasts - 2 * waits / growth
        if seconds > 0:
            yield 1 / len(_GROWTHS), min(seconds, _MOST_TIMES_LONGER * lasts)


def _restart(experience: Experience, costs: Costs) -> float:
    return costs.false_restart_seconds + experience.start_seconds


def _is_reached(probe: Probe | None, seconds: float) -> float:
    """How likely so long a trouble makes as many attempts in a row fail as the probe bears."""
    if probe is None:
        return 0.0
    share = (seconds - (probe.failure_threshold - 1) * probe.cadence_seconds) / probe.cadence_seconds
    return min(1.0, max(0.0, share))


def _acts_after(probe: Probe) -> float:
    """How long a trouble takes until that probe acts, on average."""
    return (probe.failure_threshold - 1) * probe.cadence_seconds + probe.timeout_seconds + probe.period_seconds / 2
