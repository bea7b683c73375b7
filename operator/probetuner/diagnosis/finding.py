"""What a finding is. Their names are an API: they stand in status, metrics, reports and the docs."""

from dataclasses import dataclass
from enum import StrEnum


class FindingName(StrEnum):
    """Every finding that a diagnosis can give."""

    LIVENESS_KILL_UNDER_PRESSURE = "liveness-kill-under-pressure"
    LIVENESS_KILL_DURING_STARTUP = "liveness-kill-during-startup"
    LIVENESS_KILL_BY_DEPENDENCY = "liveness-kill-by-dependency"
    LIVENESS_KILL_OF_LOCKUP = "liveness-kill-of-lockup"
    LIVENESS_KILL_UNEXPLAINED = "liveness-kill-unexplained"
    LIVENESS_FOLLOWS_LOAD = "liveness-follows-load"
    LOCKUP_WITHOUT_LIVENESS = "lockup-without-liveness"
    READINESS_FLAPPING = "readiness-flapping"
    PROBE_NEVER_SUCCEEDS = "probe-never-succeeds"
    PROBE_ERRORS = "probe-errors"
    PROBE_TIMEOUT_TOO_SHORT = "probe-timeout-too-short"
    PROBE_RUNTIME_ERRORS = "probe-runtime-errors"
    UNREADY_FOR_GOOD = "unready-for-good"
    CRASH = "crash"
    OOM_KILLED = "oom-killed"
    CPU_THROTTLED = "cpu-throttled"
    ZOMBIES = "zombies"
    EXEC_WITHOUT_REAPER = "exec-without-reaper"
    SINGLE_REPLICA_READINESS = "single-replica-readiness"
    MISSING_READINESS = "missing-readiness"
    MISSING_LIVENESS = "missing-liveness"
    LIVENESS_BEFORE_READINESS = "liveness-before-readiness"
    STARTUP_DELAY_TOO_LONG = "startup-delay-too-long"
    DETECTION_TOO_SLOW = "detection-too-slow"
    GRACE_TOO_LONG = "grace-too-long"
    TIMEOUT_EXCEEDS_PERIOD = "timeout-exceeds-period"
    PORT_NOT_DECLARED = "port-not-declared"
    HOST_IN_PROBE = "host-in-probe"
    SUCCESS_THRESHOLD_IGNORED = "success-threshold-ignored"
    REJECTED_BY_API_SERVER = "rejected-by-api-server"
    LIVENESS_AS_STRICT_AS_READINESS = "liveness-as-strict-as-readiness"
    LIVENESS_ASKS_READINESS = "liveness-asks-readiness"
    LIVENESS_TOO_EAGER = "liveness-too-eager"
    START_NOT_PROTECTED = "start-not-protected"
    INITIAL_DELAY_AS_STARTUP_PROBE = "initial-delay-as-startup-probe"
    READINESS_TOO_SLOW = "readiness-too-slow"
    EXEC_TIMEOUT_DEFAULT = "exec-timeout-default"
    EXEC_WITHOUT_EXIT_CODE = "exec-without-exit-code"
    NODE_DISTURBANCE = "node-disturbance"
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

    @property
    def is_trouble(self) -> bool:
        """Whether it was seen to hurt: only that has mode Apply change a workload without being asked again.

        A finding that is not listed below is none, so a new one is safe until somebody has thought about it; nor is one
        that is only worth knowing.
        """
        return self.name in _TROUBLES and self.severity is not Severity.INFO


_TROUBLES = frozenset(
    {
        FindingName.LIVENESS_KILL_UNDER_PRESSURE,
        FindingName.LIVENESS_KILL_DURING_STARTUP,
        FindingName.LIVENESS_KILL_BY_DEPENDENCY,
        FindingName.LIVENESS_KILL_OF_LOCKUP,
        FindingName.LIVENESS_KILL_UNEXPLAINED,
        FindingName.LOCKUP_WITHOUT_LIVENESS,
        FindingName.PROBE_TIMEOUT_TOO_SHORT,
        FindingName.PROBE_RUNTIME_ERRORS,
        FindingName.UNREADY_FOR_GOOD,
        FindingName.READINESS_FLAPPING,
        FindingName.PROBE_NEVER_SUCCEEDS,
        FindingName.PROBE_ERRORS,
        FindingName.CRASH,
        FindingName.OOM_KILLED,
        FindingName.CPU_THROTTLED,
        FindingName.ZOMBIES,
        FindingName.SINGLE_REPLICA_READINESS,
        FindingName.DETECTION_TOO_SLOW,
        FindingName.GRACE_TOO_LONG,
    }
)
"""What is seen in the cluster and hurts: restarts, refused requests, lock-ups that last, processes that pile up.

Not in it is what the manifest alone shows, whatever its confidence. Nor is startup-delay-too-long, which is seen, but
makes rollouts slower and nothing else, and mending it costs one. missing-liveness says again what
lockup-without-liveness says, liveness-follows-load has cost nothing yet, and no probe causes node-disturbance.
single-replica-readiness is worth knowing, and trouble only where readiness was seen to take the only backend away.
"""
