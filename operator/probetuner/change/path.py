"""By which way a change reaches the pods of a workload.

Today there is one: the pod template, whose change is a rollout. The probes of running pods cannot be changed
(validation.go lists what of a pod can; KEP-6318 wants probes there). A way that patches pods would be another
`ChangePath` for the decision and another sender for its execution (`controller.execution.Send`); it would have to patch
the template too, or the next pods would have the old probes again. All else, from the log of changes to the verdict,
knows only this.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from probetuner.change.patch import holds, patch_of, undo_of
from probetuner.model.workload import Workload
from probetuner.tuning.recommendation import Recommendation

Patch = Mapping[str, Any]


class ChangePath(Protocol):
    """Writes changes down as patches and tells whether a workload carries them. Pure: nothing is sent here."""

    def change(self, workload: Workload, advice: Recommendation) -> Patch | None:
        """The patch that carries a recommendation out; None when there is nothing in it to patch."""
        ...

    def undo(self, workload: Workload, advice: Recommendation) -> Patch:
        """The patch that explicitly puts back what the recommendation would change."""
        ...

    def holds(self, patch: Patch, workload: Workload) -> bool:
        """Whether the live workload already is as the patch would make it, judged by effective values."""
        ...


class TemplatePath:
    """The pod template, by one strategic-merge patch for all containers; Kubernetes replaces the pods."""

    def change(self, workload: Workload, advice: Recommendation) -> Patch | None:
        """The patch of the template that carries a recommendation out; None when there is nothing in it to patch."""
        return patch_of(workload, advice)

    def undo(self, workload: Workload, advice: Recommendation) -> Patch:
        """The patch that puts the template's old values back."""
        return undo_of(workload, advice)

    def holds(self, patch: Patch, workload: Workload) -> bool:
        """Whether the template already is as the patch would make it."""
        return holds(patch, workload)


TEMPLATE: ChangePath = TemplatePath()
