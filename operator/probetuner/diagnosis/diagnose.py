"""All findings about a workload."""

from collections.abc import Callable, Sequence

from probetuner.diagnosis import (
    broken,
    dependency,
    disturbance,
    exits,
    flapping,
    following,
    lockup,
    lone,
    pressure,
    reaping,
    runtime,
    shape,
    short,
    slowness,
    soundness,
    startup,
    throttling,
    unexplained,
    unready,
    written,
)
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.finding import Finding, Severity
from probetuner.facts.inspection import Inspection
from probetuner.history.record import ContainerHistory, WorkloadHistory
from probetuner.model.policy import Objectives
from probetuner.model.workload import Workload

Rule = Callable[[Case], Finding | None]

_OBSERVED: tuple[Rule, ...] = (
    pressure.find,
    startup.find_killed,
    dependency.find,
    lockup.find_killed,
    unexplained.find,
    lockup.find_unattended,
    unready.find,
    broken.find_never,
    broken.find_errors,
    runtime.find,
    short.find,
    following.find,
    throttling.find,
    flapping.find,
    reaping.find_zombies,
    exits.find_oom,
    exits.find_crash,
    startup.find_delayed,
    slowness.find_slow_detection,
    slowness.find_long_grace,
    slowness.find_missing_liveness,
    disturbance.find,
)
_WRITTEN: tuple[Rule, ...] = (
    written.find_refused,
    shape.find_unknown_ports,
    shape.find_hosts,
    shape.find_success_thresholds,
    shape.find_wrong_order,
    shape.find_long_timeouts,
    lone.find,
    shape.find_missing_readiness,
    reaping.find_unreaped,
    written.find_eager_liveness,
    written.find_unprotected_start,
    written.find_delay_for_startup,
    written.find_strict_liveness,
    written.find_readiness_asked,
    written.find_slow_readiness,
    written.find_default_exec_timeouts,
    written.find_hidden_failures,
)


def cases(
    workload: Workload,
    history: WorkloadHistory,
    *,
    objectives: Objectives | None = None,
    exposed: bool | None = None,
    inspections: Sequence[Inspection] = (),
) -> tuple[Case, ...]:
    """The containers of the present template with what is remembered of them under it."""
    return tuple(
        Case(
            workload=workload,
            container=container,
            history=history.latest(container.name, replaced=workload.rollout.replaced) or _nothing_yet(container.name),
            objectives=objectives or Objectives(),
            exposed=exposed,
            inspections=tuple(found for found in inspections if found.container == container.name),
            earlier=history.of(container.name),
        )
        for container in workload.containers
    )


def remembered(workload: Workload, history: WorkloadHistory) -> tuple[Case, ...]:
    """Every container with what is remembered of it under any template, older ones included."""
    return tuple(
        Case(workload=workload, container=container, history=entry, earlier=history.of(container.name))
        for container in workload.containers
        for entry in history.of(container.name)
    )


def diagnose(cases: tuple[Case, ...]) -> tuple[Finding, ...]:
    """Judge every container; the most severe and surest finding comes first."""
    findings = [finding for case in cases for finding in _judge(case)]
    return tuple(sorted(findings, key=lambda finding: (-finding.severity.rank, -finding.confidence)))


def _judge(case: Case) -> list[Finding]:
    rules = _OBSERVED if case.was_seen else ()
    observed = [finding for rule in rules if (finding := rule(case)) is not None]
    static = [finding for rule in _WRITTEN if (finding := rule(case)) is not None]
    if observed or any(finding.severity is not Severity.INFO for finding in static):
        return observed + static
    return [soundness.judge(case), *static]


def _nothing_yet(container: str) -> ContainerHistory:
    return ContainerHistory(name=container, template_hash="", first_seen_at=0.0, last_seen_at=0.0)
