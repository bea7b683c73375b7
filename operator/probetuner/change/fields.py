"""Which fields of a pod template a patch writes: what it is compared by with other patches and other writers.

A field is named by its way from the pod's spec, with a container's name in place of its index, as in
`("containers", "web", "livenessProbe", "timeoutSeconds")`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from probetuner.change.patch import CONTAINER_LISTS, pod_spec_of
from probetuner.diagnosis.wording import first_of

FieldPath = tuple[str, ...]

_SHOWN_FIELDS = 10


def fields_of(patch: Mapping[str, Any]) -> tuple[FieldPath, ...]:
    """The fields that a strategic-merge patch sets or removes; one that is removed stands for all below it."""
    return tuple(values_of(patch))


def values_of(raw: Mapping[str, Any]) -> dict[FieldPath, Any]:
    """The fields that a patch or a manifest names in its pod template, and what it says of each."""
    return dict(_leaves(pod_spec_of(raw)))


def _leaves(pod_spec: Mapping[str, Any]) -> Iterator[tuple[FieldPath, Any]]:
    for name, value in pod_spec.items():
        if name not in CONTAINER_LISTS or not isinstance(value, list):
            yield from _below((name,), value)
            continue
        for container in value:
            if isinstance(container, Mapping) and isinstance(container.get("name"), str):
                rest = {field: below for field, below in container.items() if field != "name"}
                yield from _below((name, container["name"]), rest)


def shared(fields: Iterable[FieldPath], others: Iterable[FieldPath]) -> tuple[FieldPath, ...]:
    """Those of *fields* that are one of the others, or above or below one."""
    known = tuple(others)
    return tuple(field for field in fields if any(_same_way(field, other) for other in known))


def spelled(field: FieldPath) -> str:
    """The field as people say it, such as `web.livenessProbe.timeoutSeconds`."""
    return ".".join(field[1:] if field[0] in CONTAINER_LISTS else field)


def listed(fields: Iterable[FieldPath]) -> str:
    """The fields in a sentence, as many as can be read."""
    return first_of([spelled(field) for field in fields], _SHOWN_FIELDS)


def _same_way(one: FieldPath, other: FieldPath) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _below(path: FieldPath, value: Any) -> Iterator[tuple[FieldPath, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _below((*path, str(name)), inner)
    else:
        yield path, value
