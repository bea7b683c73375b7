"""How whoever keeps a workload is told of a change: the lines by which they leave its fields alone, or take them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.change.block import BlockReason
from probetuner.change.fields import FieldPath, fields_of, listed, values_of
from probetuner.change.owners import Keeper, Tool, keeper_of
from probetuner.change.patch import CONTAINER_LISTS, entries_of
from probetuner.model.workload import Workload

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What is to be done in the source of a workload: a sentence, and the lines that it speaks of, if there are any.

    `reason` is that of the conflict with a tool that writes by itself; None for a person, who is in nobody's way.
    """

    keeper: str
    advice: str
    lines: Mapping[str, Any] | None = None
    reason: BlockReason | None = None


def handover(workload: Workload, patch: Mapping[str, Any]) -> Handover | None:
    """What to do where the workload comes from, so that the patch stays; None when nobody would put it back."""
    keeper = keeper_of(workload, fields_of(patch))
    if keeper is not None:
        return _to_keeper(keeper, workload, patch)
    named = undone_by_old_file(workload, patch)
    if not named:
        return None
    return Handover(
        keeper="kubectl apply",
        advice=f"applying the old file again would undo it: change {listed(named)} in it, as these lines have it",
        lines=patch,
    )


def undone_by_old_file(workload: Workload, patch: Mapping[str, Any]) -> tuple[FieldPath, ...]:
    """The fields of the patch that stand otherwise in the file that was last applied from the client's side.

    kubectl writes what the file names and removes what it no longer names; all else stays (a three-way merge).
    """
    written = workload.annotations.get(_LAST_APPLIED)
    if written is None:
        return ()
    file, wanted = values_of(_parsed(written)), values_of(patch)
    return tuple(field for field, value in wanted.items() if _differs(file, field, value))


def _differs(file: Mapping[FieldPath, Any], field: FieldPath, value: Any) -> bool:
    if value is None:
        return any(named[: len(field)] == field for named in file)
    return field in file and file[field] != value


def _to_keeper(keeper: Keeper, workload: Workload, patch: Mapping[str, Any]) -> Handover:
    lines: Mapping[str, Any] | None = None
    match keeper.tool:
        case Tool.ARGO_CD:
            advice, lines = _IGNORED.format("the Application"), _argo_cd(workload, patch)
        case Tool.FLUX:
            advice, lines = _IGNORED.format("the Kustomization"), {"spec": {"ignore": [_flux(workload, patch)]}}
        case Tool.FLUX_HELM:
            drift = {"ignore": [_flux(workload, patch)]}
            lines = {"spec": {"postRenderers": [_post_renderer(workload, patch)], "driftDetection": drift}}
            advice = _RENDERED
        case Tool.HELM:
            advice, lines = _VALUES, _helm_values(patch)
        case _:
            advice = f"have {keeper.name} no longer apply {listed(keeper.fields)}, or apply status.patch"
    return Handover(keeper=keeper.name, advice=advice, lines=lines, reason=keeper.reason)


_IGNORED = (
    "put status.patch into its source; or add these lines to {}, so that it leaves the fields alone, and set "
    "spec.apply.onConflict to Override"
)
_RENDERED = (
    "add the postRenderers of these lines to the HelmRelease, which then makes the change itself; or only its "
    "driftDetection, so that it leaves the fields alone, and set spec.apply.onConflict to Override"
)
_VALUES = (
    "put status.patch into the chart, or these values where the chart takes probes as values; "
    "an upgrade keeps a live value only as long as the chart's own stays the same"
)


def _argo_cd(workload: Workload, patch: Mapping[str, Any]) -> dict[str, Any]:
    """`ignoreDifferences` alone hides a difference; the option keeps a sync from writing it (Argo CD, sync options)."""
    rule = {
        "group": "apps",
        "kind": str(workload.ref.kind),
        "name": workload.ref.name,
        "namespace": workload.ref.namespace,
        "jqPathExpressions": [_jq(field) for field in fields_of(patch)],
    }
    return {"spec": {"ignoreDifferences": [rule], "syncPolicy": {"syncOptions": ["RespectIgnoreDifferences=true"]}}}


def _jq(field: FieldPath) -> str:
    if field[0] not in CONTAINER_LISTS:
        return ".spec.template.spec." + ".".join(field)
    way = ".".join(field[2:])
    return f".spec.template.spec.{field[0]}[] | select(.name == {json.dumps(field[1])}) | .{way}"


def _flux(workload: Workload, patch: Mapping[str, Any]) -> dict[str, Any]:
    """A rule of Flux, whose paths are JSON pointers: containers go by their place in the list."""
    target = {"kind": str(workload.ref.kind), "name": workload.ref.name, "namespace": workload.ref.namespace}
    return {"paths": [_pointer(workload, field) for field in fields_of(patch)], "target": target}


def _post_renderer(workload: Workload, patch: Mapping[str, Any]) -> dict[str, Any]:
    """A patch of what a chart renders, which helm-controller applies as kustomize does: JSON as a text."""
    target = {"kind": str(workload.ref.kind), "name": workload.ref.name}
    whole = {"apiVersion": "apps/v1", "kind": target["kind"], "metadata": {"name": workload.ref.name}, **patch}
    return {"kustomize": {"patches": [{"target": target, "patch": json.dumps(whole)}]}}


def _pointer(workload: Workload, field: FieldPath) -> str:
    way = list(field)
    container = workload.container(field[1]) if field[0] in CONTAINER_LISTS else None
    if container is not None:
        way[1] = str(container.index)
    return "/" + "/".join(("spec", "template", "spec", *(part.replace("~", "~0").replace("/", "~1") for part in way)))


def _helm_values(patch: Mapping[str, Any]) -> dict[str, Any] | None:
    entries = entries_of(patch)
    return {name: value for name, value in entries[0].items() if name != "name"} if len(entries) == 1 else None


def _parsed(text: str) -> Mapping[str, Any]:
    """The text as an object; nothing where a user's annotation is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
