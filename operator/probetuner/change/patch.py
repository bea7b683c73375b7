"""From a template as it is and as it should be to a strategic-merge patch, and back.

Only leaf fields that differ are written. A handler switch nulls the old handler in the same patch, or the API server
would see two (`may not specify more than 1 handler type`). A probe that is added or put back carries every field it
was read with, those that this version does not know included, and all of its numbers: whether a workload carries the
patch must not depend on defaults.
"""

from collections.abc import Mapping
from typing import Any

from probetuner.model.probe import FIELD_OF, GRACE_FIELD, HANDLER_FIELDS, Probe, ProbeType, parse_probe
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import Workload
from probetuner.tuning.recommendation import Probes, Reaping, Recommendation

SHARE_FIELD, COMMAND_FIELD = "shareProcessNamespace", "command"
CONTAINER_LISTS = ("containers", "initContainers")
_AS_IT_IS = Reaping()


def build_patch(
    workload: Workload,
    *,
    old: Mapping[str, Probes],
    new: Mapping[str, Probes],
    old_reaping: Reaping = _AS_IT_IS,
    new_reaping: Reaping = _AS_IT_IS,
) -> dict[str, Any] | None:
    """The patch that leads from *old* to *new* probes (by container name) and reaping, None when they are the same.

    Containers are merged by name (`patchMergeKey`), so the other ones and all other fields stay as they are. A
    container's command has no merge key, so it is replaced as a whole.
    """
    spec: dict[str, Any] = {}
    if old_reaping.share_process_namespace != new_reaping.share_process_namespace:
        spec[SHARE_FIELD] = new_reaping.share_process_namespace
    for container in workload.containers:
        changes = {}
        if container.name in new:
            changes = _container_changes(old[container.name], new[container.name])
        command = new_reaping.commands.get(container.name)
        if command != old_reaping.commands.get(container.name):
            changes[COMMAND_FIELD] = list(command or ())
        if changes:
            field = "initContainers" if container.is_sidecar else "containers"
            spec.setdefault(field, []).append({"name": container.name, **changes})
    return {"spec": {"template": {"spec": spec}}} if spec else None


def patch_of(workload: Workload, advice: Recommendation) -> dict[str, Any] | None:
    """The patch that carries out a recommendation, None when there is nothing in it to patch."""
    return build_patch(
        workload,
        old=advice.current,
        new=advice.target,
        old_reaping=advice.current_reaping,
        new_reaping=advice.target_reaping,
    )


def undo_of(workload: Workload, advice: Recommendation) -> dict[str, Any]:
    """The patch that puts back what was there before a recommendation; null stands for what was not set."""
    undo = build_patch(
        workload,
        old=advice.target,
        new=advice.current,
        old_reaping=advice.target_reaping,
        new_reaping=advice.current_reaping,
    )
    return undo or {}


def _container_changes(old: Probes, new: Probes) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for kind in ProbeType:
        before, after = old.get(kind), new.get(kind)
        if before == after:
            continue
        if after is None:
            changes[kind.field] = None
        elif before is None:
            changes[kind.field] = _whole(after, kind)
        else:
            changes[kind.field] = _difference(before, after)
    return changes


def _whole(probe: Probe, kind: ProbeType) -> dict[str, Any]:
    """The probe as an object: its handler and what is not known of it as written, and all its numbers."""
    body = {name: value for name, value in probe.written.items() if name not in _NUMBERS and value is not None}
    body |= {name: getattr(probe, attribute) for attribute, name in FIELD_OF.items()}
    if probe.termination_grace_period_seconds is not None and kind is not ProbeType.READINESS:
        body[GRACE_FIELD] = probe.termination_grace_period_seconds
    return body


def _difference(before: Probe, after: Probe) -> dict[str, Any]:
    body: dict[str, Any] = {
        name: getattr(after, attribute)
        for attribute, name in FIELD_OF.items()
        if getattr(before, attribute) != getattr(after, attribute)
    }
    if before.termination_grace_period_seconds != after.termination_grace_period_seconds:
        body[GRACE_FIELD] = after.termination_grace_period_seconds
    if before.handler != after.handler:
        body |= _handler_difference(_handler_fields(before), _handler_fields(after))
    return body


