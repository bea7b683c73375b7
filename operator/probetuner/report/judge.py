"""From a workload and its history to its report."""

from collections.abc import Mapping, Sequence

from probetuner.change.patch import patch_of
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.finding import Finding
from probetuner.model.policy import Allowance, Policy
from probetuner.report.report import ContainerReport, WorkloadReport
from probetuner.sources.gathering import Subject
from probetuner.tuning.forecast import forecast
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import ActionName, Probes, Recommendation

_EVERYTHING = Policy(allow=frozenset(Allowance))
"""Whoever reads a report decides for themselves, so nothing is held back from them."""


def judge(subject: Subject) -> WorkloadReport:
    """Diagnose a workload and work out what to do."""
    workload = subject.workload
    judged = cases(
        workload,
        subject.history,
        objectives=_EVERYTHING.objectives,
        exposed=subject.exposed,
        inspections=subject.inspections,
    )
    findings = diagnose(judged)
    advice = recommend(judged, findings, _EVERYTHING)
    may_patch = subject.defined and workload.ref.followed
    patch = patch_of(workload, advice) if advice and may_patch else None
    return WorkloadReport(
        ref=workload.ref,
        origin=subject.origin,
        containers=tuple(_container(case, findings, advice) for case in judged),
        patch=patch or {},
        before=advice.before if advice else None,
        after=forecast(judged, advice) if advice else None,
    )


def _container(case: Case, findings: Sequence[Finding], advice: Recommendation | None) -> ContainerReport:
    container = case.container
    name = container.name
    current = Probes(liveness=container.liveness, readiness=container.readiness, startup=container.startup)
    targets: Mapping[str, Probes] = advice.target if advice else {}
    actions = (*advice.actions, *advice.withheld) if advice else ()
    return ContainerReport(
        container=container,
        history=case.history,
        findings=tuple(finding for finding in findings if finding.container == name),
        actions=tuple(action for action in actions if action.container == name),
        current=current,
        target=targets.get(name, current),
        command=advice.target_reaping.commands.get(name) if advice else None,
        shares_processes=any(
            action.container == name and action.name is ActionName.SHARE_PROCESS_NAMESPACE and action.needs is not None
            for action in actions
        ),
    )
