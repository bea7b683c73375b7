"""Brings the rows of the conformance table into a real cluster."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cluster.conformance import Json, Row
from cluster.operator_process import Space
from probetuner.change.decide import decide
from probetuner.change.record import Change, Outcome
from probetuner.change.situation import Decision, Situation
from probetuner.facts.fact import Fact
from probetuner.history import codec
from probetuner.model.mode import Mode, ModeDecision, ModeSource
from probetuner.model.policy import Policy
from probetuner.model.workload import parse_workload
from support.changes import log, made
from support.facts import T0, remember
from support.stories import flapping, killed_once, killed_under_load, quiet
from support.workloads import LIVENESS, container

KINDS = {"StatefulSet", "DaemonSet"}
SLOWER = container(livenessProbe={**LIVENESS, "periodSeconds": 20})
PRESENT = container(livenessProbe=LIVENESS)
_FLAPPING = {"rolling", "outage"}
_LABELS = {
    "Argo CD": "argocd.argoproj.io/instance",
    "Flux": "kustomize.toolkit.fluxcd.io/name",
    "Flux Helm": "helm.toolkit.fluxcd.io/name",
}
_ANNOTATIONS = {"Argo CD tracking": "argocd.argoproj.io/tracking-id", "Helm": "meta.helm.sh/release-name"}
_APPLIERS = {"kubectl": "kubectl", "kustomize-controller": "kustomize-controller", "platform": "platform"}


def kind_of(row: Row) -> str:
    """The kind of the row's workload."""
    return row.state if row.state in KINDS else "Deployment"


def policy_name(row: Row) -> str:
    """The name of the ProbePolicy that speaks for the row's workload."""
    return "mine-" + row.name if row.spec is not None else f"{kind_of(row)}-{row.name}".lower()


def manifest(row: Row) -> Json:
    """The row's workload. Its pods fit on no node, or their image is nowhere: nothing of it ever runs."""
    probes: Json = {"readinessProbe": LIVENESS} if row.state in _FLAPPING else {"livenessProbe": LIVENESS}
    pod: Json = {"nodeSelector": {"no": "node"}, "containers": [container(**probes)]}
    if row.state == "sidecar":
        sidecar = {**container(livenessProbe=LIVENESS), "restartPolicy": "Always"}
        pod |= {"containers": [container("main")], "initContainers": [container("setup"), sidecar]}
    spec: Json = {
        "replicas": 2,
        "selector": {"matchLabels": {"app": row.name}},
        "template": {"metadata": {"labels": {"app": row.name}}, "spec": pod},
    }
    if "paused" in row.state:
        spec["paused"] = True
    if row.state == "DaemonSet":
        del spec["replicas"], pod["nodeSelector"]
        pod["containers"][0]["imagePullPolicy"] = "Never"
    if row.state == "StatefulSet":
        spec["serviceName"] = row.name
    return {"apiVersion": "apps/v1", "kind": kind_of(row), "metadata": _metadata(row), "spec": spec}


def _metadata(row: Row) -> Json:
    labels = {_LABELS[row.owner]: "shop"} if row.owner in _LABELS else {}
    annotations = {_ANNOTATIONS[row.owner]: "shop"} if row.owner in _ANNOTATIONS else {}
    metadata: Json = {"name": row.name, "labels": labels | ({"refuse": "me"} if row.state == "refused" else {})}
    if row.owner == "controller":
        owner = {"apiVersion": "shop.test/v1", "kind": "Shop", "name": "shop-web", "uid": "no", "controller": True}
        metadata["ownerReferences"] = [owner]
    return metadata | {"annotations": annotations}


def create(space: Space, rows: tuple[Row, ...]) -> None:
    """Create the workloads as their owners would, their histories and policies; then let the operator see them."""
    for owner in dict.fromkeys(row.owner for row in rows):
        objects = _listed(manifest(row) for row in rows if row.owner == owner)
        space.kubectl(*_command(owner), "-f", "-", input=objects)
    space.kubectl("apply", "-f", "-", input=_listed(history(space, row) for row in rows))
    told = [row for row in rows if row.spec is not None]
    if told:
        space.kubectl("apply", "-f", "-", input=_listed(_policy(row) for row in told))
    for row in rows:
        _bring_into_state(space, row)


def enrol(space: Space, rows: tuple[Row, ...]) -> None:
    """Annotate the workloads, which is when the operator takes them on."""
    for row in rows:
        annotations: dict[str, str | None] = {"probetuner.dev/mode": row.mode} | _words(space, row)
        words = [f"{name}={value}" for name, value in annotations.items() if value is not None]
        if words:
            space.kubectl("annotate", kind_of(row).lower(), row.name, *words)