def _handler_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    gone: dict[str, Any] = dict.fromkeys(old.keys() - new.keys())
    return gone | {name: _leaves(old[name], body) if name in old else body for name, body in new.items()}


def _leaves(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a handler that differ, null for one that is not set any more; the server merges the rest."""
    names = [*new, *(name for name in old if name not in new)]
    return {name: new.get(name) for name in names if _effective(old, name) != _effective(new, name)}


def _effective(handler: Mapping[str, Any], name: str) -> Any:
    return handler.get(name) or _HANDLER_DEFAULTS.get(name)


def _handler_fields(probe: Probe) -> dict[str, Any]:
    return {name: probe.written[name] for name in HANDLER_FIELDS if probe.written.get(name) is not None}


def pod_spec_of(patch: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a patch writes of the pod template's spec; a patch of another shape, which somebody edited, nothing."""
    body: Any = patch
    for name in ("spec", "template", "spec"):
        body = body.get(name) if isinstance(body, Mapping) else None
    return body if isinstance(body, Mapping) else {}


def entries_of(patch: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The containers that a patch writes."""
    body = pod_spec_of(patch)
    entries = [body.get(field) for field in CONTAINER_LISTS]
    return tuple(e for listed in entries if isinstance(listed, list) for e in listed if isinstance(e, Mapping))


def merged_pod(pod: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """What the server makes of a pod's spec: containers are merged by name, what is not there is left out."""
    written = pod_spec_of(patch)
    merged = _merged(pod, {name: value for name, value in written.items() if name not in CONTAINER_LISTS})
    for listed in CONTAINER_LISTS:
        wanted = {entry["name"]: entry for entry in written.get(listed) or ()}
        if wanted:
            merged[listed] = [_merged(live, wanted.get(live.get("name"), {})) for live in pod.get(listed) or ()]
    return merged


def holds(patch: Mapping[str, Any], workload: Workload) -> bool:
    """Whether the live workload already is as the patch would make it, judged by effective values."""
    entries, written = entries_of(patch), pod_spec_of(patch)
    shares = bool(written.get(SHARE_FIELD)) == bool(workload.share_process_namespace)
    if SHARE_FIELD in written and not shares:
        return False
    return (bool(entries) or SHARE_FIELD in written) and all(_container_holds(entry, workload) for entry in entries)


def _container_holds(entry: Mapping[str, Any], workload: Workload) -> bool:
    container = workload.container(str(entry.get("name")))
    if container is None or (COMMAND_FIELD in entry and (entry[COMMAND_FIELD] or []) != list(container.command)):
        return False
    return all(_probe_holds(entry[kind.field], container.probe(kind)) for kind in ProbeType if kind.field in entry)


def _probe_holds(wanted: Any, live: Probe | None) -> bool:
    if wanted is None or live is None:
        return wanted is None and live is None
    return isinstance(wanted, Mapping) and patched(live, wanted) == live


def patched(live: Probe | None, wanted: Any) -> Probe | None:
    """What a patch makes of a probe: None is none, or nothing that anybody can make sense of."""
    if not isinstance(wanted, Mapping):
        return None
    try:
        return parse_probe(_merged({} if live is None else live.written, wanted), place="patch")
    except InvalidObjectError:
        return None


def _merged(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the server makes of a map: null takes a field away, maps are merged, everything else is replaced.

    No list within a probe has a merge key (api/core/v1 types.go).
    """
    merged = {name: value for name, value in live.items() if name not in wanted}
    for name, value in wanted.items():
        below = live.get(name)
        if isinstance(value, Mapping):
            merged[name] = _merged(below if isinstance(below, Mapping) else {}, value)
        elif value is not None:
            merged[name] = value
    return merged


_NUMBERS = frozenset((*FIELD_OF.values(), GRACE_FIELD))
_HANDLER_DEFAULTS = {"path": "/", "scheme": "HTTP"}
