"""Who else writes this workload and would put a change back.

Tools for GitOps are known by the labels and annotations that they leave on what they manage, and by the names under
which they write (`metadata.managedFields`). Any other writer counts only where it applies the very fields that a patch
is about: server-side apply is a claim to go on writing them (KEP-555). That somebody once updated them is none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from probetuner.change.block import BlockReason
from probetuner.change.fields import FieldPath, listed, shared
from probetuner.model.managers import FieldManager
from probetuner.model.workload import Workload, WorkloadRef

OUR_NAME = "probetuner"
_SHOWN_CHARACTERS = 80


class Tool(StrEnum):
    """A tool that brings what it manages back to what stands in its source."""

    ARGO_CD = "Argo CD"
    FLUX = "Flux"
    FLUX_HELM = "Flux HelmRelease"
    HELM = "Helm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Who would put a change back: `tool` is None for one that is known by its field manager's name only.

    `fields` are those of the change that it applies, empty where it is known by a mark on the workload.
    """

    name: str
    tool: Tool | None = None
    fields: tuple[FieldPath, ...] = ()

    @property
    def reason(self) -> BlockReason:
        """What the conditions say of it."""
        return BlockReason.FIELD_CONFLICT if self.tool is None else BlockReason.GITOPS

    def sentence(self, ref: WorkloadRef) -> str:
        """Who would put the change of a workload back."""
        if self.tool is None:
            return f"{self.name} applies {listed(self.fields)} and would put the change back"
        return f"{self.name} manages {ref} and would put the change back"


def keeper_of(workload: Workload, fields: Iterable[FieldPath]) -> Keeper | None:
    """Who would put a change of these fields back; None when nobody is known to."""
    return _marked(workload) or _writing(workload, tuple(fields))


def _marked(workload: Workload) -> Keeper | None:
    for marks, present in ((_LABELS, workload.labels), (_ANNOTATIONS, workload.annotations)):
        for mark, tool in marks.items():
            if mark in present:
                return Keeper(name=f"{tool} ({present[mark][:_SHOWN_CHARACTERS]})", tool=tool)
    return None


def _writing(workload: Workload, fields: tuple[FieldPath, ...]) -> Keeper | None:
    for manager in workload.managers:
        tool = _NAMES.get(manager.name)
        claimed = shared(fields, manager.fields) if tool is not None or _claims(manager) else ()
        if claimed:
            name = str(tool) if tool is not None else repr(manager.name[:_SHOWN_CHARACTERS])
            return Keeper(name=name, tool=tool, fields=claimed)
    return None


def _claims(manager: FieldManager) -> bool:
    """Whether it is somebody else's program; what a person applied with kubectl is theirs to hand over."""
    return manager.applies and manager.name != OUR_NAME and not manager.name.startswith("kubectl")


_LABELS = {
    "argocd.argoproj.io/instance": Tool.ARGO_CD,
    "kustomize.toolkit.fluxcd.io/name": Tool.FLUX,
    "helm.toolkit.fluxcd.io/name": Tool.FLUX_HELM,
}
_ANNOTATIONS = {
    "argocd.argoproj.io/tracking-id": Tool.ARGO_CD,
    "meta.helm.sh/release-name": Tool.HELM,
}
_NAMES = {
    "argocd-controller": Tool.ARGO_CD,
    "argocd-application-controller": Tool.ARGO_CD,
    "kustomize-controller": Tool.FLUX,
    "helm-controller": Tool.FLUX_HELM,
    "helm": Tool.HELM,
}
