"""Lock-ups: containers that stop answering for good, with and without a liveness probe to restart them."""

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.grace import passed_in_grace
from probetuner.diagnosis.hearing import did_not_hear, hears_sigterm
from probetuner.diagnosis.latency import is_slow_between
from probetuner.diagnosis.load import busy_kills
from probetuner.diagnosis.pauses import pauses_seconds
from probetuner.diagnosis.silence import proved_stuck, silent_kills, was_silent_to_the_end
from probetuner.diagnosis.starting import starting_kills
from probetuner.diagnosis.throttling import THROTTLED_SHARE, throttled_share
from probetuner.diagnosis.wording import several
from probetuner.history.attribution import RestartCause
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import Probe, ProbeType

_STRENGTH = 0.6
WELL_AGAIN_SECONDS, _ANSWERED_SECONDS, _AROUND_SECONDS = 60.0, 30.0, 60.0
_ODD_SHARE, _IN_A_ROW = 0.2, 2
_FOR_GOOD_SECONDS, _FOR_GOOD_PERIODS, _TIMES_LONGER = 60.0, 10, 3.0


@once
def killed_in_lockup(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended rightly: silent without any sign of load, and cured by the restart.

    Whose process proves that it was stuck was so whatever the fresh container ran into. None that answered readiness
    before it was gone. The odd one that was cured, among many kills of which nobody knows what they were, is none
    either: load ends some time too, and whoever was killed last before that looks cured.
    """
    silent = [life for life in silent_kills(case) if life not in busy_kills(case)]
    stuck = [life for life in silent if life in proved_stuck(case)]
    cured = [life for life in silent if life not in passed_in_grace(case) and life in cured_kills(case)]
    lasting = [life for life in cured if not _may_have_passed(case, life, unclear=len(silent))]
    found = tuple(life for life in silent if life in stuck or life in lasting)
    return found if len(found) >= _ODD_SHARE * len(silent) else tuple(stuck)


@once
def cured_kills(case: Case) -> tuple[Life, ...]:
    """The silent kills after which the container was well for a while, whatever they were."""
    return tuple(life for life in silent_kills(case) if _cured(case, life))


def _may_have_passed(case: Case, life: Life, *, unclear: int) -> bool:
    """Whether silences as long as this one is known to have been passed by themselves, and not just the odd one."""
    liveness = case.container.liveness or Probe(handler=None)
    silent_seconds = float(liveness.borne_seconds)
    if was_silent_to_the_end(case, life):
        silent_seconds += life.stop_seconds or 0.0
    passed = sum(seconds >= silent_seconds for seconds in pauses_seconds(case))
    return passed > 0 and passed >= _ODD_SHARE * unclear


@once
def sure_lockups(case: Case) -> tuple[Life, ...]:
    """Those of them that took the whole grace period although the process hears SIGTERM: no pause that ended, no drain.

    Of a process that is not known to hear it, a kill that took so long says nothing.
    """
    return tuple(filter(did_not_hear, killed_in_lockup(case))) if hears_sigterm(case) else ()


@once
def earlier_lockups(case: Case) -> tuple[Life, ...]:
    """The lives under older templates that liveness ended as they were stuck, as far as the process itself tells.

    It was silent and did not hear SIGTERM, though others of its kind do: for that, no matter what the probes were.
    """
    if not hears_sigterm(case):
        return ()
    return tuple(
        life
        for entry in case.older
        for life in entry.lives
        if life.killed_by is ProbeType.LIVENESS and life.tally(ProbeType.LIVENESS).silent and did_not_hear(life)
        if life.ended_at is not None and life.ended_at > entry.first_seen_at
    )


def _cured(case: Case, life: Life) -> bool:
    """Whether the next life that was let come up was well; where starts are ended now and then, it may not be the next.

    Why each of those ended need not be known. Who fails liveness twice in a row is not well, whatever comes of it.
    """
    unborn = (*starting_kills(case), *case.ended_by(RestartCause.UNKNOWN)) if starting_kills(case) else ()
    fresh = case.next_life(life)
    while fresh is not None and fresh.answered_at is None and fresh in unborn:
        fresh = case.next_life(fresh)
    if fresh is None or fresh.answered_at is None:
        return False
    probe, first = case.container.liveness or Probe(handler=None), case.first_run(fresh)
    lasted = (fresh.ended_at or case.history.last_seen_at) - fresh.started_at
    if first is not None and first.failures >= _IN_A_ROW:
        passed = first.started_at - fresh.started_at - probe.initial_delay_seconds
        if passed < _ANSWERED_SECONDS:
            return False
    return lasted >= max(WELL_AGAIN_SECONDS, _ANSWERED_SECONDS + probe.detection_seconds)


def find_killed(case: Case) -> Finding | None:
    """Report lock-ups that the liveness probe found and the restart cured."""
    probe, kills = case.container.liveness, killed_in_lockup(case)
    if probe is None or not kills:
        return None
    return Finding(
        name=FindingName.LIVENESS_KILL_OF_LOCKUP,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(len(kills), strength=_STRENGTH),
        samples=len(kills),
        evidence=(
            f"{several(len(kills), 'liveness kill')} followed silence that had not ended by itself",
            "answers were quick until they stopped, and the fresh container was well",
        ),
        explanation=(
            "The application gets stuck and only a restart helps: the liveness probe does what it is for and must "
            "stay. The cure is in the application; take a thread dump before the next restart."
        ),
    )


@once
def lockups_without_liveness(case: Case) -> tuple[FailureRun, ...]:
    """The runs of silence that never ended, in containers that had answered before and that nothing restarts."""
    probe = case.container.readiness
    if probe is None or case.container.liveness is not None:
        return ()
    return tuple(run for run in case.runs(ProbeType.READINESS) if _is_for_good(case, run, probe))


def _is_for_good(case: Case, run: FailureRun, probe: Probe) -> bool:
    silence = sum(count for cause, count in run.causes.items() if cause.is_silence)
    if run.ending is not RunEnding.OPEN or 2 * silence <= sum(run.causes.values()) or not silence:
        return False
    glitches = [
        other.last_at - other.started_at
        for other in case.runs(ProbeType.READINESS)
        if other.ending is RunEnding.BY_ITSELF
    ]
    lasted = lasts_seconds(case, run)
    long_enough = max(
        _FOR_GOOD_SECONDS, _FOR_GOOD_PERIODS * probe.period_seconds, _TIMES_LONGER * max(glitches, default=0.0)
    )
    return lasted >= long_enough and _answered_before(case, run) and not _loaded(case, run)


def lasts_seconds(case: Case, run: FailureRun) -> float:
    """How long an open run has lasted: at least as long as readiness keeps the pod out, whoever came to see it late."""
    kept_out = (spell for spell in case.history.unready if spell.pod_uid == run.pod_uid and spell.ended_at is None)
    since = min((spell.started_at for spell in kept_out), default=run.started_at)
    return case.history.last_seen_at - min(since, run.started_at)


def _answered_before(case: Case, run: FailureRun) -> bool:
    return any(
        life.pod_uid == run.pod_uid
        and (life.was_ready or (life.answered_at is not None and life.answered_at <= run.last_at))
        for life in case.history.lives
    )


def _loaded(case: Case, run: FailureRun) -> bool:
    """Whether answers were slower than usual, or the CPU throttled, when the silence began."""
    begin, end = run.started_at - _AROUND_SECONDS, run.started_at + _AROUND_SECONDS
    limited = throttled_share(case.minutes_between(begin, end)) >= THROTTLED_SHARE
    return limited or is_slow_between(case, ProbeType.READINESS, begin, end)


def find_unattended(case: Case) -> Finding | None:
    """Report lock-ups that nothing ends."""
    runs = lockups_without_liveness(case)
    if not runs:
        return None
    longest = max(lasts_seconds(case, run) for run in runs)
    return Finding(
        name=FindingName.LOCKUP_WITHOUT_LIVENESS,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=from_repeats(len(runs), strength=_STRENGTH),
        samples=len(runs),
        evidence=(
            f"{several(len(runs), 'replica')} answered at first, then went silent and never answered again",
            f"the longest silence has lasted {longest:.0f} s and goes on",
            "there is no liveness probe, so nothing restarts the container",
        ),
        explanation=(
            "The application gets stuck for good. Readiness takes it out of its Services but cannot bring it back; a "
            "liveness probe would restart it."
        ),
    )
