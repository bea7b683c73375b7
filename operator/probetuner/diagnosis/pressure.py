"""liveness-kill-under-pressure: restarts of containers that were busy, not stuck.

A timeout means that nothing answered in time, which a busy server and a stuck one have in common. What tells them
apart is what happened around the kill: a busy one answers slowly or now and then, recovers by itself at other times,
and a fresh container under the same load fails again at once. A stuck one answered quickly until it stopped for good,
and its successor is well.
"""

from dataclasses import dataclass

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import Probe, ProbeType

_SLOW_SHARE_OF_TIMEOUT = 0.25
_FIRST_KILL_STRENGTH, _PER_SIGN = 0.4, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sign:
    """Something that only a busy container shows: how often it was seen, and the sentence that says so."""

    count: int
    sentence: str


def killed_under_pressure(case: Case) -> tuple[Life, ...]:
    """The lives that a liveness probe ended by timeouts although the container was busy and not stuck."""
    kills = _silent_kills(case)
    return kills if any(sign.count for sign in _signs(case, kills)) else ()


def find(case: Case) -> Finding | None:
    """Report liveness kills by timeouts, if anything around them shows that the container was busy and not stuck."""
    probe, kills = case.container.liveness, killed_under_pressure(case)
    if probe is None or not kills:
        return None
    together = _together(case, kills)
    signs = [
        *_signs(case, kills),
        _Sign(count=together, sentence=f"{together} kills came while another replica failed the same probe"),
    ]
    seen = [sign.sentence for sign in signs if sign.count]
    return Finding(
        name=FindingName.LIVENESS_KILL_UNDER_PRESSURE,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=from_repeats(len(kills), strength=min(0.9, _FIRST_KILL_STRENGTH + _PER_SIGN * len(seen))),
        samples=len(kills),
        evidence=(f"{len(kills)} liveness kills followed timeouts of {probe.timeout_seconds} s", *seen),
        explanation=(
            f"The liveness probe ({probe.handler}) waits in the same queue as the users' requests. Under load it times "
            "out although the container works, and the restart takes capacity away just when it is needed."
        ),
    )


def _silent_kills(case: Case) -> tuple[Life, ...]:
    return tuple(
        life
        for life in case.probe_kills
        if case.killing_probe(life) is ProbeType.LIVENESS
        and not case.was_starting(life)
        and life.tally(ProbeType.LIVENESS).silent
    )


def _signs(case: Case, kills: tuple[Life, ...]) -> tuple[_Sign, ...]:
    probe = case.container.liveness
    if probe is None:
        return ()
    relapses = sum(_fails_again_at_once(case, life, probe) for life in kills)
    recoveries = len(_recoveries(case))
    slow, limit = _slow_answers(case, probe), probe.timeout_seconds * _SLOW_SHARE_OF_TIMEOUT
    return (
        _Sign(count=relapses, sentence=f"{relapses} fresh containers failed at once: the restart cured nothing"),
        _Sign(count=recoveries, sentence=f"{recoveries} runs of timeouts ended by themselves, without a restart"),
        _Sign(count=slow, sentence=f"{slow} answers took more than {limit:g} s in the same minutes"),
    )


def _fails_again_at_once(case: Case, life: Life, probe: Probe) -> bool:
    """Whether the life after this one failed before it ever passed the liveness probe."""
    fresh = case.next_life(life)
    if fresh is None:
        return False
    tally = fresh.tally(ProbeType.LIVENESS)
    if tally.first_failed_at is None:
        return False
    first_chance = fresh.started_at + probe.initial_delay_seconds + 2 * probe.period_seconds + probe.timeout_seconds
    passed_before = tally.first_succeeded_at is not None and tally.first_succeeded_at < tally.first_failed_at
    return tally.first_failed_at <= first_chance and not passed_before


def _recoveries(case: Case) -> tuple[FailureRun, ...]:
    return tuple(
        run
        for run in case.history.runs
        if run.probe is ProbeType.LIVENESS
        and run.ending is RunEnding.BY_ITSELF
        and any(cause.is_silence for cause in run.causes)
    )


def _slow_answers(case: Case, probe: Probe) -> int:
    """Successes that came close to the timeout, in the minutes in which others failed."""
    limit = probe.timeout_seconds * _SLOW_SHARE_OF_TIMEOUT
    slow = 0
    for minute in case.history.minutes:
        if minute.failed.get(ProbeType.LIVENESS, 0):
            counts = minute.latency.get(ProbeType.LIVENESS, ())
            below = (0.0, *LATENCY_BOUNDS_SECONDS)
            slow += sum(count for lower, count in zip(below, counts, strict=False) if lower >= limit)
    return slow


def _together(case: Case, kills: tuple[Life, ...]) -> int:
    """Kills during which another pod had a run of liveness failures too."""
    return sum(
        any(
            run.pod_uid != life.pod_uid
            and run.probe is ProbeType.LIVENESS
            and run.started_at <= (life.ended_at or life.started_at)
            and run.last_at >= (life.tally(ProbeType.LIVENESS).first_failed_at or life.started_at)
            for run in case.history.runs
        )
        for life in kills
    )
