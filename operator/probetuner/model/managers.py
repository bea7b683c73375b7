"""Who wrote which fields of a pod template, as the API server keeps it in `metadata.managedFields`.

The format is that of server-side apply (`fieldsV1` of `metav1.FieldsV1`): `f:NAME` is a field, `k:{…}` an item of a
list by its keys.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.model.fields import objects

_TEMPLATE = ("f:spec", "f:template", "f:spec")
_LISTS = ("containers", "initContainers")
_KEPT = ("livenessProbe", "readinessProbe", "startupProbe", "command", "args")
_KEPT_OF_POD = ("shareProcessNamespace", "terminationGracePeriodSeconds")
_MOST_DEEP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldManager:
    """One writer of a workload, and the fields of its pods' spec that concern probes and that it wrote last.

    `applies` is whether it wrote them by server-side apply, which is a claim to go on doing so; else it is only known
    that it once did. A field is named by its way from the pod's spec, with a container's name in place of its index.
    """

    name: str
    applies: bool
    fields: frozenset[tuple[str, ...]]


def parse_managers(metadata: Mapping[str, Any], place: str) -> tuple[FieldManager, ...]:
    """Read the managers of fields that concern probes; others are left out. Raises InvalidObjectError."""
    found = (_parse(entry) for entry in objects(metadata, "managedFields", place))
    return tuple(manager for manager in found if manager.fields)


def _parse(entry: Mapping[str, Any]) -> FieldManager:
    fields: Any = entry.get("fieldsV1")
    for name in _TEMPLATE:
        fields = fields.get(name) if isinstance(fields, Mapping) else None
    return FieldManager(
        name=str(entry.get("manager") or "unknown"),
        applies=entry.get("operation") == "Apply",
        fields=frozenset(_of_pod(fields)) if isinstance(fields, Mapping) else frozenset(),
    )


def _of_pod(fields: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name in _KEPT_OF_POD:
        if f"f:{name}" in fields:
            yield (name,)
    for listed in _LISTS:
        items = fields.get(f"f:{listed}")
        for key, below in items.items() if isinstance(items, Mapping) else ():
            container = _name_in(key)
            if container is not None and isinstance(below, Mapping):
                for name in _KEPT:
                    if f"f:{name}" in below:
                        yield from _below((listed, container, name), below[f"f:{name}"])


def _name_in(key: str) -> str | None:
    try:
        keys = json.loads(key.removeprefix("k:"))
    except (ValueError, RecursionError):
        return None
    name = keys.get("name") if isinstance(keys, Mapping) else None
    return name if isinstance(name, str) else None


def _below(path: tuple[str, ...], fields: Any) -> Iterator[tuple[str, ...]]:
    """The leaves below a field; the dot stands for the field itself, which says nothing of its own."""
    inner = {key: below for key, below in fields.items() if key.startswith("f:")} if isinstance(fields, Mapping) else {}
    if not inner or len(path) >= _MOST_DEEP:
        yield path
    for key, below in inner.items() if len(path) < _MOST_DEEP else ():
        yield from _below((*path, key.removeprefix("f:")), below)
