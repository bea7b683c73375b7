"""A model of the API server's strategic merge patch, for what patches of pod templates use of it.

Maps are merged, null takes a field away, containers are merged by name, and every other list is replaced
(apimachinery strategicpatch; the merge keys are in api/core/v1 types.go).
"""

import copy
from typing import Any

_MERGED_BY_NAME = ("containers", "initContainers")


def apply(patch: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """What the server makes of the live object."""
    result = copy.deepcopy(live)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif name in _MERGED_BY_NAME:
            result[name] = _merge_named(value, result.get(name) or [])
        elif isinstance(value, dict):
            below = result.get(name)
            result[name] = apply(value, below if isinstance(below, dict) else {})
        else:
            result[name] = copy.deepcopy(value)
    return result


def _merge_named(patches: list[dict[str, Any]], live: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_name = {patch["name"]: patch for patch in patches}
    merged = [apply(by_name.pop(entry["name"], {}), entry) for entry in live]
    return merged + [apply(patch, {}) for patch in by_name.values()]
