"""Reading the spec of a ProbePolicy as the API server or a file gives it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from probetuner.model.candidate import parse_candidates
from probetuner.model.fields import INT32_MAX, objects, shown
from probetuner.model.policy import (
    ANY_CONTAINER,
    MOST_CHANGES_PER_DAY,
    THIRTY_DAYS_SECONDS,
    Allowance,
    ApplyRules,
    ContainerMode,
    ContainerRules,
    Costs,
    Endpoints,
    Objectives,
    OnConflict,
    Policy,
    Range,
    Reaper,
    ReaperStrategy,
)
from probetuner.model.probe import ProbeType
from probetuner.model.problem import InvalidObjectError
from probetuner.model.windows import parse_windows
from probetuner.model.workload import WorkloadKind, WorkloadRef, section

_Word = TypeVar("_Word", bound=StrEnum)


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
        override_off=_flag(spec, "overrideOff", place),
        objectives=_parse_objectives(section(spec, "objectives", place), f"{place}.objectives"),
        bounds=_parse_bounds(section(spec, "bounds", place), f"{place}.bounds"),
        allow=Policy().allow if allow is None else _parse_allow(allow, f"{place}.allow"),
        apply=_parse_apply(section(spec, "apply", place), f"{place}.apply"),
        reaper=_parse_reaper(section(spec, "reaper", place), f"{place}.reaper"),
        endpoints=_parse_endpoints(section(spec, "endpoints", place), f"{place}.endpoints"),
        candidates=parse_candidates(spec, place),
        containers=_parse_containers(spec, place),
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
        costs=_parse_costs(section(raw, "costs", place), f"{place}.costs"),
    )


def _parse_costs(raw: Mapping[str, Any], place: str) -> Costs:
    """The prices, within the same limits as in the CRD's schema. One that nobody can mean is refused, never cut."""
    default = Costs()
    return Costs(
        error_seconds=_count(raw, "errorSeconds", default.error_seconds, place, least=1, most=_MOST_ERROR_SECONDS),
        false_restart_seconds=_count(
            raw, "falseRestartSeconds", default.false_restart_seconds, place, most=_MOST_RESTART_SECONDS
        ),
        rollout_seconds=_count(raw, "rolloutSeconds", default.rollout_seconds, place, most=_MOST_ROLLOUT_SECONDS),
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
    daily = _count(raw, "maxChangesPerDay", default.max_changes_per_day, place)
    if daily > MOST_CHANGES_PER_DAY:
        raise InvalidObjectError(f"{place}.maxChangesPerDay", f"is {daily}; at most {MOST_CHANGES_PER_DAY} are counted")
    return ApplyRules(
        cooldown_seconds=_count(raw, "cooldownSeconds", default.cooldown_seconds, place),
        max_changes_per_day=daily,
        verify_seconds=_count(raw, "verifySeconds", default.verify_seconds, place),
        min_replicas=_count(raw, "minReplicas", default.min_replicas, place),
        maintenance_windows=parse_windows(raw, place),
        on_conflict=_word(OnConflict, raw.get("onConflict", default.on_conflict), f"{place}.onConflict"),
    )


def _parse_reaper(raw: Mapping[str, Any], place: str) -> Reaper:
    strategy = raw.get("strategy", Reaper().strategy)
    return Reaper(strategy=_word(ReaperStrategy, strategy, f"{place}.strategy"))


def _parse_endpoints(raw: Mapping[str, Any], place: str) -> Endpoints:
    return Endpoints(discovery=_flag(raw, "discovery", place))


def _parse_containers(spec: Mapping[str, Any], place: str) -> ContainerRules:
    modes: dict[str, ContainerMode] = {}
    for index, rule in enumerate(objects(spec, "containers", place)):
        at, name = f"{place}.containers[{index}]", rule.get("name")
        if not isinstance(name, str) or not name or name in modes:
            raise InvalidObjectError(f"{at}.name", f"is {name!r}; name each container once, or {ANY_CONTAINER} for all")
        modes[name] = _word(ContainerMode, rule.get("mode", ContainerMode.AUTO), f"{at}.mode")
    return ContainerRules(modes=modes)


def _word(kind: type[_Word], value: Any, place: str) -> _Word:
    words = {word.value: word for word in kind}
    if not isinstance(value, str) or value not in words:
        raise InvalidObjectError(place, f"is {value!r}; allowed are {', '.join(words)}")
    return words[value]


def _flag(raw: Mapping[str, Any], name: str, place: str) -> bool:
    value = raw.get(name, False)
    if not isinstance(value, bool):
        raise InvalidObjectError(f"{place}.{name}", f"is {value!r}, neither true nor false")
    return value


def _limit(raw: Mapping[str, Any], name: str, place: str) -> int | None:
    return None if raw.get(name) is None else _count(raw, name, 0, place)


def _count(
    raw: Mapping[str, Any], name: str, default: int, place: str, *, least: int = 0, most: int = INT32_MAX
) -> int:
    value = raw.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidObjectError(f"{place}.{name}", f"is {shown(value)}, not a whole number from {least} to {most}")
    return value


_MOST_ERROR_SECONDS = 1000
"""From 1: an error is no better than an idle replica. A thousand is a hundred times the default."""
_MOST_RESTART_SECONDS = 86400
"""A day of one replica."""
_MOST_ROLLOUT_SECONDS = int(THIRTY_DAYS_SECONDS)
"""All the time that a change could gain: at that price none is worth a rollout."""
_KINDS = {kind.value: kind for kind in WorkloadKind}
_BOUNDED = {
    "initialDelaySeconds": "initial_delay_seconds",
    "timeoutSeconds": "timeout_seconds",
    "periodSeconds": "period_seconds",
    "failureThreshold": "failure_threshold",
}
