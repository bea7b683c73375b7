"""What must hold of a workload after a cycle, told from the objects that Kubernetes itself keeps.

A Deployment's generation counts every change of its spec, and each template that it ever had left a ReplicaSet, so
nothing that was written to it can be missed, however late one looks.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]


def broken(deployment: Object, replica_sets: Sequence[Object], policy: Object, *, put_back: int) -> Iterator[str]:
    """Yield a sentence for each promise that was not kept; *put_back* is how often the second writer wrote."""
    changes = policy.get("status", {}).get("history", [])
    yield from _half_patched(deployment, replica_sets, changes)
    yield from _patched_too_often(deployment, changes, put_back=put_back)
    yield from _not_as_said(deployment, changes)


def _half_patched(deployment: Object, replica_sets: Sequence[Object], changes: Sequence[Object]) -> Iterator[str]:
    """Each template is the one before a change or the one after it, in every field that the change names."""
    states = [_leaves(json.loads(change[side])) for change in changes for side in ("patch", "undo")]
    for owner in (deployment, *replica_sets):
        template = owner["spec"]["template"]["spec"]
        if states and not any(_carries(template, state) for state in states):
            yield f"half patched: {owner['metadata']['name']} has {_probes(template)}, no side of {states}"


def _patched_too_often(deployment: Object, changes: Sequence[Object], *, put_back: int) -> Iterator[str]:
    applied = Counter(change["id"] for change in changes if "appliedAt" in change)
    reverted = Counter(change["id"] for change in changes if "revertedAt" in change)
    for name, times in applied.items():
        if times > 1 + reverted[name]:
            yield f"recommendation {name} was applied {times} times and put back by others {reverted[name]} times"
    undone = sum("undoneAt" in change for change in changes)
    written = deployment["metadata"]["generation"] - 1
    told = applied.total() + undone + put_back
    if written != told:
        parts = f"{applied.total()} changes, {undone} undos, {put_back} of others"
        yield f"the spec changed {written} times, and {parts} make {told}"


def _not_as_said(deployment: Object, changes: Sequence[Object]) -> Iterator[str]:
    """What the latest change says of itself is how the workload is."""
    if not changes:
        return
    latest = changes[0]
    gone = "appliedAt" not in latest or "undoneAt" in latest or "revertedAt" in latest
    side = "undo" if gone else "patch"
    if not _carries(deployment["spec"]["template"]["spec"], _leaves(json.loads(latest[side]))):
        yield f"the log says {side}, the workload has {_probes(deployment['spec']['template']['spec'])}"


def _leaves(patch: Object) -> dict[tuple[str, ...], Any]:
    entries = patch["spec"]["template"]["spec"]["containers"]
    return {(entry["name"], *path): value for entry in entries for path, value in _flat(entry) if path != ("name",)}


def _flat(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, (*path, name))
    else:
        yield path, value


def _carries(template: Object, leaves: Mapping[tuple[str, ...], Any]) -> bool:
    containers = {container["name"]: container for container in template["containers"]}
    return all(_at(containers.get(name, {}), path) == value for (name, *path), value in leaves.items())


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    # The API server leaves a delay of 0 out.
    return 0 if value is None and path[-1] == "initialDelaySeconds" else value


def _probes(template: Object) -> dict[str, Any]:
    container = template["containers"][0]
    return {name: probe for name, probe in container.items() if name.endswith("Probe")}
