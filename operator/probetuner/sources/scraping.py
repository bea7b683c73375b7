"""The kubelets' metrics for somebody outside the cluster: by the API server's proxy, or of the kubelets themselves.

The proxy takes the right `get nodes/proxy`, which allows much more than metrics, and shows the credentials to nobody
but the API server. A kubelet itself takes only `nodes/metrics`, must be reachable, and gets to see whatever token it is
asked with: a person's opens more than metrics, so that way is gone only where it was asked for.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from probetuner.diagnosis.wording import first_of
from probetuner.facts.page import Page
from probetuner.model.problem import InvalidObjectError
from probetuner.sources.asking import OF_A_KIND, Asking, Door
from probetuner.sources.failing import Failure
from probetuner.sources.kubelet import KubeletAccess, KubeletAddress, Kubelets, parse_address
from probetuner.sources.live import NODES, LiveCluster, LiveError, Scope
from probetuner.sources.manifests import Tell
from probetuner.sources.placement import Placement
from probetuner.sources.recording import Scrape

SCRAPE_SECONDS = 10.0

_PROBES = ("prober_probe_", "process_start_time_seconds")
_CADVISOR = (
    "container_threads",
    "container_processes",
    "container_cpu_cfs_periods_total",
    "container_cpu_cfs_throttled_periods_total",
    "container_cpu_cfs_throttled_seconds_total",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "container_oom_events_total",
    "container_start_time_seconds",
)
_FAMILIES = {"/metrics/probes": _PROBES, "/metrics/cadvisor": _CADVISOR}
"""What is kept of each page: some families more than are read today, since a recording is read again later."""

_LINES = re.compile(r"[^\n]*\n")
_CONNECT_SECONDS = 2.0
_BEGIN_SECONDS = {"/metrics/probes": _CONNECT_SECONDS, "/metrics/cadvisor": 5.0}
"""By the proxy, the API server's way to a kubelet is part of the wait for an answer. The page of probes is asked first
and there at once; that of cAdvisor is collected when it is asked for."""
COUNTERS = "the kubelets' counters (how often probes passed, how long answers took, CPU throttling)"
_NAMED = 5
_NAMED_BEFORE = 10
_OTHER_WAY = (
    "ask for nodes/proxy, or let --kubelets direct ask the kubelets themselves, which then get to see your credentials"
)
_NAMESPACE = re.compile(r'[{,]namespace="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """That kubelets are to be asked themselves: as whom, and what is said of it.

    `shown` is what a kubelet gets to see, in words; `say` takes a sentence on who that is, before it is sent.
    """

    access: KubeletAccess
    shown: str
    say: Callable[[str], None]


class NodeMetrics:
    """Asks the nodes that run the pods of a scope, 16 at once; what they do not tell is told once, in one sentence.

    Who refuses is not asked again. Who cannot be reached, or answers nonsense, is asked again in the next round. Once
    three nodes failed in the same way, those that were not asked yet are left out of the round.

    They are asked through the API server, or themselves where `direct` says how.
    """

    def __init__(
        self, cluster: LiveCluster, direct: Direct | None, scope: Scope, tell: Tell, *, placement: Placement
    ) -> None:
        self._cluster, self._direct, self._scope, self._tell = cluster, direct, scope, tell
        self.placement = placement
        self._asked: set[str] = set()
        self._refused: set[str] = set()
        self._told: set[tuple[str, str]] = set()
        self._shown: set[KubeletAddress] = set()

    def scrape(self, step: Callable[[], None] = lambda: None) -> Iterator[Scrape]:
        """One answer per node and page, as they come; `step` is called for each node that is done with."""
        return self._scraped(self.placement.nodes(), step)

    def scrape_others(self, *, seconds: float) -> Iterator[Scrape]:
        """Wait so long for nodes that were never asked, and ask them."""
        self.placement.wait_for_others(self._asked, seconds=seconds)
        others = tuple(node for node in self.placement.nodes() if node not in self._asked)
        return self._scraped(others, lambda: None)

    def _scraped(self, nodes: Sequence[str], step: Callable[[], None]) -> Iterator[Scrape]:
        self._asked.update(nodes)
        if len(self._refused) >= OF_A_KIND:
            return
        asked = [node for node in nodes if node not in self._refused]
        try:
            doors = self._doors(asked)
        except LiveError as problem:
            self._tell_of(dict.fromkeys(nodes, ("list", str(problem))), of=len(nodes))
            return
        nowhere = set(asked) - {door.node for door in doors}
        asking = Asking(doors, self._page)
        for scrape in asking.answers(step):
            yield replace(scrape, text=only_namespaces(scrape.text, self._scope.namespaces))
        self._refused |= {node for node, (failure, _) in asking.failed.items() if failure is Failure.REFUSED}
        self._tell_of(
            {node: (how.value, f"{problem}{self._advice(how)}") for node, (how, problem) in asking.failed.items()}
            | dict.fromkeys(asking.left_out, ("left out", "not asked any more after that"))
            | {node: ("partial", problem) for node, problem in asking.partial.items()}
            | dict.fromkeys(nowhere, ("nowhere", "its Node has no internal IP address")),
            of=len(nodes),
        )

    def _doors(self, nodes: Sequence[str]) -> list[Door]:
        """Where the pages of these nodes are, as far as that is known. Raises LiveError."""
        if self._direct is None or not nodes:
            return [Door(node=node) for node in nodes]
        read = map(_address, self._cluster.each(NODES, self._scope))
        known = {address.node: address for address in read if address is not None}
        addresses = [known[node] for node in nodes if node in known]
        new = [address for address in addresses if address not in self._shown]
        if new:  # said before they get to see it
            self._shown.update(new)
            first = first_of([f"{address.node} at {address.host}" for address in new], _NAMED_BEFORE)
            self._direct.say(f"{self._direct.shown} goes to the kubelets of these nodes: {first}")
        return [Door(node=address.node, address=address) for address in addresses]

    def _page(self, door: Door, path: str) -> Page:
        """One page of a node. Raises LiveError, KubeletError."""
        return read_page(self._cluster, None if self._direct is None else self._direct.access, door, path)

    def _tell_of(self, problems: Mapping[str, tuple[str, str]], *, of: int) -> None:
        """Tell what some of so many nodes do not tell, by its kind and in a sentence; one stands for all of a kind."""
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for node, (kind, _) in sorted(problems.items()):
            if (node, kind) not in self._told:
                self._told.add((node, kind))
                alike[kind].append(node)
        if alike:
            parts = [f"{first_of(nodes, _NAMED)}: {problems[nodes[0]][1]}" for nodes in alike.values()]
            self._tell(f"{COUNTERS} are missing for {sum(map(len, alike.values()))} of {of} nodes ({'; '.join(parts)})")

    def _advice(self, failure: Failure) -> str:
        return f"; {_OTHER_WAY}" if failure is Failure.REFUSED and self._direct is None else ""


def _address(node: Mapping[str, Any]) -> KubeletAddress | None:
    """Where a node's kubelet listens; None where it says nothing of use, which hides no other node."""
    try:
        return parse_address(node)
    except InvalidObjectError:
        return None


def read_page(cluster: LiveCluster, access: KubeletAccess | None, door: Door, path: str) -> Page:
    """One page of a node: of the kubelet itself where its address and who asks are known, else by the API server.

    Raises LiveError, KubeletError.
    """
    if access is not None and door.address is not None:
        return asyncio.run(_ask(access, door.address, path))
    proxied = f"/api/v1/nodes/{door.node}/proxy{path}"
    return cluster.page(proxied, _FAMILIES[path], begin_seconds=_BEGIN_SECONDS[path])


async def _ask(access: KubeletAccess, address: KubeletAddress, path: str) -> Page:
    kubelets = Kubelets(access, connect_seconds=_CONNECT_SECONDS)
    try:
        return await kubelets.read(address, path, _FAMILIES[path])
    finally:
        await kubelets.close()


def only_namespaces(text: str, namespaces: Collection[str]) -> str:
    """Exposition text without what is of other namespaces; all of it when no namespace is given."""
    if not namespaces:
        return text
    lines = (found[0] for found in _LINES.finditer(text))
    return "".join(line for line in lines if _is_kept(line, namespaces))


def _is_kept(line: str, namespaces: Collection[str]) -> bool:
    found = _NAMESPACE.search(line)
    return found is None or found[1] in namespaces
