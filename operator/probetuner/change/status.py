"""The status of a ProbePolicy, written from what was decided.

Whatever changes with every scrape (how long was watched, how many successes) is left out or kept as it was first
written: a workload to which nothing happens must cause no writes.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import yaml

from probetuner.change.budget import within_budget
from probetuner.change.conditions import ConditionType
from probetuner.change.counters import NOT_OBSERVED, Source
from probetuner.change.handover import Handover
from probetuner.change.record import KEPT_ENTRIES, MOST_PATCH_CHARACTERS, Change, write_change
from probetuner.change.situation import Situation
from probetuner.diagnosis.endpoints import Judgement
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.model.container import Container
from probetuner.model.policy import ContainerRules
from probetuner.model.probe import FIELD_OF, Probe, ProbeType
from probetuner.tuning.figures import Figures
from probetuner.tuning.recommendation import Action, ActionName, Probes, Recommendation


class Phase(StrEnum):
    """Where a workload stands."""

    LEARNING = "Learning"
    HEALTHY = "Healthy"
    RECOMMENDED = "Recommended"
    APPLYING = "Applying"
    VERIFYING = "Verifying"
    KEPT = "Kept"
    ROLLED_BACK = "RolledBack"
    BLOCKED = "Blocked"


def write_status(
    situation: Situation,
    *,
    phase: Phase,
    findings: Sequence[Finding],
    recommendation: Recommendation | None,
    patch: Mapping[str, Any] | None,
    handover: Handover | None,
    changes: Sequence[Change],
    forecast: Mapping[str, Any] | None,
    measured: Figures,
    conditions: Sequence[Mapping[str, Any]],
    endpoints: Mapping[str, Sequence[Judgement]],
) -> dict[str, Any]:
    """Everything that `kubectl get probepolicy -o yaml` shows under status."""
    first = findings[0] if findings else None
    status: dict[str, Any] = {
        "observedGeneration": situation.policy_generation,
        "phase": phase.value,
        "mode": situation.mode.mode.value,
        "modeFrom": situation.mode.source.value,
        "target": f"{situation.workload.ref.kind}/{situation.workload.ref.name}",
        "falseRestarts": measured.false_restarts or 0,
        "flaps": measured.flaps or 0,
        "containers": [
            _write_container(
                container, situation.policy.containers, findings, recommendation, endpoints.get(container.name, ())
            )
            for container in situation.workload.containers[:_CONTAINER_ENTRIES]
        ],
        "findings": [_write_finding(finding) for finding in findings[:_FINDING_ENTRIES]],
        "history": [write_change(change) for change in changes[:KEPT_ENTRIES]],
        "conditions": list(conditions),
    }
    source = _source(conditions)
    if source is not None:
        status["source"] = source.value
    if first is not None:
        status["finding"] = first.name.value
        status["confidence"] = f"{first.confidence:.0%}"
    if recommendation is not None:
        status["recommendation"] = _write_recommendation(recommendation)
        status["forecast"] = forecast
    elif phase in (Phase.HEALTHY, Phase.RECOMMENDED):
        status["recommendation"] = {"id": ActionName.NONE.value, "summary": ActionName.NONE.value}
    text = "" if patch is None else _write_yaml(patch)
    if 0 < len(text) <= MOST_PATCH_CHARACTERS:
        status["patch"] = text
    if handover is not None:
        status["handover"] = _write_handover(handover)
    return within_budget(status)


def _source(conditions: Sequence[Mapping[str, Any]]) -> Source | None:
    """What the workload is seen by, as its condition has it; None where it is not observed."""
    counters = next(entry for entry in conditions if entry["type"] == ConditionType.COUNTERS_AVAILABLE)
    if counters["reason"] == NOT_OBSERVED:
        return None
    return Source.EVENTS_AND_COUNTERS if counters["status"] == "True" else Source.EVENTS_ONLY


def _write_handover(handover: Handover) -> dict[str, Any]:
    entry = {
        "keeper": handover.keeper[:_KEEPER_CHARACTERS],
        "advice": handover.advice[:_REASON_CHARACTERS],
    }
    text = "" if handover.lines is None else _write_yaml(handover.lines)
    return entry | ({"lines": text} if 0 < len(text) <= MOST_PATCH_CHARACTERS else {})


def _write_yaml(value: Mapping[str, Any]) -> str:
    return yaml.safe_dump(json.loads(json.dumps(value)), sort_keys=False)


def _write_container(
    container: Container,
    rules: ContainerRules,
    findings: Sequence[Finding],
    recommendation: Recommendation | None,
    endpoints: Sequence[Judgement],
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": container.name,
        "mode": rules.mode_of(container.name).value,
        "current": _write_probes(
            Probes(liveness=container.liveness, readiness=container.readiness, startup=container.startup)
        ),
        "findings": list(dict.fromkeys(f.name.value for f in findings if f.container == container.name))[
            :_NAME_ENTRIES
        ],
    }
    if endpoints:
        entry["endpoints"] = [_write_endpoint(judgement) for judgement in endpoints]
    targets = {} if recommendation is None else recommendation.target
    if recommendation is not None and targets.get(container.name) != recommendation.current.get(container.name):
        entry["recommended"] = {
            "target": _write_probes(recommendation.target[container.name]),
        }
        if container.name in recommendation.uncapped:
            entry["recommended"]["uncapped"] = _write_probes(recommendation.uncapped[container.name])
    return entry


def _write_endpoint(judgement: Judgement) -> dict[str, Any]:
    return {
        "endpoint": judgement.name,
        "liveness": judgement.liveness.value,
        "livenessReason": judgement.liveness_reason[:_EVIDENCE_CHARACTERS],
        "readiness": judgement.readiness.value,
        "readinessReason": judgement.readiness_reason[:_EVIDENCE_CHARACTERS],
    }


def _write_probes(probes: Probes) -> dict[str, Any]:
    return {kind.value.lower(): _write_probe(probe) for kind in ProbeType if (probe := probes.get(kind)) is not None}


def _write_probe(probe: Probe) -> dict[str, Any]:
    body: dict[str, Any] = {"handler": str(probe.handler or "unknown")[:_HANDLER_CHARACTERS]}
    body |= {name: getattr(probe, attribute) for attribute, name in FIELD_OF.items()}
    if probe.termination_grace_period_seconds is not None:
        body["terminationGracePeriodSeconds"] = probe.termination_grace_period_seconds
    return body


def _write_finding(finding: Finding) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": finding.name.value,
        "severity": finding.severity.value,
        "confidence": round(finding.confidence, 2),
        "container": finding.container,
        "explanation": finding.explanation[:_EXPLANATION_CHARACTERS],
    }
    if finding.severity is not Severity.INFO:
        entry["samples"] = finding.samples
    if finding.name is not FindingName.HEALTHY:
        entry["evidence"] = [sentence[:_EVIDENCE_CHARACTERS] for sentence in finding.evidence[:_EVIDENCE_ENTRIES]]
    return entry


def _write_recommendation(recommendation: Recommendation) -> dict[str, Any]:
    return {
        "id": recommendation.id,
        "summary": recommendation.summary[:_SUMMARY_CHARACTERS],
        "actions": [
            _write_action(action) for action in (*recommendation.actions, *recommendation.withheld)[:_ACTION_ENTRIES]
        ],
    }


def _write_action(action: Action) -> dict[str, Any]:
    about = {} if action.probe is None else {"probe": action.probe.value.lower()}
    reason = action.reason[:_REASON_CHARACTERS]
    return {"name": action.name.value, "container": action.container, **about, "reason": reason}


# What the schema of ProbePolicy takes (crds/probetuner.dev_probepolicies.yaml).
_CONTAINER_ENTRIES, _NAME_ENTRIES, _FINDING_ENTRIES, _ACTION_ENTRIES = 100, 32, 64, 32
_HANDLER_CHARACTERS = 1024
_EXPLANATION_CHARACTERS = 2048
_EVIDENCE_CHARACTERS, _EVIDENCE_ENTRIES = 512, 10
_SUMMARY_CHARACTERS = 256
_REASON_CHARACTERS = 1024
_KEEPER_CHARACTERS = 256
