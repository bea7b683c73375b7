"""A Node says whether it is ready, and since when."""

import pytest

from probetuner.facts.nodes import NodeReadiness, read_node
from probetuner.model.problem import InvalidObjectError
from unit.facts.objects import NOON, node


def test_the_ready_condition_is_read() -> None:
    """A silent kubelet turns Ready to something else than True, at lastTransitionTime."""
    assert read_node(node(ready=True)).ready
    assert read_node(node(ready=False, since=40, reason="NodeStatusUnknown")) == NodeReadiness(
        name="node-1", ready=False, reason="NodeStatusUnknown", since=NOON + 40
    )


def test_a_node_without_the_condition_is_not_ready() -> None:
    """A node that has not reported yet is not ready."""
    assert not read_node({"metadata": {"name": "new"}}).ready


def test_a_malformed_node_is_named() -> None:
    """What cannot be understood is one sentence that names the place."""
    with pytest.raises(InvalidObjectError, match="conditions"):
        read_node({"metadata": {"name": "n"}, "status": {"conditions": "all fine"}})
