"""Which nodes run the pods that are looked at: their kubelets are asked, and no others."""

import re
import threading
from collections.abc import Collection, Mapping
from typing import Any

from probetuner.facts.nodes import read_node
from probetuner.facts.owner import owner_of
from probetuner.facts.pods import uid_of
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadKind, WorkloadRef

_KINDS = {kind.value: kind for kind in WorkloadKind}
_OVER = ("Succeeded", "Failed")
_NODE_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")  # it becomes part of a path


class Placement:
    """The nodes of pods as they come, from several threads.

    With `selected` only pods of workloads that came too are meant: labels select workloads, and pods by them. With
    `only` these nodes are meant, whatever comes.
    """

    def __init__(self, *, selected: bool = False, only: Collection[str] | None = None) -> None:
        self._selected = selected
        self._only = None if only is None else tuple(sorted(only))
        self._workloads: set[WorkloadRef] = set()
        self._pods: dict[str, tuple[WorkloadRef, str]] = {}
        self._unready: set[str] = set()
        self._changed = threading.Condition()

    def take(self, raw: Mapping[str, Any], change: str | None = None) -> None:
        """Take in an object; one that cannot be read says nothing here, and is told by whoever reads it."""
        try:
            with self._changed:
                self._take(raw, gone=change == "DELETED")
                self._changed.notify_all()
        except InvalidObjectError:
            return

    def nodes(self) -> tuple[str, ...]:
        """The nodes to ask; those whose kubelets do not report as ready come last, since they answer least."""
        if self._only is not None:
            return self._only
        with self._changed:
            return self._nodes()

    def wait_for_others(self, nodes: Collection[str], *, seconds: float) -> None:
        """Wait until there is a node that is none of these, for so many seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: not set(self._only or self._nodes()) <= set(nodes), timeout=seconds)

    def _nodes(self) -> tuple[str, ...]:
        meant = {node for ref, node in self._pods.values() if not self._selected or ref in self._workloads}
        return tuple(sorted(meant, key=lambda node: (node in self._unready, node)))

    def _take(self, raw: Mapping[str, Any], *, gone: bool) -> None:
        match raw.get("kind"):
            case "Pod":
                self._take_pod(raw, gone=gone)
            case "Node":
                node = read_node(raw)
                (self._unready.discard if node.ready else self._unready.add)(node.name)
            case str(kind) if kind in _KINDS:
                metadata = raw.get("metadata") or {}
                name, namespace = metadata.get("name"), metadata.get("namespace")
                self._workloads.add(WorkloadRef(kind=_KINDS[kind], namespace=namespace or "default", name=name or ""))

    def _take_pod(self, raw: Mapping[str, Any], *, gone: bool) -> None:
        uid, node = uid_of(raw), (raw.get("spec") or {}).get("nodeName")
        over = (raw.get("status") or {}).get("phase") in _OVER
        if gone or over or not isinstance(node, str) or not _NODE_NAME.fullmatch(node):
            self._pods.pop(uid, None)
        else:
            self._pods[uid] = (owner_of(raw), node)
