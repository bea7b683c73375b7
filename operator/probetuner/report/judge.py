"""From a workload and its history to its report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from probetuner.change.handover import handover
from probetuner.change.patch import patch_of
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.fault import failures_of
from probetuner.diagnosis.finding import Finding
from probetuner.diagnosis.restarts import restarts_of
from probetuner.model.policy import Allowance, Policy
from probetuner.report.report import UNTROUBLED, ContainerReport, WorkloadReport
from probetuner.report.why import why
from probetuner.sources.gathering import Subject
from probetuner.sources.places import Place, Silenced, place_of_container, silenced_by_annotation
from probetuner.tuning.budget import Budget
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import ActionName, Probes, Recommendation

_EVERYTHING = Policy(allow=frozenset(Allowance))
"""Whoever reads a report decides for themselves, so nothing is held back from them."""


def judge(subject: Subject, *, explaining: bool = False) -> WorkloadReport:
    """Diagnose a workload and work out what to do; and why, if that is asked for."""
    workload = subject.workload
    judged = cases(
        workload,
        subject.history,
        objectives=_EVERYTHING.objectives,
        exposed=subject.exposed,
        inspections=subject.inspections,
    )
    found = diagnose(judged)
    troubled = {finding.container for finding in found if finding.name not in UNTROUBLED}
    places = {name: place_of_container(subject.origin, workload.ref, name) for name in sorted(troubled)}
    findings, silenced = _told(found, places, silenced_by_annotation(workload.annotations))
    budget = Budget()
    advice = recommend(judged, findings, _EVERYTHING, budget=budget)
    may_patch = subject.defined and workload.ref.followed
    patch = patch_of(workload, advice) if advice and may_patch else None
    return WorkloadReport(
        ref=workload.ref,
        origin=subject.origin,
        containers=tuple(
            replace(
                _container(case, findings, advice),
                place=places.get(case.container.name),
                silenced=tuple((f, reason) for f, reason in silenced if f.container == case.container.name),
                why=_why(case, findings, advice) if explaining else (),
            )
            for case in judged
        ),
        patch=patch or {},
        incomplete=budget.problem,
        names_namespace=subject.names_namespace,
        handover=handover(workload, patch) if patch else None,
    )


def _told(
    findings: Sequence[Finding], places: Mapping[str, Place | None], everywhere: Sequence[Silenced]
) -> tuple[tuple[Finding, ...], tuple[tuple[Finding, str], ...]]:
    """The findings that are told, and those that the manifest's author silenced, with the reason."""
    reasons = {
        (name, silenced.finding): silenced.reason
        for name, place in places.items()
        for silenced in (*everywhere, *(place.silenced if place else ()))
    }  # a finding of no trouble has no place, and nobody silences it
    told = tuple(f for f in findings if (f.container, f.name.value) not in reasons)
    return told, tuple((f, reasons[f.container, f.name.value]) for f in findings if f not in told)


def _why(case: Case, findings: Sequence[Finding], advice: Recommendation | None) -> tuple[str, ...]:
    name = case.container.name
    present = Probes(
        liveness=case.container.liveness, readiness=case.container.readiness, startup=case.container.startup
    )
    target = advice.target.get(name, present) if advice else present
    return why(case, [finding for finding in findings if finding.container == name], target, _EVERYTHING)


def _container(case: Case, findings: Sequence[Finding], advice: Recommendation | None) -> ContainerReport:
    container = case.container
    name = container.name
    current = Probes(liveness=container.liveness, readiness=container.readiness, startup=container.startup)
    targets: Mapping[str, Probes] = advice.target if advice else {}
    actions = (*advice.actions, *advice.withheld) if advice else ()
    return ContainerReport(
        container=container,
        history=case.history,
        restarts=restarts_of(case),
        failures=failures_of(case),
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
