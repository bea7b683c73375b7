"""The kubelets' metrics for somebody outside the cluster: through the API server's proxy, or else from the kubelet.

The proxy takes the right `get nodes/proxy`, which allows much more than metrics; the kubelet itself takes only
`nodes/metrics`, and must be reachable. What works is used; what does not is told once.
"""

import asyncio
import re
import time
from collections.abc import Collection, Iterator

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
_NAMESPACE = re.compile(r'[{,]namespace="([^"]*)"')


class NodeMetrics:
    """Asks every node of a cluster, or only some. Nodes that cannot be asked are told once and left alone."""

    def __init__(
        self,
        cluster: LiveCluster,
        access: KubeletAccess,
        scope: Scope,
        tell: Tell,
        *,
        nodes: Collection[str] | None = None,
    ) -> None:
        self._cluster, self._access, self._scope, self._tell = cluster, access, scope, tell
        self._nodes = nodes
        self._silent: set[str] = set()
        self._partial: set[str] = set()
        self._proxied = True

    def scrape(self) -> Iterator[Scrape]:
        """One answer per node and page, as far as they answer."""
        for address in self._addresses():
            for path in PATHS:
                if address.node in self._silent:
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
            return [address for address in known if self._nodes is None or address.node in self._nodes]
        except (LiveError, InvalidObjectError) as problem:
            self._silent.add(NODES.plural)
            self._tell(f"the kubelets' metrics are not read: {problem}")
            return []

    def _page(self, address: KubeletAddress, path: str) -> Page | None:
        page = self._asked(address, path)
        if page is not None and page.problem is not None and address.node not in self._partial:
            self._partial.add(address.node)
            self._tell(f"node {address.node} tells not all of {path}: {page.problem}")
        return page

    def _asked(self, address: KubeletAddress, path: str) -> Page | None:
        try:
            if self._proxied:
                try:
                    return self._cluster.page(f"/api/v1/nodes/{address.node}/proxy{path}", _FAMILIES[path])
                except LiveError as problem:
                    if not problem.refused:
                        raise
                    self._proxied = False
            return asyncio.run(_ask(self._access, address, path))
        except (LiveError, KubeletError) as problem:
            self._silent.add(address.node)
            self._tell(f"node {address.node} tells no probe counters: {problem}")
            return None


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
