"""liveness-kill-under-pressure: restarts of containers that were busy, not stuck."""

from collections.abc import Iterator

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.load import are_pauses, busy_kills, describe, signs_of_load
from probetuner.diagnosis.silence import silent_kills
from probetuner.diagnosis.throttling import UNSEEN, UNSEEN_CONFIDENCE, may_be_unseen
from probetuner.diagnosis.turned_away import passed_by_themselves, turned_away_kills
from probetuner.diagnosis.wording import several
from probetuner.history.life import Life
from probetuner.model.probe import Probe, ProbeType

_FIRST_KILL_STRENGTH, _PER_SIGN, _MOST_STRENGTH = 0.4, 0.2, 0.9


def killed_under_pressure(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended although the container was busy and not stuck."""
    return (*busy_kills(case), *turned_away_kills(case))


def find(case: Case) -> Finding | None:
    """Report liveness kills around which something shows that the container was busy, or would have come back."""
    probe, kills, away = case.container.liveness, killed_under_pressure(case), turned_away_kills(case)
    if probe is None or not kills:
        return None
    seen = list(_signs(case, probe))
    confidence = from_repeats(len(kills), strength=weight_of_kill(case))
    if may_be_unseen(case) and len(away) < len(kills):
        confidence = min(confidence, UNSEEN_CONFIDENCE)
        seen.append(UNSEEN)
    return Finding(
        name=FindingName.LIVENESS_KILL_UNDER_PRESSURE,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=confidence,
        samples=len(kills),
        evidence=(*_followed(len(kills) - len(away), len(away), probe), *seen),
        explanation=_explanation(case, probe),
    )


def weight_of_kill(case: Case) -> float:
    """How sure each kill makes by itself: the more, the more kinds of signs there are in all."""
    probe = case.container.liveness
    signs = 0 if probe is None else len(list(_signs(case, probe)))
    return min(_MOST_STRENGTH, _FIRST_KILL_STRENGTH + _PER_SIGN * signs)


def _signs(case: Case, probe: Probe) -> Iterator[str]:
    """What shows that the kills hit busy containers, a sentence for each kind."""
    kills = killed_under_pressure(case)
    signs = [sign for life, sign in zip(silent_kills(case), signs_of_load(case), strict=True) if life in kills]
    yield from describe(tuple(signs), timeout_seconds=probe.timeout_seconds)
    if turned_away_kills(case):
        yield f"{several(len(passed_by_themselves(case)), 'run')} of cut-off connections ended without a restart"
    together = _together(case, kills)
    if together:
        yield f"{several(together, 'kill')} came while another replica failed the same probe"


def _followed(late: int, away: int, probe: Probe) -> Iterator[str]:
    if late:
        yield f"{several(late, 'liveness kill')} followed timeouts of {probe.timeout_seconds} s"
    if away:
        yield f"{several(away, 'liveness kill')} followed connections that the server cut off at once (EOF or reset)"


def _explanation(case: Case, probe: Probe) -> str:
    if turned_away_kills(case):
        return (
            f"The server has no connection left for the liveness probe ({probe.handler}) under load, and cuts it off. "
            "A stuck process would keep it waiting. The restart takes capacity away just when it is needed."
        )
    if are_pauses(case):
        return (
            f"The process pauses for longer than the liveness probe ({probe.handler}) bears, and then goes on by "
            "itself. The restart costs more than the pause."
        )
    return (
        f"The liveness probe ({probe.handler}) waits in the same queue as the users' requests. Under load it times "
        "out although the container works, and the restart takes capacity away just when it is needed."
    )


def _together(case: Case, kills: tuple[Life, ...]) -> int:
    """Kills during which another pod had a run of liveness failures too."""
    return sum(
        any(
            run.pod_uid != life.pod_uid
            and run.started_at <= (life.ended_at or life.started_at)
            and run.last_at >= (life.tally(ProbeType.LIVENESS).first_failed_at or life.started_at)
            for run in case.runs(ProbeType.LIVENESS)
        )
        for life in kills
    )
