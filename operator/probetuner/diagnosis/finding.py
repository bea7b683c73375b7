"""What a finding is. Their names are an API: they stand in status, metrics, reports and the docs."""

from dataclasses import dataclass
from enum import StrEnum


class FindingName(StrEnum):
    """Every finding that a diagnosis can give."""

    LIVENESS_KILL_UNDER_PRESSURE = "liveness-kill-under-pressure"
    LIVENESS_KILL_DURING_STARTUP = "liveness-kill-during-startup"
    CRASH = "crash"
    OOM_KILLED = "oom-killed"
    INSUFFICIENT_EVIDENCE = "insufficient-evidence"
    HEALTHY = "healthy"


class Severity(StrEnum):
    """How much a finding matters: `critical` costs users something now, `warning` will, `info` does not."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Larger is worse."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found about one container.

    `confidence` is from 0 to 1, `samples` how many observations stand behind it. `evidence` is sentences that a
    person can check against the cluster, `explanation` says in one or two sentences what it means.
    """

    name: FindingName
    container: str
    severity: Severity
    confidence: float
    samples: int
    evidence: tuple[str, ...]
    explanation: str
