"""The kubelets' metrics for somebody outside the cluster: by the API server's proxy, or of the kubelets themselves.

The proxy takes the right `get nodes/proxy`, which allows much more than metrics, and shows the credentials to nobody
but the API server. A kubelet itself takes only `nodes/metrics`, must be reachable, and gets to see whatever token it is
asked with: a person's opens more than metrics, so that way is gone only where it was asked for.
"""

import asyncio
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from probetuner.facts.page import Page
from probetuner.model.problem import InvalidObjectError
from probetuner.sources.kubelet import PATHS, KubeletAccess, KubeletAddress, KubeletError, Kubelets, parse_address
from probetuner.sources.live import NODES, LiveCluster, LiveError, Scope
from probetuner.sources.manifests import Tell
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
_SHOWN_NODES = 10
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
    """Asks every node of a cluster, or only some. Nodes that cannot be asked are told once and left alone.

    They are asked through the API server, or themselves where `direct` says how.
    """

    def __init__(
        self,
        cluster: LiveCluster,
        direct: Direct | None,
        scope: Scope,
        tell: Tell,
        *,
        nodes: Collection[str] | None = None,
    ) -> None:
        self._cluster, self._direct, self._scope, self._tell = cluster, direct, scope, tell
        self._nodes = nodes
        self._silent: set[str] = set()
        self._partial: set[str] = set()
        self._said: set[KubeletAddress] = set()

    def scrape(self) -> Iterator[Scrape]:
        """One answer per node and page, as far as they answer."""
        for address in self._addresses():
            for path in PATHS:
                if {address.node, NODES.plural} & self._silent:
                    break
                page = self._page(address, path)
                if page is not None:
                    kept = only_namespaces(page.text, self._scope.namespaces)
                    yield Scrape(at=time.time(), node=address.node, path=path, text=kept, problem=page.problem)

    def _addresses(self) -> list[KubeletAddress]:
        if NODES.plural in self._silent:
            return []
        try:
            read = (parse_address(node) for node in self._cluster.each(NODES, self._scope))
            known = [address for address in read if address is not None]
            asked = [address for address in known if self._nodes is None or address.node in self._nodes]
        except (LiveError, InvalidObjectError) as problem:
            self._silent.add(NODES.plural)
            self._tell(f"the kubelets' metrics are not read: {problem}")
            return []
        self._announce(asked)
        return asked

    def _announce(self, asked: Sequence[KubeletAddress]) -> None:
        """Say who gets to see what, before they do."""
        new = [address for address in asked if address not in self._said]
        if self._direct is None or not new:
            return
        self._said.update(new)
        first = ", ".join(f"{address.node} at {address.host}" for address in new[:_SHOWN_NODES])
        more = f" and {len(new) - _SHOWN_NODES} more" if len(new) > _SHOWN_NODES else ""
        self._direct.say(f"{self._direct.shown} goes to the kubelets of these nodes: {first}{more}")

    def _page(self, address: KubeletAddress, path: str) -> Page | None:
        page = self._asked(address, path)
        if page is not None and page.problem is not None and address.node not in self._partial:
            self._partial.add(address.node)
            self._tell(f"node {address.node} tells not all of {path}: {page.problem}")
        return page

    def _asked(self, address: KubeletAddress, path: str) -> Page | None:
        try:
            if self._direct is not None:
                return asyncio.run(_ask(self._direct.access, address, path))
            return self._cluster.page(f"/api/v1/nodes/{address.node}/proxy{path}", _FAMILIES[path])
        except (LiveError, KubeletError) as problem:
            self._leave_out(address, problem)
            return None

    def _leave_out(self, address: KubeletAddress, problem: LiveError | KubeletError) -> None:
        """Ask that node no more; no node, where it is the right to ask that is missing."""
        if isinstance(problem, LiveError) and problem.refused:
            self._silent.add(NODES.plural)
            self._tell(f"the kubelets' metrics are not read: {problem}; {_OTHER_WAY}")
        else:
            self._silent.add(address.node)
            self._tell(f"node {address.node} tells no probe counters: {problem}")


async def _ask(access: KubeletAccess, address: KubeletAddress, path: str) -> Page:
    kubelets = Kubelets(access)
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
