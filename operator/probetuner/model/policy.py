"""What the user wants and permits: the spec of a ProbePolicy, with its defaults.

The API server applies the same defaults from the CRD's schema; they stand here too because a workload that is
enrolled by annotation alone has no policy of the user's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from probetuner.model.probe import ProbeType
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadKind, WorkloadRef, section


class Allowance(StrEnum):
    """A kind of change that a user may permit."""

    THRESHOLDS = "Thresholds"
    TYPES = "Types"
    STARTUP = "Startup"
    REAPER = "Reaper"
    GRACE = "Grace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """What the probes are for, in the words of failure detectors (Chen, Toueg and Aguilera, IEEE ToC 2002)."""

    liveness_detection_seconds: int = 60
    false_restarts_per_30_days: int = 1
    readiness_detection_seconds: int = 30
    flaps_per_30_days: int = 30
    startup_coverage: float = 0.99


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
    """When changes may be made. `verify_seconds` is how long evidence for a verdict is waited for at most."""

    cooldown_seconds: int = 3600
    max_changes_per_day: int = 4
    verify_seconds: int = 1800
    min_replicas: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The spec of a ProbePolicy. `bounds` maps a probe and an attribute of `Probe` to its range."""

    mode: str | None = None
    objectives: Objectives = Objectives()
    bounds: Mapping[tuple[ProbeType, str], Range] = field(default_factory=dict)
    allow: frozenset[Allowance] = frozenset({Allowance.THRESHOLDS, Allowance.TYPES, Allowance.STARTUP})
    apply: ApplyRules = ApplyRules()

    def clamp(self, probe: ProbeType, attribute: str, value: int) -> int:
        """The value nearest to *value* that the user permits for that field."""
        return self.bounds.get((probe, attribute), _UNBOUNDED).clamp(value)


def parse_target(spec: Mapping[str, Any], *, namespace: str, place: str) -> WorkloadRef:
    """Read spec.targetRef. Raises InvalidObjectError."""
    target = section(spec, "targetRef", f"{place}: spec")
    kind, name = target.get("kind"), target.get("name")
    if not isinstance(kind, str) or kind not in _KINDS or not isinstance(name, str) or not name:
        raise InvalidObjectError(f"{place}: spec.targetRef", f"names no workload: kind {kind!r}, name {name!r}")
    return WorkloadRef(kind=_KINDS[kind], namespace=namespace, name=name)


def parse_policy(spec: Mapping[str, Any], *, place: str) -> Policy:
    """Read the spec of a ProbePolicy. *place* names it in errors. Raises InvalidObjectError."""
    place = f"{place}: spec"
    mode = spec.get("mode")
    allow = spec.get("allow")
    return Policy(
        mode=None if mode is None else str(mode),
        objectives=_parse_objectives(section(spec, "objectives", place), f"{place}.objectives"),
        bounds=_parse_bounds(section(spec, "bounds", place), f"{place}.bounds"),
        allow=Policy().allow if allow is None else _parse_allow(allow, f"{place}.allow"),
        apply=_parse_apply(section(spec, "apply", place), f"{place}.apply"),
    )


def _parse_objectives(raw: Mapping[str, Any], place: str) -> Objectives:
    liveness, readiness = section(raw, "liveness", place), section(raw, "readiness", place)
    startup, default = section(raw, "startup", place), Objectives()
    coverage = startup.get("coverage", default.startup_coverage)
    if isinstance(coverage, bool) or not isinstance(coverage, int | float) or not 0 < coverage < 1:
        raise InvalidObjectError(f"{place}.startup.coverage", f"is {coverage!r}, not a share between 0 and 1")
    return Objectives(
        liveness_detection_seconds=_count(
            liveness, "detectionSeconds", default.liveness_detection_seconds, f"{place}.liveness"
        ),
        false_restarts_per_30_days=_count(
            liveness, "falseRestartsPer30Days", default.false_restarts_per_30_days, f"{place}.liveness"
        ),
        readiness_detection_seconds=_count(
            readiness, "detectionSeconds", default.readiness_detection_seconds, f"{place}.readiness"
        ),
        flaps_per_30_days=_count(readiness, "flapsPer30Days", default.flaps_per_30_days, f"{place}.readiness"),
        startup_coverage=float(coverage),
    )


def _parse_bounds(raw: Mapping[str, Any], place: str) -> dict[tuple[ProbeType, str], Range]:
    bounds = {}
    for kind in ProbeType:
        fields = section(raw, kind.value.lower(), place)
        for name, attribute in _BOUNDED.items():
            limits = section(fields, name, f"{place}.{kind.value.lower()}")
            if limits:
                at = f"{place}.{kind.value.lower()}.{name}"
                bounds[kind, attribute] = Range(least=_limit(limits, "min", at), most=_limit(limits, "max", at))
    return bounds


def _parse_allow(raw: Any, place: str) -> frozenset[Allowance]:
    words = {allowance.value: allowance for allowance in Allowance}
    if not isinstance(raw, list) or not all(isinstance(word, str) and word in words for word in raw):
        raise InvalidObjectError(place, f"is {raw!r}; allowed are {', '.join(words)}")
    return frozenset(words[word] for word in raw)


def _parse_apply(raw: Mapping[str, Any], place: str) -> ApplyRules:
    default = ApplyRules()
    return ApplyRules(
        cooldown_seconds=_count(raw, "cooldownSeconds", default.cooldown_seconds, place),
        max_changes_per_day=_count(raw, "maxChangesPerDay", default.max_changes_per_day, place),
        verify_seconds=_count(raw, "verifySeconds", default.verify_seconds, place),
        min_replicas=_count(raw, "minReplicas", default.min_replicas, place),
    )


def _limit(raw: Mapping[str, Any], name: str, place: str) -> int | None:
    return None if raw.get(name) is None else _count(raw, name, 0, place)


def _count(raw: Mapping[str, Any], name: str, default: int, place: str) -> int:
    value = raw.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidObjectError(f"{place}.{name}", f"is {value!r}, not a whole number from 0")
    return value


_KINDS = {kind.value: kind for kind in WorkloadKind}
_UNBOUNDED = Range()
_BOUNDED = {
    "initialDelaySeconds": "initial_delay_seconds",
    "timeoutSeconds": "timeout_seconds",
    "periodSeconds": "period_seconds",
    "failureThreshold": "failure_threshold",
}
