"""crash and oom-killed: restarts that are the application's own, or the kernel's, and no probe's doing."""

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.history.attribution import RestartCause

_STRENGTH = 0.8


def find_crash(case: Case) -> Finding | None:
    """Report exits of the application's own accord."""
    exits = case.ended_by(RestartCause.CRASH)
    if not exits:
        return None
    codes = sorted({life.exit_code for life in exits if life.exit_code is not None})
    return Finding(
        name=FindingName.CRASH,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(len(exits), strength=_STRENGTH),
        samples=len(exits),
        evidence=(
            f"{len(exits)} exits by itself, exit code {', '.join(map(str, codes))}",
            f"the last one after {exits[-1].lasted_seconds or 0:.0f} s",
            "no probe had reached its threshold and the kubelet announced no kill",
        ),
        explanation=(
            "The process ends by itself; no probe setting changes that. Look at what it printed before it ended "
            "(kubectl logs --previous)."
        ),
    )


def find_oom(case: Case) -> Finding | None:
    """Report kills by the kernel for want of memory."""
    kills = case.ended_by(RestartCause.OOM)
    if not kills:
        return None
    return Finding(
        name=FindingName.OOM_KILLED,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(len(kills), strength=_STRENGTH),
        samples=len(kills),
        evidence=(
            f"{len(kills)} exits with reason OOMKilled and exit code 137",
            f"the last one after {kills[-1].lasted_seconds or 0:.0f} s",
        ),
        explanation=(
            "The kernel ended the process because the container reached its memory limit; no probe setting changes "
            "that. Raise the limit, or find what grows."
        ),
    )
