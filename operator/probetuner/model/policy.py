"""What the user wants and permits: the spec of a ProbePolicy, with its defaults.

The API server applies the same defaults from the CRD's schema; they stand here too because a workload that is
enrolled by annotation alone has no policy of the user's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from probetuner.model.candidate import Candidate
from probetuner.model.probe import ProbeType
from probetuner.model.windows import MaintenanceWindow

MOST_CHANGES_PER_DAY = 10
"""As many as the log in the status holds: what is not in it cannot be counted."""

ANY_CONTAINER = "*"


class Allowance(StrEnum):
    """A kind of change that a user may permit."""

    THRESHOLDS = "Thresholds"
    TYPES = "Types"
    STARTUP = "Startup"
    REAPER = "Reaper"
    GRACE = "Grace"


class OnConflict(StrEnum):
    """What becomes of a recommendation for fields that somebody else manages too."""

    RECOMMEND = "Recommend"
    OVERRIDE = "Override"


class ReaperStrategy(StrEnum):
    """How orphans of exec probes may be given a parent that reaps them."""

    SHARE_PROCESS_NAMESPACE = "ShareProcessNamespace"
    TINI_INIT = "TiniInit"
    TINI_WRAPPER = "TiniWrapper"
    OFF = "Off"


class ContainerMode(StrEnum):
    """Whether the mode in force holds for a container, in the words of VPA's containerPolicies."""

    AUTO = "Auto"
    OFF = "Off"


THIRTY_DAYS_SECONDS = 30 * 86400.0
"""The time that objectives count mistakes in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Prices of what probes get wrong, each in seconds of one idle replica: one that could serve and gets no traffic.

    `error_seconds`: one replica-second of work that fails. `false_restart_seconds`: one restart of a container that
    would have come back, besides the time that the start takes. `rollout_seconds`: one rollout, for each replica. New
    numbers are worth one only if they gain more than that in 30 days.
    """

    error_seconds: int = 10
    """Users feel an error; of an idle replica they feel only that spare capacity is missing."""
    false_restart_seconds: int = 30
    """Requests cut off, cold caches, somebody's night."""
    rollout_seconds: int = 2592
    """A thousandth of 30 days: less cannot be told from chance in hours of watching."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """What the probes are for, in the words of failure detectors (Chen, Toueg and Aguilera, IEEE ToC 2002)."""

    liveness_detection_seconds: int = 60
    false_restarts_per_30_days: int = 1
    readiness_detection_seconds: int = 30
    flaps_per_30_days: int = 30
    startup_coverage: float = 0.99
    costs: Costs = Costs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The least and the most that a field may be set to; None is no limit."""

    least: int | None = None
    most: int | None = None

    def clamp(self, value: int) -> int:
        """The nearest permitted value."""
        if self.least is not None:
            value = max(value, self.least)
        if self.most is not None:
            value = min(value, self.most)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRules:
    """When changes may be made. `verify_seconds` is how long evidence for a verdict is waited for at most.

    Without `maintenance_windows` changes may be made at any time.
    """

    cooldown_seconds: int = 3600
    max_changes_per_day: int = 4
    verify_seconds: int = 1800
    min_replicas: int = 1
    maintenance_windows: tuple[MaintenanceWindow, ...] = ()
    on_conflict: OnConflict = OnConflict.RECOMMEND


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaper:
    """What may be done about zombies, once `Allowance.REAPER` permits that anything is done."""

    strategy: ReaperStrategy = ReaperStrategy.SHARE_PROCESS_NAMESPACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Whether the operator may try endpoints that nobody named."""

    discovery: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerRules:
    """The mode of each container, by name; `*` is any that is not named, and Auto what nobody speaks of."""

    modes: Mapping[str, ContainerMode] = field(default_factory=dict)

    def mode_of(self, container: str) -> ContainerMode:
        """The mode of the container of that name."""
        return self.modes.get(container, self.modes.get(ANY_CONTAINER, ContainerMode.AUTO))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The spec of a ProbePolicy. `bounds` maps a probe and an attribute of `Probe` to its range.

    `override_off` is whether the mode is meant to hold where the workload's own annotation is Off.
    """

    mode: str | None = None
    override_off: bool = False
    objectives: Objectives = Objectives()
    bounds: Mapping[tuple[ProbeType, str], Range] = field(default_factory=dict)
    allow: frozenset[Allowance] = frozenset({Allowance.THRESHOLDS, Allowance.TYPES, Allowance.STARTUP})
    apply: ApplyRules = ApplyRules()
    reaper: Reaper = Reaper()
    endpoints: Endpoints = Endpoints()
    candidates: tuple[Candidate, ...] = ()
    containers: ContainerRules = field(default_factory=ContainerRules)

    def clamp(self, probe: ProbeType, attribute: str, value: int) -> int:
        """The value nearest to *value* that the user permits for that field."""
        return self.bounds.get((probe, attribute), _UNBOUNDED).clamp(value)


_UNBOUNDED = Range()
