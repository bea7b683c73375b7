"""The pods that are followed, found by what others call them: their uid, name, node or workload.

A cluster's pods are looked for with each Event and each page of a kubelet, so none of these may look through all.
"""

from collections.abc import Iterator

from probetuner.facts.pods import PodState
from probetuner.model.workload import WorkloadRef

Name = tuple[str, str]
"""Namespace and name."""


class PodIndex:
    """Pods by uid, in the order in which they were first seen. Of two with one name the later has it."""

    def __init__(self) -> None:
        self._states: dict[str, PodState] = {}
        self._named: dict[Name, str] = {}
        self._on: dict[str, dict[str, None]] = {}
        self._of: dict[WorkloadRef | None, dict[str, None]] = {}

    def __iter__(self) -> Iterator[PodState]:
        return iter(self._states.values())

    def get(self, uid: str) -> PodState | None:
        """The pod of that uid."""
        return self._states.get(uid)

    def named(self, name: Name) -> PodState | None:
        """The pod of that name that was seen last."""
        return self._states.get(self._named.get(name, ""))

    def on(self, node: str) -> list[PodState]:
        """The pods of a node."""
        return [self._states[uid] for uid in self._on.get(node, ())]

    def of(self, workload: WorkloadRef) -> list[PodState]:
        """The pods of a workload."""
        return [self._states[uid] for uid in self._of.get(workload, ())]

    def nodes(self) -> set[str]:
        """Where pods are."""
        return set(self._on)

    def put(self, state: PodState) -> None:
        """Keep it in place of what was known of the same uid."""
        ref, before = state.ref, self._states.get(state.ref.uid)
        if before is not None and (before.ref.node, before.ref.workload) != (ref.node, ref.workload):
            self._unlist(before)
        self._states[ref.uid] = state
        self._named[ref.namespace, ref.name] = ref.uid
        self._on.setdefault(ref.node, {})[ref.uid] = None
        self._of.setdefault(ref.workload, {})[ref.uid] = None

    def drop(self, uid: str) -> None:
        """Forget a pod; another of its name keeps the name."""
        state = self._states.pop(uid, None)
        if state is None:
            return
        name = (state.ref.namespace, state.ref.name)
        if self._named.get(name) == uid:
            del self._named[name]
        self._unlist(state)

    def _unlist(self, state: PodState) -> None:
        ref = state.ref
        self._on[ref.node].pop(ref.uid, None)
        self._of[ref.workload].pop(ref.uid, None)
        if not self._on[ref.node]:
            del self._on[ref.node]
        if not self._of[ref.workload]:
            del self._of[ref.workload]
