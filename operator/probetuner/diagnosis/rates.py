"""Failures that one event told of together: how often a probe failed in a pod, as a share of its attempts.

From a dump, or a first look at a cluster, nothing else is known of the past: that N attempts failed between two times,
and that those that are not among them passed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from probetuner.diagnosis.case import Case
from probetuner.facts.fact import FailureCause
from probetuner.history.record import FailureRate
from probetuner.model.probe import Probe, ProbeType

_GRAIN_SECONDS = 60.0
"""How much later than a replica fell the failures that it fell for may be told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Failures of a probe in one pod: `attempts` is how many the probe's cadence made in that time.

    `silent` says that most were no answer, `refused` that most found nobody who listens. `while_out` says that it was
    out all that time, and still is; `amid_kills` that a probe killed the container of that pod: what it
    failed for is then that of the kills.
    """

    pod_uid: str
    began_at: float
    ended_at: float
    count: int
    attempts: int
    silent: bool
    refused: bool
    while_out: bool
    amid_kills: bool

    @property
    def share(self) -> float:
        """The share of the attempts that failed."""
        return min(1.0, self.count / max(1, self.attempts))


def rates(case: Case, kind: ProbeType) -> tuple[Rate, ...]:
    """The rates at which a probe failed, one a pod."""
    probe = case.container.probe(kind)
    told = [rate for rate in case.history.rates if rate.probe is kind]
    pods = dict.fromkeys(rate.pod_uid for rate in told)
    return tuple(_rate(case, probe, [rate for rate in told if rate.pod_uid == uid]) for uid in pods if probe)


def _rate(case: Case, probe: Probe, told: Iterable[FailureRate]) -> Rate:
    told = list(told)
    began, ended = min(rate.began_at for rate in told), max(rate.last_at for rate in told)
    count = sum(rate.count for rate in told)
    silent = sum(rate.count for rate in told if rate.cause.is_silence)
    refused = sum(rate.count for rate in told if rate.cause is FailureCause.REFUSED)
    since = out_since(case, told[0].pod_uid)
    return Rate(
        pod_uid=told[0].pod_uid,
        began_at=began,
        ended_at=ended,
        count=count,
        attempts=max(count, 1 + int((ended - began) // probe.period_seconds)),
        silent=2 * silent > count,
        refused=2 * refused > count,
        while_out=since is not None and began >= since - _GRAIN_SECONDS,
        amid_kills=any(life.pod_uid == told[0].pod_uid for life in case.probe_kills),
    )


def out_since(case: Case, pod_uid: str) -> float | None:
    """Since when readiness has kept that pod out: since it fell, or since its process began where it never was ready.

    None for a pod that is ready, or of which it is not known.
    """
    spells = [spell for spell in case.history.unready if spell.pod_uid == pod_uid and spell.ended_at is None]
    if spells:
        return min(spell.started_at for spell in spells)
    running = [life for life in case.history.lives if life.pod_uid == pod_uid and life.ended_at is None]
    never = [life for life in running if life.pod_was_ready is False]
    return never[-1].started_at if never else None
