"""What was found about workloads and what to do about it: the one value that every output format is written from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.change.handover import Handover
from probetuner.diagnosis.fault import Failures
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.restarts import Restarts
from probetuner.history.record import ContainerHistory
from probetuner.model.container import Container
from probetuner.model.probe import ProbeType
from probetuner.model.workload import WorkloadRef
from probetuner.sources.manifests import Origin
from probetuner.sources.places import Place
from probetuner.tuning.recommendation import Action, Probes

UNTROUBLED = frozenset({FindingName.HEALTHY, FindingName.INSUFFICIENT_EVIDENCE})
"""The findings that tell of no trouble; they never make a command fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerReport:
    """One container: `current` are its probes, `target` those that the actions lead to.

    `place` is where it stands in a manifest, None elsewhere. `silenced` are the findings that were made and are not
    told, since the manifest's author silenced them, each with the reason.
    `command` is the command that they give it, None for the one it has; `shares_processes` says whether they make it
    share the pod's process namespace. `restarts` and `failures` are the counts that its report begins with, `why` is
    what stands behind the rest, where somebody asked.
    """

    container: Container
    history: ContainerHistory
    restarts: Restarts
    failures: tuple[Failures, ...]
    findings: tuple[Finding, ...]
    actions: tuple[Action, ...]
    current: Probes
    target: Probes
    command: tuple[str, ...] | None = None
    shares_processes: bool = False
    place: Place | None = None
    silenced: tuple[tuple[Finding, str], ...] = ()
    why: tuple[str, ...] = ()

    def line_of(self, finding: Finding) -> int | None:
        """The line of the manifest that a finding is about: its probe's, or else the container's."""
        if self.place is None:
            return None
        told = " ".join(finding.evidence)
        named = [kind.field for kind in ProbeType if kind.field in told]
        about = [kind.field for kind in ProbeType if kind.value.lower() in finding.name.value]
        return self.place.of(next(iter([*named, *about, ProbeType.LIVENESS.field])))

    @property
    def name(self) -> str:
        """The container's name."""
        return self.container.name

    @property
    def was_seen(self) -> bool:
        """Whether anything was observed of it: a manifest alone shows what is written."""
        return self.history.last_seen_at > 0.0

    @property
    def action_titles(self) -> tuple[str, ...]:
        """What each action is called; one of two with the same name that are about two probes tells which."""
        about: dict[str, set[ProbeType | None]] = {}
        for action in self.actions:
            about.setdefault(action.name.value, set()).add(action.probe)
        return tuple(
            f"{action.name.value}({action.probe.value.lower()})"
            if action.probe is not None and len(about[action.name.value]) > 1
            else action.name.value
            for action in self.actions
        )

    @property
    def healthy(self) -> bool:
        """Whether enough was seen and nothing is wrong."""
        return any(finding.name is FindingName.HEALTHY for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadReport:
    """One workload. `patch` is a strategic-merge patch, empty when nothing is to be changed.

    `incomplete` says why not all that could be recommended was worked out; None where it was. `names_namespace` is
    False where its manifest leaves the namespace to whoever applies it; `ref` then has the one of kubectl, default.
    `handover` is what is to be done where the workload comes from, so that the patch stays.
    """

    ref: WorkloadRef
    origin: Origin
    containers: tuple[ContainerReport, ...]
    patch: Mapping[str, Any]
    incomplete: str | None = None
    names_namespace: bool = True
    handover: Handover | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings about all containers."""
        return tuple(finding for container in self.containers for finding in container.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What watching a container added to one look at it.

    `new` and `gone` are findings that only one of both has, `surer` the confidence before and after of those whose
    changed, by five points at least. `restarts` and `unexplained` (kills) are counts before and after.
    """

    ref: WorkloadRef
    container: str
    new: tuple[Finding, ...]
    gone: tuple[FindingName, ...]
    surer: Mapping[FindingName, tuple[float, float]]
    restarts: tuple[int, int]
    unexplained: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All workloads that were looked at.

    `known` counts the findings that a baseline had, which are left out. `gained` is what watching added, None where
    nobody watched.
    """

    workloads: tuple[WorkloadReport, ...]
    known: int = 0
    gained: tuple[Gain, ...] | None = None

    def troubles(self, least: Severity) -> int:
        """How many findings of trouble there are at this severity or above."""
        return sum(
            finding.severity.rank >= least.rank and finding.name not in UNTROUBLED
            for workload in self.workloads
            for finding in workload.findings
        )

    @property
    def was_seen(self) -> bool:
        """Whether anything was observed of any container."""
        return any(container.was_seen for workload in self.workloads for container in workload.containers)

    @property
    def silenced(self) -> int:
        """How many findings the authors of the manifests silenced."""
        return sum(len(container.silenced) for workload in self.workloads for container in workload.containers)