def _command(owner: str) -> tuple[str, ...]:
    if owner in _APPLIERS:
        return ("apply", "--server-side", f"--field-manager={_APPLIERS[owner]}")
    return ("apply",) if owner == "kubectl apply" else ("create",)


def _listed(objects: Iterator[Json]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def _bring_into_state(space: Space, row: Row) -> None:
    if row.owner == "autoscaler":
        scaled = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": row.name},
            "spec": {"replicas": 3},
        }
        applying = ("apply", "--server-side", "--force-conflicts", "--field-manager=horizontal-pod-autoscaler")
        space.kubectl(*applying, "-f", "-", input=json.dumps(scaled))
    if row.state == "rolling":
        space.kubectl("set", "image", f"deployment/{row.name}", "web=registry.test/web:2")
    changes = _past(space, row)
    if changes:
        patch = json.dumps({"status": log(*changes)})
        space.kubectl("patch", "probepolicy", policy_name(row), "--subresource=status", "--type=merge", "-p", patch)


def _past(space: Space, row: Row) -> tuple[Change, ...]:
    """The log of changes, newest first."""
    now = time.time() - T0
    match row.state:
        case "changed lately":
            return (made(SLOWER, PRESENT, at=now - 300, verdict=Outcome.KEPT),)
        case "changed twice":
            return tuple(made(SLOWER, PRESENT, at=now - ago, verdict=Outcome.KEPT) for ago in (900, 1800))
        case "put back twice":
            return tuple(
                made(PRESENT, SLOWER, at=now - ago, verdict=Outcome.INCONCLUSIVE, reverted_at=now - 9000)
                for ago in (10_000, 20_000)
            )
        case "rolled back before":
            identity = decision(space, row).status["recommendation"]["id"]
            undone = made(PRESENT, SLOWER, at=now - 9000, verdict=Outcome.ROLLED_BACK, undone_at=now - 8000)
            return (replace(undone, id=identity),)
    return ()


def _words(space: Space, row: Row) -> dict[str, str | None]:
    if row.state == "stale approval":
        return {"probetuner.dev/approve": "0123456789"}
    if row.state == "held":
        return {"probetuner.dev/paused": "true"}
    if row.state == "unwanted":
        return {"probetuner.dev/rollback": decision(space, row).status["recommendation"]["id"]}
    if "approved" in row.state:
        return {"probetuner.dev/approve": decision(space, row).status["recommendation"]["id"]}
    return {}


def story(row: Row) -> Iterator[Fact]:
    """What the operator remembers of the workload."""
    since = time.time() - T0 - 900
    if row.state in _FLAPPING:
        yield from flapping(since=since)
    elif row.state == "healthy":
        yield from quiet(since=since, scrapes=60)
    elif row.state == "unsure":
        yield from (replace(fact, at=fact.at + since) for fact in killed_once())
    else:
        yield from killed_under_load(since=since)


def history(space: Space, row: Row) -> Json:
    """The ProbeHistory that an operator before would have left."""
    data = {
        "version": codec.VERSION,
        "updated": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "state": codec.encode(remember(story(row))),
    }
    metadata = {"name": f"{kind_of(row)}-{row.name}".lower(), "namespace": space.name}
    return {"apiVersion": "probetuner.dev/v1alpha1", "kind": "ProbeHistory", "metadata": metadata, "data": data}


def _policy(row: Row) -> Json:
    spec: Json = {**(row.spec or {}), "targetRef": {"kind": kind_of(row), "name": row.name}}
    windows = (spec.get("apply") or {}).get("maintenanceWindows")
    if windows:
        start = (datetime.now(UTC) + timedelta(hours=2)).strftime("%H:%M")
        spec["apply"] = {**spec["apply"], "maintenanceWindows": [{**windows[0], "start": start}]}
    return {
        "apiVersion": "probetuner.dev/v1alpha1",
        "kind": "ProbePolicy",
        "metadata": {"name": policy_name(row)},
        "spec": spec,
    }


def decision(space: Space, row: Row) -> Decision:
    """What the pure core decides for the row in mode Apply, were it nobody's and at rest."""
    raw: Any = space.get(kind_of(row).lower(), row.name)
    for name in ("managedFields", "labels", "annotations", "ownerReferences"):
        raw["metadata"].pop(name, None)
    raw["spec"].pop("paused", None)
    situation = Situation(
        workload=parse_workload(raw),
        mode=ModeDecision(mode=Mode.APPLY, source=ModeSource.WORKLOAD),
        policy=Policy(),
        history=remember(story(row)),
    )
    return decide(situation, time.time())
