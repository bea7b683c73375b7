"""liveness-kill-during-startup and startup-delay-too-long: too little and too much time to start."""

from probetuner.diagnosis.broken import never_succeeded
from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.lockup import killed_in_lockup
from probetuner.diagnosis.starting import failing_seconds, starting_kills
from probetuner.diagnosis.wording import several
from probetuner.history.attribution import RestartCause
from probetuner.history.life import Life
from probetuner.model.probe import Probe, ProbeType

_KILL_STRENGTH = 0.6
_START_STRENGTH = 0.6
_NOTABLE_DELAY_SECONDS = 15
_DELAY_TIMES_START = 2.0
_ABSURD_DELAY_SECONDS, _ABSURD_TIMES_START = 60, 4.0
_SAMPLES = 2
_SCRAPE_SECONDS = 15.0
"""How much later than its first attempt a container's answer is seen, by the kubelet's counters or its status."""
_LONGEST_START_SECONDS = 600.0
"""A Deployment's default progressDeadlineSeconds (deployment_util.go): what starts for longer has failed."""


@once
def killed_while_starting(case: Case) -> tuple[Life, ...]:
    """The lives that a probe ended before the application was up, but not by liveness that never succeeds."""
    return tuple(life for life in _unborn(case) if not _brought_failures(case, life))


@once
def ended_amid_crashes(case: Case) -> tuple[Life, ...]:
    """The lives that a probe ended for failures of the crashes before: the application does not come up by itself."""
    return tuple(life for life in _unborn(case) if _brought_failures(case, life))


def _unborn(case: Case) -> tuple[Life, ...]:
    by_broken = case.ended_by(RestartCause.LIVENESS_KILL) if never_succeeded(case, ProbeType.LIVENESS) else ()
    return tuple(life for life in starting_kills(case) if life not in by_broken)


def _brought_failures(case: Case, life: Life) -> bool:
    """Whether the life was killed for failures that crashes before it had left (worker.go: a streak outlives a crash).

    Such a container does not come up because it exits by itself, and more time would not help it.
    """
    return any(
        probe is not None and 0 < life.tally(kind).failed < probe.failure_threshold
        for kind in life.inherited
        if (probe := case.container.probe(kind)) is not None
    )


def find_killed(case: Case) -> Finding | None:
    """Report kills of containers that had not answered any probe yet."""
    kills = killed_while_starting(case)
    if not kills:
        return None
    by_startup = case.end_of(kills[-1]) is RestartCause.STARTUP_KILL
    longest = max((life.lasted_seconds or 0.0) for life in kills)
    starts, announced = case.start_seconds(), sum(case.history.kills.values())
    like = announced if len(kills) == len(case.probe_kills) else len(kills)
    came_up = f"{several(len(starts), 'start')} came up"
    return Finding(
        name=FindingName.LIVENESS_KILL_DURING_STARTUP,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=from_repeats(max(like, len(kills)), strength=_KILL_STRENGTH),
        samples=max(like, len(kills)),
        evidence=(
            f"{several(len(kills), 'container')} of {len(case.probe_kills)} that a probe killed had answered none yet",
            *((f"the kubelet announced {announced} kills",) if announced > len(case.probe_kills) else ()),
            f"the longest of these lives was ended {longest:.0f} s after its start",
            came_up + (f", the slowest after {max(starts):.0f} s" if starts else ""),
        ),
        explanation=(
            f"The {'startup' if by_startup else 'liveness'} probe ends the container while it is still starting, so "
            "it begins again and may never come up. A startup probe with enough failures holds the liveness probe back "
            "until the application has started."
        ),
    )


def late_probes(case: Case) -> tuple[ProbeType, ...]:
    """The probes whose initial delay is far longer than starts take, as the other probes show."""
    return tuple(kind for kind in ProbeType if _is_late(case, kind))


