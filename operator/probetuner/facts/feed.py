"""From raw records to facts: one reader for recordings, dumps and live clusters."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

from probetuner.facts import cadvisor, metrics
from probetuner.facts.cadvisor import read_cadvisor
from probetuner.facts.events import EarlyEvents, EventCounts, ProbeEvent, facts_of, parse_event
from probetuner.facts.fact import Fact
from probetuner.facts.growth import Reading, Scraped
from probetuner.facts.index import PodIndex
from probetuner.facts.messages import Attempt
from probetuner.facts.metrics import read_probes
from probetuner.facts.nodes import NodeReadiness, read_node
from probetuner.facts.owner import owner_of
from probetuner.facts.pods import PodState, disturbed, read_pod, uid_of
from probetuner.model.fields import text
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadRef, section

_READERS = {"/metrics/probes": read_probes, "/metrics/cadvisor": read_cadvisor}

FAMILIES = {"/metrics/probes": metrics.FAMILIES, "/metrics/cadvisor": cadvisor.FAMILIES}
"""What is read of each of a kubelet's pages: the beginnings of its lines."""


class Read(Protocol):
    """Reads a page's text, received at `at`; `problem` says what of the page is not in it."""

    def __call__(self, text: str, at: float, problem: str | None = None) -> Reading:
        """Give what the text tells."""
        ...


