"""Node objects to what they say of the node: whether its kubelet reports as ready, and since when."""

from dataclasses import dataclass

from probetuner.model.fields import Object, moment, objects, text
from probetuner.model.workload import section


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReadiness:
    """A node's Ready condition.

    `since` is its last transition in epoch seconds, None where it does not say. `reason` is the condition's, such as
    NodeStatusUnknown; a node that has none yet counts as not ready.
    """

    name: str
    ready: bool
    reason: str
    since: float | None


def read_node(raw: Object) -> NodeReadiness:
    """Read a Node. Raises InvalidObjectError."""
    name = text(section(raw, "metadata", "Node"), "name", "Node.metadata")
    place = f"Node/{name}"
    conditions = objects(section(raw, "status", place), "conditions", place)
    ready = next((c for c in conditions if c.get("type") == "Ready"), None)
    if ready is None:
        return NodeReadiness(name=name, ready=False, reason="NoReadyCondition", since=None)
    return NodeReadiness(
        name=name,
        ready=ready.get("status") == "True",
        reason=text(ready, "reason", place) or "NodeNotReady",
        since=moment(ready, "lastTransitionTime", place),
    )
