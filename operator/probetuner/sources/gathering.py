"""From objects and scrapes to workloads with their histories, whatever they were read from."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from probetuner.facts.fact import Fact
from probetuner.facts.feed import Reader
from probetuner.facts.inspection import Inspection
from probetuner.facts.owner import owner_of
from probetuner.facts.pods import uid_of
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.autoscaler import AUTOSCALERS, Autoscaler, parse_autoscaler
from probetuner.model.fields import moment
from probetuner.model.pod_controllers import makes_pods, parse_pod_controller, parse_pods_workload
from probetuner.model.probe import ProbeType
from probetuner.model.service import Service, parse_service
from probetuner.model.workload import (
    Workload,
    WorkloadKind,
    WorkloadRef,
    parse_workload,
    section,
)
from probetuner.sources.exposure import exposure_of
from probetuner.sources.manifests import Origin
from probetuner.sources.recording import Scrape

_KINDS = frozenset(kind.value for kind in WorkloadKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A workload to be judged: what is remembered of it, and where its definition was read.

    `exposed` says whether a Service sends it traffic, None where no Service is known at all. `inspections` are looks
    into its containers, where somebody asked for them. `defined` is False where it is known by its pods alone.
    `names_namespace` is False where its manifest leaves the namespace to whoever applies it.
    """

    workload: Workload
    history: WorkloadHistory
    origin: Origin
    exposed: bool | None
    defined: bool = True
    names_namespace: bool = True
    inspections: tuple[Inspection, ...] = ()