class Reader:
    """Remembers what it takes to see changes, and turns records into facts. It does no I/O and reads no clock.

    `since` is when observation began (epoch seconds; minus infinity takes in all that objects still tell of the past).
    `follows` says which workloads' pods are read; None reads those of all workloads. What is remembered grows with
    the pods that are followed and with nothing else.

    An event is of the pod that it names by namespace, name and uid. With `trusts_names` the first two are enough where
    one of both has no uid, as in dumps from which they were taken out: whoever reads a file knows whose it is.
    """

    def __init__(
        self,
        *,
        since: float,
        follows: Callable[[WorkloadRef], bool] | None = None,
        trusts_names: bool = False,
    ) -> None:
        self._since = since
        self._follows = follows
        self._trusts_names = trusts_names
        self._pods = PodIndex()
        self._nodes: dict[str, NodeReadiness] = {}
        self._counts: dict[str, EventCounts] = {}
        self._scraped: dict[tuple[str, str], Scraped] = {}
        self._problems: dict[tuple[str, str], str] = {}
        self._early = EarlyEvents()

    def watch(self, raw: Mapping[str, Any], change: str | None, received_at: float) -> list[Fact]:
        """Take in an object as a watch gave it: `change` is ADDED, MODIFIED or DELETED, None in a list.

        Pods, Events and Nodes tell facts, others nothing. Raises InvalidObjectError; nothing is changed then.
        """
        if received_at < self._since:
            # Our own clock was set back: observation cannot have begun later than something was received.
            self._since = received_at
            self._counts.clear()
        gone = change == "DELETED"
        match raw.get("kind"):
            case "Pod":
                return self._pod(raw, received_at, gone=gone)
            case "Event" if not gone:
                event = parse_event(raw, received_at=received_at)
                return [] if event is None else self._event(event)
            case "Node":
                return self._node(raw, received_at, gone=gone)
        return []

    def scrape(self, node: str, path: str, text: str, at: float, problem: str | None = None) -> list[Fact]:
        """Take in a node's exposition text of `/metrics/probes` or `/metrics/cadvisor`; other paths tell nothing.

        `problem` says what of the page is not in the text.
        """
        read = self.scraping(node, path)
        return [] if read is None else self.scraped(node, path, read(text, at, problem))

    def scraping(self, node: str, path: str) -> Read | None:
        """How the node's next text is to be read, for `scraped` to take in; None for a path that tells nothing.

        It touches nothing of this reader, so a large text can be read in another thread meanwhile.
        """
        read = _READERS.get(path)
        if read is None:
            return None
        before, pods = self._scraped.get((node, path)), self.pods_on(node)
        since = self._since
        return lambda text, at, problem=None: read(before, text, at=at, pods=pods, since=since, problem=problem)

    def scraped(self, node: str, path: str, reading: Reading) -> list[Fact]:
        """Take in what was read of the node's text."""
        key = (node, path)
        self._scraped[key] = reading.scraped
        self._problems.pop(key, None)
        if reading.problem is not None:
            self._problems[key] = f"{path} of node {node}: {reading.problem}"
        return reading.facts

    def problem(self, node: str) -> str | None:
        """What could not be read of the node's last scrapes, in a sentence."""
        return "; ".join(self._problems[key] for key in sorted(self._problems) if key[0] == node) or None

    def pods_on(self, node: str) -> list[PodState]:
        """The followed pods of a node."""
        return self._pods.on(node)

    def pods_of(self, workload: WorkloadRef) -> list[PodState]:
        """The followed pods of a workload."""
        return self._pods.of(workload)

    def keep(self, pod_uids: Collection[str]) -> None:
        """Forget every pod but these: what a full list of pods no longer has was deleted unseen."""
        kept = frozenset(pod_uids)
        for uid in [state.ref.uid for state in self._pods if state.ref.uid not in kept]:
            self._forget(uid)
        self._forget_scrapes({node for node, _ in self._scraped} - self._pods.nodes())

    def _forget_scrapes(self, nodes: Collection[str]) -> None:
        for key in [key for key in self._scraped if key[0] in nodes]:
            del self._scraped[key]
            self._problems.pop(key, None)

    def _pod(self, raw: Mapping[str, Any], at: float, *, gone: bool) -> list[Fact]:
        uid = uid_of(raw)
        if not (self._follows is None or self._follows(owner_of(raw))):
            self._forget(uid)
            return []
        before = self._pods.get(uid)
        known = before is not None
        if before is not None and (before.ref.namespace, before.ref.name) != _name_of(raw):
            raise InvalidObjectError("Pod.metadata.uid", f"is that of pod {before.ref.namespace}/{before.ref.name}")
        node = self._nodes.get(before.ref.node) if before else None
        state, facts = read_pod(before, raw, at=at, gone=gone, node_ready=node is None or node.ready)
        self._pods.put(state)
        if not known:
            facts += self._replay(state)
        if gone:
            self._forget(uid)
        return facts

    def _forget(self, uid: str) -> None:
        self._pods.drop(uid)
        self._counts.pop(uid, None)

    def _event(self, event: ProbeEvent) -> list[Fact]:
        known = (self._pods.get(event.pod_uid), self._pods.named((event.namespace, event.pod)))
        state = next((one for one in known if one is not None and self._is_about(event, one)), None)
        if state is None:
            self._early.keep(event)
            return []
        container = state.container(event.container)
        if container is None or (state.ending_at is not None and event.last_at >= state.ending_at):
            return []
        handler = container.handler(event.meaning.probe) if isinstance(event.meaning, Attempt) else None
        counts = self._counts.setdefault(state.ref.uid, EventCounts(since=self._since))
        return facts_of(event, grown=counts.grown(event), pod=state.ref, handler=handler)

    def _is_about(self, event: ProbeEvent, state: PodState) -> bool:
        """Whether the event names the pod in every way that is asked for."""
        name = (state.ref.namespace, state.ref.name)
        if (event.namespace, event.pod) != name:
            return False
        one_has_no_uid = not event.pod_uid or state.ref.uid == "/".join(name)
        return event.pod_uid == state.ref.uid or (self._trusts_names and one_has_no_uid)

    def _replay(self, state: PodState) -> list[Fact]:
        early = self._early.take(state.ref.namespace, lambda event: self._is_about(event, state))
        return [fact for event in early for fact in self._event(event)]

    def _node(self, raw: Mapping[str, Any], at: float, *, gone: bool) -> list[Fact]:
        node = read_node(raw)
        before = self._nodes.get(node.name)
        self._nodes[node.name] = node
        if gone:
            del self._nodes[node.name]
            self._forget_scrapes({node.name})
            return self._disturb(node.name, at, "NodeDeleted")
        was_ready = before is None or before.ready
        if was_ready == node.ready:
            return []
        return self._disturb(node.name, min(at, node.since or at), node.reason)

    def _disturb(self, node: str, at: float, reason: str) -> list[Fact]:
        return [fact for state in self.pods_on(node) for fact in disturbed(state, at=at, reason=reason)]


def _name_of(pod: Mapping[str, Any]) -> tuple[str, str]:
    metadata = section(pod, "metadata", "Pod")
    return text(metadata, "namespace", "Pod.metadata") or "default", text(metadata, "name", "Pod.metadata")


def only(workloads: Iterable[WorkloadRef]) -> Callable[[WorkloadRef], bool]:
    """A `follows` for a fixed set of workloads."""
    return frozenset(workloads).__contains__
