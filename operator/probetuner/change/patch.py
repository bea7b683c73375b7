"""From probes as they are and as they should be to a strategic-merge patch, and back.

Only leaf fields that differ are written. A handler switch nulls the old handler in the same patch, or the API server
would see two (`may not specify more than 1 handler type`). A probe that is added or put back carries every field it
was read with, those that this version does not know included.
"""

from collections.abc import Mapping
from typing import Any

from probetuner.model.probe import FIELD_OF, HANDLER_FIELDS, Probe, ProbeType, parse_probe
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import Workload
from probetuner.tuning.recommendation import Probes

_DEFAULTS = Probe(handler=None)
_FIELDS = frozenset(FIELD_OF.values())


def build_patch(workload: Workload, *, old: Mapping[str, Probes], new: Mapping[str, Probes]) -> dict[str, Any] | None:
    """The patch that leads from *old* to *new* probes (by container name), None when they are the same.

    Containers are merged by name (`patchMergeKey`), so the other ones and all other fields stay as they are.
    """
    spec: dict[str, Any] = {}
    for container in workload.containers:
        if container.name not in new:
            continue
        changes = _container_changes(old[container.name], new[container.name])
        if changes:
            field = "initContainers" if container.is_sidecar else "containers"
            spec.setdefault(field, []).append({"name": container.name, **changes})
    return {"spec": {"template": {"spec": spec}}} if spec else None


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
    """The probe as an object: its handler as written, and the numbers that are not the defaults."""
    body = {name: value for name, value in probe.written.items() if name not in _FIELDS and name != _GRACE}
    for attribute, name in FIELD_OF.items():
        value = getattr(probe, attribute)
        if value != getattr(_DEFAULTS, attribute):
            body[name] = value
    if probe.termination_grace_period_seconds is not None and kind is not ProbeType.READINESS:
        body[_GRACE] = probe.termination_grace_period_seconds
    return body


def _difference(before: Probe, after: Probe) -> dict[str, Any]:
    body: dict[str, Any] = {
        name: getattr(after, attribute)
        for attribute, name in FIELD_OF.items()
        if getattr(before, attribute) != getattr(after, attribute)
    }
    if before.termination_grace_period_seconds != after.termination_grace_period_seconds:
        body[_GRACE] = after.termination_grace_period_seconds
    if before.handler != after.handler:
        old, new = _handler_fields(before), _handler_fields(after)
        body |= dict.fromkeys(old.keys() - new.keys()) | new
    return body


def _handler_fields(probe: Probe) -> dict[str, Any]:
    return {name: probe.written[name] for name in HANDLER_FIELDS if probe.written.get(name) is not None}


def holds(patch: Mapping[str, Any], workload: Workload) -> bool:
    """Whether the live workload already is as the patch would make it, judged by effective values."""
    spec = patch.get("spec", {}).get("template", {}).get("spec", {})
    wanted = [entry for field in ("containers", "initContainers") for entry in spec.get(field, ())]
    return bool(wanted) and all(_container_holds(entry, workload) for entry in wanted)


def _container_holds(entry: Mapping[str, Any], workload: Workload) -> bool:
    container = workload.container(str(entry.get("name")))
    if container is None:
        return False
    return all(_probe_holds(entry[kind.field], container.probe(kind)) for kind in ProbeType if kind.field in entry)


def _probe_holds(wanted: Mapping[str, Any] | None, live: Probe | None) -> bool:
    if wanted is None or live is None:
        return wanted is None and live is None
    try:
        parsed = parse_probe({name: value for name, value in wanted.items() if value is not None}, place="patch")
    except InvalidObjectError:
        return False
    names = {name: attribute for attribute, name in FIELD_OF.items()}
    has_handler = any(wanted.get(name) is not None for name in HANDLER_FIELDS)
    if has_handler:
        return parsed == live
    return all(getattr(parsed, names[name]) == getattr(live, names[name]) for name in wanted if name in names)


_GRACE = "terminationGracePeriodSeconds"