class Gathering:
    """Workloads, Services and histories as they come.

    The last definition of an object counts. Definitions of one name that stand in different places and were never in a
    cluster, as those of two environments, are two workloads.

    `watched_since` is when somebody began to watch (epoch seconds). With `takes_past` what objects still tell of the
    time before is taken in too, as what it is: nothing that anybody watched. A single look begins and ends with it.
    """

    def __init__(self, *, watched_since: float, takes_past: bool = False) -> None:
        self._reader = Reader(since=-math.inf if takes_past else watched_since, trusts_names=True)
        self._unknown = WorkloadHistory(watched_since=watched_since)
        self._defined: dict[tuple[WorkloadRef, str], tuple[Workload, Origin, bool]] = {}
        self._refs: set[WorkloadRef] = set()
        self._services: defaultdict[str, dict[tuple[str, str], tuple[Service, Origin]]] = defaultdict(dict)
        self._autoscalers: list[Autoscaler] = []
        self._histories: dict[WorkloadRef, WorkloadHistory] = {}
        self._by_pods: defaultdict[WorkloadRef, dict[str, tuple[float, Workload, Origin | None]]] = defaultdict(dict)

    def define(self, raw: Mapping[str, Any], origin: Origin) -> bool:
        """Take in what makes pods, a Service or a HorizontalPodAutoscaler; False for others, which say nothing here.

        Raises InvalidObjectError; the object is left out then.
        """
        version, kind = raw.get("apiVersion"), raw.get("kind")
        if not isinstance(kind, str) or not isinstance(version, str):
            return False
        if kind in _KINDS and version.startswith("apps/"):
            self._add(parse_workload(raw), origin, raw)
        elif kind in AUTOSCALERS and version.startswith(f"{AUTOSCALERS[kind]}/"):
            self._autoscalers.append(parse_autoscaler(raw))
        elif kind == "Service" and version == "v1":
            service = parse_service(raw)
            place = "" if section(raw, "metadata", "Service").get("uid") else origin.place
            self._services[service.namespace][service.name, place] = (service, origin)
        elif makes_pods(raw):
            controller = parse_pod_controller(raw)
            if controller is not None:
                self._add(controller, origin, raw)
        else:
            return False
        return True

    def _add(self, workload: Workload, origin: Origin, raw: Mapping[str, Any]) -> None:
        """Take in a definition; one without containers is a patch for another, as kustomize has them."""
        if workload.containers:
            self._defined[workload.ref, "" if workload.uid else origin.place] = (
                workload,
                origin,
                bool(section(raw, "metadata", "object").get("namespace")),
            )
            self._refs.add(workload.ref)

    def watch(
        self, raw: Mapping[str, Any], change: str | None, *, at: float, origin: Origin | None = None
    ) -> list[Fact]:
        """What an object tells that was received at that time (epoch seconds). Raises InvalidObjectError.

        `origin` is where it was read, if it was in a file.
        """
        facts = self._reader.watch(raw, change, at)
        if raw.get("kind") == "Pod":
            self._keep_pod(raw, origin, gone=change == "DELETED")
        return facts

    def _keep_pod(self, raw: Mapping[str, Any], origin: Origin | None, *, gone: bool) -> None:
        """Keep what a pod says of its workload, which may not be given itself; of pods that are gone the last one's."""
        ref, uid = owner_of(raw), uid_of(raw)
        if ref in self._refs:
            return
        if gone and len(self._by_pods[ref]) > 1:
            self._by_pods[ref].pop(uid, None)
        else:
            created_at = moment(section(raw, "metadata", "Pod"), "creationTimestamp", "Pod.metadata") or 0.0
            self._by_pods[ref][uid] = (created_at, parse_pods_workload(raw, ref), origin)

    def scrape(self, scrape: Scrape) -> list[Fact]:
        """What a kubelet's answer tells."""
        return self._reader.scrape(scrape.node, scrape.path, scrape.text, scrape.at, scrape.problem)

    def remember(self, facts: Iterable[Fact]) -> None:
        """Fold facts into the histories of the workloads whose pods they are about."""
        for fact in facts:
            ref = fact.pod.workload
            if ref is not None:
                self._histories[ref] = observe(self._histories.get(ref, self._unknown), fact)

    def subjects(self) -> list[Subject]:
        """The workloads that were defined, in the order of their first definition, and those of which pods were seen.

        Of the latter the newest pod's spec stands for the template, and those without a probe say nothing, unless a
        Service sends them traffic.
        """
        by_pods = [(ref, *self._newest(ref)) for ref in sorted(self._by_pods.keys() - self._refs)]
        services = [entry for named in self._services.values() for entry in named.values()]
        known = [(workload, origin) for workload, origin, _ in self._defined.values()]
        exposure = exposure_of(services, [*known, *((workload, origin) for _, workload, origin in by_pods)])

        def exposed(workload: Workload, origin: Origin) -> bool | None:
            return (workload.ref, origin.place) in exposure.exposed if services else None

        defined = [
            Subject(
                workload=replace(
                    workload,
                    autoscaled=workload.autoscaled or self._may_scale(workload),
                    accompanied=ref in exposure.accompanied,
                ),
                history=self._histories.get(ref, self._unknown),
                origin=origin,
                exposed=exposed(workload, origin),
                names_namespace=names_namespace,
            )
            for (ref, _), (workload, origin, names_namespace) in self._defined.items()
        ]
        known_by_pods = [
            Subject(
                workload=replace(workload, rollout=replace(workload.rollout, desired=len(self._by_pods[ref]))),
                history=self._histories.get(ref, self._unknown),
                origin=origin,
                exposed=exposed(workload, origin),
                defined=False,
            )
            for ref, workload, origin in by_pods
            if exposed(workload, origin)
            or any(container.probe(kind) for container in workload.containers for kind in ProbeType)
        ]
        return [*defined, *known_by_pods]

    def _newest(self, ref: WorkloadRef) -> tuple[Workload, Origin]:
        """What the youngest pod of a workload that is not given itself says of it, and where that was read."""
        _, workload, origin = max(self._by_pods[ref].values(), key=lambda pod: pod[0])
        return workload, origin or Origin(place=f"the pods of {ref}")

    def _may_scale(self, workload: Workload) -> bool:
        return any(autoscaler.scales(workload.ref) for autoscaler in self._autoscalers)


def place_of(raw: Mapping[str, Any]) -> str:
    """An object's kind, namespace and name, as far as it has them."""
    metadata = raw.get("metadata")
    named = metadata if isinstance(metadata, Mapping) else {}
    parts = (raw.get("kind"), named.get("namespace"), named.get("name"))
    return "/".join(part[:253] for part in parts if isinstance(part, str) and part)
