"""Pods are found by uid, name, node and workload as if all were looked through."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts.index import PodIndex
from probetuner.facts.pods import PodState, read_pod
from probetuner.model.workload import WorkloadKind, WorkloadRef
from unit.facts.objects import NOON, pod, running, status

_FIRST, _ = read_pod(None, pod(status(running(0), ready=True)), at=NOON)
_WORKLOADS = [WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name=name) for name in ("web", "cart")]

states = st.builds(
    lambda uid, name, node, workload: replace(
        _FIRST, ref=replace(_FIRST.ref, uid=uid, name=name, node=node, workload=workload)
    ),
    st.sampled_from("123456"),
    st.sampled_from(("web-a", "web-b")),
    st.sampled_from(("", "node-1", "node-2")),
    st.sampled_from([None, *_WORKLOADS]),
)


@given(st.lists(states | st.sampled_from("123456"), max_size=30))
def test_pods_are_found_by_whatever_they_are_called(steps: list[PodState | str]) -> None:
    """After any pods came, moved, were replaced under their name and went: a string is the uid of one that goes."""
    index, kept, named = PodIndex(), dict[str, PodState](), dict[str, str]()
    for step in steps:
        if isinstance(step, str):
            index.drop(step)
            gone = kept.pop(step, None)
            if gone is not None and named.get(gone.ref.name) == step:
                del named[gone.ref.name]
        else:
            index.put(step)
            kept[step.ref.uid] = step
            named[step.ref.name] = step.ref.uid

    assert list(index) == list(kept.values())
    assert index.nodes() == {state.ref.node for state in kept.values()}
    for uid in "123456":
        assert index.get(uid) == kept.get(uid)
    for name in ("web-a", "web-b"):
        assert index.named(("shop", name)) == kept.get(named.get(name, ""))
    for node in ("", "node-1", "node-2"):
        on = sorted(state.ref.uid for state in kept.values() if state.ref.node == node)
        assert sorted(state.ref.uid for state in index.on(node)) == on
    for workload in _WORKLOADS:
        of = sorted(state.ref.uid for state in kept.values() if state.ref.workload == workload)
        assert sorted(state.ref.uid for state in index.of(workload)) == of
