"""To which workloads the Services that were given send requests, as far as their manifests show."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import PurePath

from probetuner.model.service import Service
from probetuner.model.workload import Workload, WorkloadRef
from probetuner.sources.manifests import Origin

_SAME_FILE = 1000
"""Nearer than any folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """`exposed` are workloads by name and place that a Service sends requests to.

    `accompanied` are those of which one of their Services selects another workload as well.
    """

    exposed: set[tuple[WorkloadRef, str]] = field(default_factory=set)
    accompanied: set[WorkloadRef] = field(default_factory=set)


def exposure_of(services: Iterable[tuple[Service, Origin]], workloads: Iterable[tuple[Workload, Origin]]) -> Exposure:
    """Match the Services with the workloads, once for all of them.

    Manifests of one repository are not all meant for one cluster: examples and environments use the same names and
    labels. A Service that stands beside a workload of its own is not the one of others in other folders. What was in a
    cluster was in the same one.
    """
    found = Exposure()
    labelled: defaultdict[tuple[str, str, str], list[tuple[Workload, Origin]]] = defaultdict(list)
    for workload, origin in workloads:
        for key, value in workload.pod_labels.items():
            labelled[workload.ref.namespace, key, value].append((workload, origin))
    for service, stands in services:
        first = next(iter(service.selector.items()), None)
        candidates = () if first is None else labelled[service.namespace, *first]
        selected = [(workload, origin) for workload, origin in candidates if service.exposes(workload)]
        nearest = max((_nearness(stands, origin) for _, origin in selected), default=0)
        for workload, origin in selected:
            if workload.uid or _nearness(stands, origin) >= nearest:
                found.exposed.add((workload.ref, origin.place))
        refs = {workload.ref for workload, _ in selected}
        if len(refs) > 1:
            found.accompanied.update(refs)
    return found


def _nearness(one: Origin, other: Origin) -> int:
    """How many folders the files of two objects have in common; 0 where one was in none."""
    if one.file is None or other.file is None:
        return 0
    if one.file == other.file:
        return _SAME_FILE
    pairs = zip(PurePath(one.file).parent.parts, PurePath(other.file).parent.parts, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