def _is_late(case: Case, kind: ProbeType) -> bool:
    """A late liveness probe holds no traffic back: short of the absurd it matters only where lock-ups wait for it.

    One look shows that a container has answered, and not when it first did.
    """
    probe = case.container.probe(kind)
    if probe is None or not case.was_watched:
        return False
    least, times = _NOTABLE_DELAY_SECONDS, _DELAY_TIMES_START
    if kind is ProbeType.LIVENESS and not killed_in_lockup(case):
        least, times = _ABSURD_DELAY_SECONDS, _ABSURD_TIMES_START
    starts = seen_starts(case, besides=kind)
    delay = probe.initial_delay_seconds
    return delay >= least and len(starts) >= _SAMPLES and times * max(starts) <= delay


def seen_starts(case: Case, *, besides: ProbeType) -> tuple[float, ...]:
    """Upper bounds of how long starts took, in seconds, by the first success of any other probe."""
    starts = []
    for life in case.history.lives:
        firsts = [
            tally.first_succeeded_at
            for kind, tally in life.tallies.items()
            if kind is not besides and tally.first_succeeded_at is not None
        ]
        if firsts:
            starts.append(max(0.0, min(firsts) - life.started_at))
    return tuple(starts)


def watched_starts(case: Case) -> tuple[Life, ...]:
    """The lives, under any template, of which it is known when they came up.

    They answered as soon as they were asked, or readiness was seen to fail before. Whoever begins to watch later sees
    only that they answer.
    """
    probe = case.container.readiness
    lives = [life for entry in (*case.older, case.history) for life in entry.lives] if probe else []
    return tuple(life for life in lives if probe and (_came_up_at_once(probe, life) or _failed_at_first(probe, life)))


def slow_starts(case: Case) -> tuple[float, ...]:
    """Upper bounds in seconds of how long those of these starts took that readiness was seen to fail in.

    The attempt after the last failure passed, where it is remembered which that was. Others came up before they were
    asked.
    """
    probe = case.container.readiness
    if probe is None:
        return ()
    failed = [life for life in watched_starts(case) if _failed_at_first(probe, life)]
    return tuple(_start_seconds(case, probe, life) for life in failed)


def _start_seconds(case: Case, readiness: Probe, life: Life) -> float:
    failing, answered_at = failing_seconds(case, life), life.answered_at or life.started_at
    answered = answered_at - life.started_at
    return min(answered, failing + readiness.cadence_seconds) if failing else answered


def _came_up_at_once(readiness: Probe, life: Life) -> bool:
    answered_at = life.answered_at
    return answered_at is not None and answered_at - life.started_at <= _first_chance(readiness) + _SCRAPE_SECONDS


def _failed_at_first(readiness: Probe, life: Life) -> bool:
    """Whether the first attempt failed: later failures of a container whose answers nobody saw are no start."""
    failed_at, answered_at = life.tally(ProbeType.READINESS).first_failed_at, life.answered_at
    if failed_at is None or answered_at is None or answered_at - life.started_at > _LONGEST_START_SECONDS:
        return False
    return failed_at - life.started_at <= _first_chance(readiness)


def _first_chance(readiness: Probe) -> int:
    return readiness.initial_delay_seconds + readiness.period_seconds + readiness.timeout_seconds


def find_delayed(case: Case) -> Finding | None:
    """Report initial delays that keep a container waiting that is up already."""
    kinds = late_probes(case)
    if not kinds:
        return None
    starts = [start for kind in kinds for start in seen_starts(case, besides=kind)]
    delays = ", ".join(f"{kind.value.lower()} {_delay(case, kind)} s" for kind in kinds)
    return Finding(
        name=FindingName.STARTUP_DELAY_TOO_LONG,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(len(starts), strength=_START_STRENGTH),
        samples=len(starts),
        evidence=(
            f"initialDelaySeconds: {delays}",
            f"{several(len(starts), 'start')} seen, none took longer than {max(starts):.0f} s",
        ),
        explanation=(
            "The container is up long before the probe first asks, so every start and every rollout waits for nothing."
        ),
    )


def _delay(case: Case, kind: ProbeType) -> int:
    probe = case.container.probe(kind)
    return probe.initial_delay_seconds if probe else 0
