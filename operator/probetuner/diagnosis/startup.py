"""liveness-kill-during-startup: containers that are killed before they were ever up."""

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.history.life import Life

_STRENGTH = 0.6


def killed_while_starting(case: Case) -> tuple[Life, ...]:
    """The lives that a probe ended before the application was up."""
    return tuple(life for life in case.probe_kills if case.was_starting(life))


def find(case: Case) -> Finding | None:
    """Report kills of containers that had not answered any probe yet."""
    kills = killed_while_starting(case)
    if not kills:
        return None
    killer = case.killing_probe(kills[-1])
    longest = max((life.lasted_seconds or 0.0) for life in kills)
    starts = case.answer_seconds()
    evidence = [
        f"{len(kills)} of {len(case.probe_kills)} kills by a probe hit a container that had not answered any probe yet",
        f"the longest of these lives was ended {longest:.0f} s after its start",
        f"{len(starts)} starts came up" + (f", the slowest after {max(starts):.0f} s" if starts else ""),
    ]
    return Finding(
        name=FindingName.LIVENESS_KILL_DURING_STARTUP,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=from_repeats(len(kills), strength=_STRENGTH),
        samples=len(kills),
        evidence=tuple(evidence),
        explanation=(
            f"The {killer.value.lower()} probe ends the container while it is still starting, so it begins again "
            "and may never come up. A startup probe holds the liveness probe back until the application has started."
        ),
    )
