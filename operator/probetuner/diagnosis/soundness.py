"""healthy and insufficient-evidence: what is said of a container in which nothing wrong was found."""

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.model.probe import ProbeType

_ENOUGH_SUCCESSES = 10
_ENOUGH_SECONDS_WITHOUT_COUNTERS = 600.0
_STRENGTH = 0.2


def judge(case: Case) -> Finding:
    """Say healthy when every probe was seen to work often enough, else say what is missing."""
    missing = _missing(case)
    return _insufficient(case, missing) if missing else _healthy(case)


def _missing(case: Case) -> tuple[str, ...]:
    if not case.history.lives:
        return ("no start of the container was seen yet",)
    kinds = [kind for kind in ProbeType if case.container.probe(kind) is not None]
    if not kinds:
        return ()
    if not case.history.minutes:
        left = _ENOUGH_SECONDS_WITHOUT_COUNTERS - case.observed_seconds
        return () if left <= 0 else (f"the kubelet's counters; without them {left:.0f} s more without a failure",)
    return tuple(
        f"{_ENOUGH_SUCCESSES - count} more successes of the {kind.value.lower()} probe"
        for kind in kinds
        if kind is not ProbeType.STARTUP and (count := _succeeded(case, kind)) < _ENOUGH_SUCCESSES
    )


def _succeeded(case: Case, kind: ProbeType) -> int:
    return sum(life.tally(kind).succeeded for life in case.history.lives)


def _insufficient(case: Case, missing: tuple[str, ...]) -> Finding:
    return Finding(
        name=FindingName.INSUFFICIENT_EVIDENCE,
        container=case.container.name,
        severity=Severity.INFO,
        confidence=0.0,
        samples=len(case.history.lives),
        evidence=tuple(f"missing: {what}" for what in missing),
        explanation="Too little was seen to judge this container's probes; nothing is recommended until there is more.",
    )


def _healthy(case: Case) -> Finding:
    kinds = [kind for kind in ProbeType if case.container.probe(kind) is not None]
    counts = [
        f"{_succeeded(case, kind)} successes and {failed} failures of the {kind.value.lower()} probe"
        for kind in kinds
        for failed in (sum(life.tally(kind).failed for life in case.history.lives),)
    ]
    samples = sum(_succeeded(case, kind) for kind in kinds)
    return Finding(
        name=FindingName.HEALTHY,
        container=case.container.name,
        severity=Severity.INFO,
        confidence=from_repeats(samples, strength=_STRENGTH),
        samples=samples,
        evidence=(f"watched for {case.observed_seconds:.0f} s", *counts),
        explanation="The probes did what they are for; nothing is recommended.",
    )
