"""cpu-throttled: probe trouble that is want of CPU."""

from collections.abc import Sequence

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.wording import several
from probetuner.history.record import Minute

_STRENGTH = 0.5
THROTTLED_SHARE = 0.25
"""From this share of throttled CFS periods on, want of CPU explains late answers."""
_LEAST_FAILURES = 3


@once
def throttled_minutes(case: Case) -> tuple[Minute, ...]:
    """The minutes in which probes failed and the container was throttled in a good part of its CFS periods."""
    return tuple(
        minute
        for minute in case.history.minutes
        if sum(minute.failed.values()) and throttled_share((minute,)) >= THROTTLED_SHARE
    )


def may_be_unseen(case: Case) -> bool:
    """Whether a CPU limit may stop the container without its watcher seeing it: its CFS periods are not counted.

    The kubelet's counters tell; they are refused, for instance, where its serving certificate is self-signed.
    """
    counted = any(minute.cpu_periods for minute in case.history.minutes)
    return case.was_watched and case.container.has_cpu_limit and not counted


UNSEEN = (
    "not known: whether its CPU limit stopped it then, which would explain late answers as well; the kubelet's "
    "counters (container_cpu_cfs_throttled_periods_total) would decide it"
)
"""What is said of timeouts of such a container."""
UNSEEN_CONFIDENCE = 0.75
"""As sure as a finding can be that counters may contradict: too little to apply anything by itself (`change.gate`)."""


def throttled_share(minutes: Sequence[Minute]) -> float:
    """The share of the CFS periods in these minutes in which containers were throttled; 0 where none is known."""
    periods = sum(minute.cpu_periods for minute in minutes)
    return sum(minute.cpu_throttled for minute in minutes) / periods if periods else 0.0


def find(case: Case) -> Finding | None:
    """Report probe failures that coincide with CFS throttling and are silence, as slowness makes it."""
    minutes = throttled_minutes(case)
    failures = sum(sum(minute.failed.values()) for minute in minutes)
    silent = any(cause.is_silence for run in case.history.runs for cause in run.causes)
    if failures < _LEAST_FAILURES or not silent:
        return None
    share = throttled_share(minutes)
    return Finding(
        name=FindingName.CPU_THROTTLED,
        container=case.container.name,
        severity=Severity.CRITICAL,
        confidence=from_repeats(len(minutes), strength=_STRENGTH),
        samples=failures,
        evidence=(
            f"throttled in {share:.0%} of the CFS periods of {several(len(minutes), 'minute')} with failing probes",
            f"{several(failures, 'probe')} failed in them, by timeouts",
        ),
        explanation=(
            "The container is stopped by its CPU limit while it should answer. Give it more CPU first; longer timeouts "
            "would only hide that users wait as well."
        ),
    )
