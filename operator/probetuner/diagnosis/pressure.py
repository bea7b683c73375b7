"""liveness-kill-under-pressure: restarts of containers that were busy, not stuck."""

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.load import busy_kills, describe, signs_of_load
from probetuner.diagnosis.silence import silent_kills
from probetuner.diagnosis.wording import several
from probetuner.history.life import Life
from probetuner.model.probe import ProbeType

_FIRST_KILL_STRENGTH, _PER_SIGN, _MOST_STRENGTH = 0.4, 0.2, 0.9


def killed_under_pressure(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended although the container was busy and not stuck."""
    return busy_kills(case)


def find(case: Case) -> Finding | None:
    """Report liveness kills by timeouts around which something shows that the container was busy."""
    probe, kills = case.container.liveness, killed_under_pressure(case)
    if probe is None or not kills:
        return None
    signs = [sign for life, sign in zip(silent_kills(case), signs_of_load(case), strict=True) if life in kills]
    seen = list(describe(tuple(signs), timeout_seconds=probe.timeout_seconds))
    together = _together(case, kills)
    if together:
        seen.append(f"{several(together, 'kill')} came while another replica failed the same probe")
    strength = min(_MOST_STRENGTH, _FIRST_KILL_STRENGTH + _PER_SIGN * len(seen))
    return Finding(
        name=FindingName.LIVENESS_KILL_UNDER_PRESSURE,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=from_repeats(len(kills), strength=strength),
        samples=len(kills),
        evidence=(f"{several(len(kills), 'liveness kill')} followed timeouts of {probe.timeout_seconds} s", *seen),
        explanation=(
            f"The liveness probe ({probe.handler}) waits in the same queue as the users' requests. Under load it times "
            "out although the container works, and the restart takes capacity away just when it is needed."
        ),
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
