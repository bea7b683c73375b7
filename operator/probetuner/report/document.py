"""The report as the values of JSON: kind Report of probetuner.dev/v1alpha1, whose schema is docs/report.schema.json."""

import json
from collections.abc import Mapping
from typing import Any

from probetuner.change.handover import Handover
from probetuner.diagnosis.fault import Failures
from probetuner.diagnosis.finding import Finding
from probetuner.diagnosis.restarts import Restarts, in_words
from probetuner.model.probe import FIELD_OF, HANDLER_FIELDS, Probe, ProbeType
from probetuner.report.report import ContainerReport, Gain, Report, WorkloadReport
from probetuner.report.summary import Tally, summary_of
from probetuner.tuning.recommendation import Action, ActionName, Probes

API_VERSION = "probetuner.dev/v1alpha1"


def write_json(report: Report) -> str:
    """The report as JSON, in characters that every terminal and file bears."""
    return json.dumps(write_document(report), indent=2) + "\n"


def write_document(report: Report) -> dict[str, Any]:
    """The whole report."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Report",
        **({"summary": _summary(report)} if report.was_seen else {}),
        "workloads": [_workload(workload) for workload in report.workloads],
        **({} if report.gained is None else {"gained": [_gain(gain) for gain in report.gained]}),
    }


def _summary(report: Report) -> dict[str, Any]:
    summary = summary_of(report)
    return {
        **_tally(summary.total),
        "workloads": [
            {"kind": str(ref.kind), "namespace": ref.namespace, "name": ref.name, **_tally(tally)}
            for ref, tally in summary.workloads
        ],
    }


def _tally(tally: Tally) -> dict[str, int]:
    return {
        "restarts": tally.restarts,
        "byProbes": tally.by_probes,
        "curedNothing": tally.in_vain,
        "unexplained": tally.unexplained,
    }


def _gain(gain: Gain) -> dict[str, Any]:
    return {
        "kind": str(gain.ref.kind),
        "namespace": gain.ref.namespace,
        "name": gain.ref.name,
        "container": gain.container,
        "new": [finding.name.value for finding in gain.new],
        "gone": [name.value for name in gain.gone],
        "confidence": [
            {"name": name.value, "before": round(before, 2), "after": round(after, 2)}
            for name, (before, after) in gain.surer.items()
        ],
        "restarts": dict(zip(("before", "after"), gain.restarts, strict=True)),
        "unexplained": dict(zip(("before", "after"), gain.unexplained, strict=True)),
    }


def _workload(workload: WorkloadReport) -> dict[str, Any]:
    return {
        "kind": str(workload.ref.kind),
        "namespace": workload.ref.namespace,
        "name": workload.ref.name,
        "containers": [_container(container) for container in workload.containers],
        "patch": dict(workload.patch),
        **({"incomplete": workload.incomplete} if workload.incomplete else {}),
        **({} if workload.handover is None else {"handover": _handover(workload.handover)}),
    }


def _handover(handover: Handover) -> dict[str, Any]:
    entry: dict[str, Any] = {"keeper": handover.keeper, "advice": handover.advice}
    return entry if handover.lines is None else {**entry, "lines": dict(handover.lines)}


def _container(container: ContainerReport) -> dict[str, Any]:
    return {
        "name": container.name,
        **(_counts(container) if container.was_seen else {}),
        "findings": [_finding(finding) for finding in container.findings],
        "actions": _actions(container),
        "recommended": write_changes(container.current, container.target) | _command(container),
        **_silenced(container),
    }


def _counts(container: ContainerReport) -> dict[str, Any]:
    """What was counted; of what stands in a manifest only nobody knows whether it was ever restarted."""
    return {
        "restarts": _restarts(container.restarts),
        "failures": [_failures(failures) for failures in container.failures],
    }


def _silenced(container: ContainerReport) -> dict[str, Any]:
    """Findings that the manifest silences; the key is there only if there are any."""
    told = [{"name": finding.name.value, "reason": reason} for finding, reason in container.silenced]
    return {"silenced": told} if told else {}


def _restarts(restarts: Restarts) -> dict[str, Any]:
    return {
        "summary": in_words(restarts),
        "total": restarts.total,
        "mostInOnePod": restarts.most,
        "byLiveness": restarts.by_probe.get(ProbeType.LIVENESS, 0),
        "byStartup": restarts.by_probe.get(ProbeType.STARTUP, 0),
        "crashed": restarts.crashed,
        "outOfMemory": restarts.out_of_memory,
        "tornDown": restarts.torn_down,
        "stopped": restarts.stopped,
        "unknown": restarts.unknown,
        "unexplained": sum(restarts.unexplained.values()),
        "curedNothing": restarts.in_vain,
    }


def _failures(failures: Failures) -> dict[str, Any]:
    entry = {"probe": failures.probe.value.lower(), "cause": failures.cause.value, "count": failures.count}
    return entry | ({"said": failures.words} if failures.words else {})


def _command(container: ContainerReport) -> dict[str, Any]:
    return {} if container.command is None else {"command": list(container.command)}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name.value,
        "severity": finding.severity.value,
        "confidence": round(finding.confidence, 2),
        "evidence": list(finding.evidence),
        "explanation": finding.explanation,
    }


def _actions(container: ContainerReport) -> list[dict[str, Any]]:
    """`none` is said of a healthy container only: where trouble is not the probes', there is no action either."""
    if not container.actions and container.healthy:
        return [{"name": ActionName.NONE.value}]
    return [_action(action) for action in container.actions]


def _action(action: Action) -> dict[str, Any]:
    about = {} if action.probe is None else {"probe": action.probe.value.lower()}
    return {"name": action.name.value, **about, "reason": action.reason}


def write_changes(current: Probes, target: Probes) -> dict[str, Any]:
    """The probes that are to change, by their field of the container, whole as they should be; null is no probe."""
    return {kind.field: write_probe(target.get(kind)) for kind in ProbeType if current.get(kind) != target.get(kind)}


def write_probe(probe: Probe | None) -> dict[str, Any] | None:
    """A probe as Kubernetes writes it, with every number; None stays None."""
    if probe is None:
        return None
    body = _handler(probe.written) | {name: getattr(probe, attribute) for attribute, name in FIELD_OF.items()}
    if probe.termination_grace_period_seconds is not None:
        body["terminationGracePeriodSeconds"] = probe.termination_grace_period_seconds
    return body


def _handler(written: Mapping[str, Any]) -> dict[str, Any]:
    return {name: written[name] for name in HANDLER_FIELDS if written.get(name) is not None}
