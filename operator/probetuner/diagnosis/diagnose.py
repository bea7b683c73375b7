"""All findings about a workload."""

from collections.abc import Callable

from probetuner.diagnosis import exits, pressure, soundness, startup
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.finding import Finding
from probetuner.history.record import ContainerHistory, WorkloadHistory
from probetuner.model.workload import Workload

_RULES: tuple[Callable[[Case], Finding | None], ...] = (
    startup.find,
    pressure.find,
    exits.find_oom,
    exits.find_crash,
)


def cases(workload: Workload, history: WorkloadHistory) -> tuple[Case, ...]:
    """The containers of the present template with what is remembered of them under it."""
    return tuple(
        Case(
            container=container,
            history=history.latest(container.name) or _nothing_yet(container.name),
            replicas=workload.rollout.desired,
        )
        for container in workload.containers
    )


def diagnose(workload: Workload, history: WorkloadHistory) -> tuple[Finding, ...]:
    """Judge every container; the most severe and surest finding comes first."""
    findings = [finding for case in cases(workload, history) for finding in _judge(case)]
    return tuple(sorted(findings, key=lambda finding: (-finding.severity.rank, -finding.confidence)))


def _judge(case: Case) -> list[Finding]:
    found = [finding for rule in _RULES if (finding := rule(case)) is not None]
    return found or [soundness.judge(case)]


def _nothing_yet(container: str) -> ContainerHistory:
    return ContainerHistory(name=container, template_hash="", first_seen_at=0.0, last_seen_at=0.0)
