"""Who else writes this workload and would put a change back.

Only the marks that these tools leave on what they manage are read; see docs on GitOps for how to hand a field over.
"""

from probetuner.model.workload import Workload

_LABELS = {
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
}
_ANNOTATIONS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "meta.helm.sh/release-name": "Helm",
}


def manager_above(workload: Workload) -> str | None:
    """The name of the tool that manages the workload from outside, None if no mark of one is on it."""
    for marks, present in ((_LABELS, workload.labels), (_ANNOTATIONS, workload.annotations)):
        for mark, name in marks.items():
            if mark in present:
                return f"{name} ({present[mark][:_SHOWN_CHARACTERS]})"
    return None


_SHOWN_CHARACTERS = 80
