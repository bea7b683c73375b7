"""liveness-follows-load: what liveness asks answers the later the more is asked, and has not killed anybody yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from probetuner.diagnosis.case import Case, once, slower_than
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.latency import SLOW_SHARE_OF_TIMEOUT
from probetuner.diagnosis.restarts import restarts_of
from probetuner.diagnosis.short import late_probes
from probetuner.diagnosis.throttling import THROTTLED_SHARE, UNSEEN, UNSEEN_CONFIDENCE, may_be_unseen, throttled_share
from probetuner.diagnosis.tight import tight_probes
from probetuner.diagnosis.wording import several
from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS
from probetuner.history.record import Minute
from probetuner.model.probe import Grpc, HttpGet, Probe, ProbeType

_TIMES_USUAL = 3.0
"""A server that is asked now and then varies by a factor of two; a queue makes answers wait for many others."""
_MOST, _SEVERAL, _LEAST_USUAL = 0.5, 2, 10
_LEAST_MINUTES = 3
"""A pause makes one answer of each replica late, and what is late by chance is not so for minutes on end."""
_WARMING_UP_SECONDS = 120.0
"""A fresh process answers late with nothing asked of it: its caches are empty and its code is not compiled yet."""
_STRENGTH = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """In how many minutes most answers were late, and how late at least several were in seconds.

    `usual` is between how many seconds the median answer of the other minutes took.
    """

    minutes: int
    late: int
    answers: int
    limit_seconds: float
    deepest_seconds: float
    usual: tuple[float, float]


@once
def rise_of(case: Case) -> Rise | None:
    """How the answers to liveness rise and fall; None where they do not, or where something else may be the reason.

    What asks no server does not queue, and what is late by itself follows no load. Minutes count in which no CPU limit
    stopped the container and none had just been started.
    """
    probe = case.container.liveness
    if probe is None or not isinstance(probe.handler, HttpGet | Grpc):
        return None
    if ProbeType.LIVENESS in late_probes(case) or ProbeType.LIVENESS in tight_probes(case):
        return None
    minutes = [minute for minute in case.history.minutes if _answers(minute) and not _is_explained(case, minute)]
    limit = SLOW_SHARE_OF_TIMEOUT * probe.timeout_seconds
    usual = _median([minute for minute in minutes if not slower_than(minute, ProbeType.LIVENESS, limit)])
    if usual is None:
        return None
    limit = max(limit, _TIMES_USUAL * usual[1])
    late = [minute for minute in minutes if _are_late(minute, limit)]
    if len(late) < _LEAST_MINUTES:
        return None
    return Rise(
        minutes=len(late),
        late=sum(slower_than(minute, ProbeType.LIVENESS, limit) for minute in late),
        answers=sum(map(_answers, late)),
        limit_seconds=limit,
        deepest_seconds=max(bound for bound in (limit, *LATENCY_BOUNDS_SECONDS) if _several_took(late, bound)),
        usual=usual,
    )


def _answers(minute: Minute) -> int:
    return sum(minute.latency.get(ProbeType.LIVENESS, ()))


def _is_explained(case: Case, minute: Minute) -> bool:
    """Whether a CPU limit, or that a container was fresh, explains late answers in that minute."""
    ended = minute.started_at + 60.0
    fresh = any(minute.started_at - _WARMING_UP_SECONDS < life.started_at < ended for life in case.history.lives)
    return fresh or throttled_share((minute,)) >= THROTTLED_SHARE


def _are_late(minute: Minute, limit: float) -> bool:
    late = slower_than(minute, ProbeType.LIVENESS, limit)
    return late >= _SEVERAL and late >= _MOST * _answers(minute)


def _several_took(minutes: Sequence[Minute], seconds: float) -> bool:
    return sum(slower_than(minute, ProbeType.LIVENESS, seconds) for minute in minutes) >= _SEVERAL


def _median(minutes: Sequence[Minute]) -> tuple[float, float] | None:
    """Between how many seconds the median answer in these minutes took; None where there were too few."""
    counts = [sum(column) for column in zip(*(m.latency[ProbeType.LIVENESS] for m in minutes), strict=True)]
    if sum(counts) < _LEAST_USUAL:
        return None
    place = next(i for i, below in enumerate(accumulate(counts)) if 2 * below >= sum(counts))
    bounds = (0.0, *LATENCY_BOUNDS_SECONDS, LATENCY_BOUNDS_SECONDS[-1])
    return bounds[place], bounds[place + 1]


def find(case: Case) -> Finding | None:
    """Report a liveness probe that waits behind the users' requests, as long as it has not killed for that."""
    probe, rise = case.container.liveness, rise_of(case)
    if probe is None or rise is None or restarts_of(case).by_probe.get(ProbeType.LIVENESS):
        return None
    confidence, unseen = from_repeats(rise.minutes, strength=_STRENGTH), may_be_unseen(case)
    return Finding(
        name=FindingName.LIVENESS_FOLLOWS_LOAD,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=min(confidence, UNSEEN_CONFIDENCE) if unseen else confidence,
        samples=rise.late,
        evidence=(*_evidence(rise, probe), *((UNSEEN,) if unseen else ())),
        explanation=(
            f"What liveness asks ({probe.handler}) answers the later the more is asked of the server. It has killed "
            "nobody yet; under more load it restarts containers that only work."
        ),
    )


def _evidence(rise: Rise, probe: Probe) -> Iterator[str]:
    least, most = rise.usual
    yield (
        f"{rise.late} of {rise.answers} answers to liveness in {several(rise.minutes, 'minute')} took over "
        f"{rise.limit_seconds:g} s; at other times it usually takes up to {most:g} s"
    )
    timeout = probe.timeout_seconds
    requests = f"{timeout / most:.0f} to {timeout / least:.0f}" if least else f"{timeout / most:.0f} or more"
    yield (
        f"it would begin to kill when about {requests} requests wait before its own at each server, or "
        f"{timeout / rise.deepest_seconds:.1f} times what waited then at the most, for {probe.borne_seconds} s: an "
        f"answer then takes over {timeout} s, {probe.failure_threshold} times in a row"
    )
