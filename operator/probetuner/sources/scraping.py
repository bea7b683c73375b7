"""The kubelets' metrics for somebody outside the cluster: through the API server's proxy, or else from the kubelet.

The proxy takes the right `get nodes/proxy`, which allows much more than metrics; the kubelet itself takes only
`nodes/metrics`, and must be reachable. What works is used; what does not is told once.
"""

import asyncio
import re
import time
from collections.abc import Collection, Iterator

from probetuner.model.problem import InvalidObjectError
from probetuner.sources.kubelet import PATHS, KubeletAccess, KubeletAddress, KubeletError, Kubelets, parse_address
from probetuner.sources.live import NODES, LiveCluster, LiveError, Scope
from probetuner.sources.manifests import Tell
from probetuner.sources.recording import Scrape

SCRAPE_SECONDS = 10.0

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
        self._proxied = True

    def scrape(self) -> Iterator[Scrape]:
        """One answer per node and page, as far as they answer."""
        for address in self._addresses():
            for path in PATHS:
                if address.node in self._silent:
                    break
                text = self._text(address, path)
                if text is not None:
                    kept = only_namespaces(text, self._scope.namespaces)
                    yield Scrape(at=time.time(), node=address.node, path=path, text=kept)

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

    def _text(self, address: KubeletAddress, path: str) -> str | None:
        try:
            if self._proxied:
                try:
                    return self._cluster.text(f"/api/v1/nodes/{address.node}/proxy{path}")
                except LiveError as problem:
                    if not problem.refused:
                        raise
                    self._proxied = False
            return asyncio.run(_ask(self._access, address, path))
        except (LiveError, KubeletError) as problem:
            self._silent.add(address.node)
            self._tell(f"node {address.node} tells no probe counters: {problem}")
            return None


async def _ask(access: KubeletAccess, address: KubeletAddress, path: str) -> str:
    kubelets = Kubelets(access)
    try:
        return await kubelets.read(address, path)
    finally:
        await kubelets.close()


def only_namespaces(text: str, namespaces: Collection[str]) -> str:
    """Exposition text without what is of other namespaces or of no use here; all namespaces when none is given."""
    return "".join(line for line in text.splitlines(keepends=True) if _is_kept(line, namespaces))


def _is_kept(line: str, namespaces: Collection[str]) -> bool:
    family = line.removeprefix("# HELP ").removeprefix("# TYPE ")
    if family.startswith(("container_", "machine_")) and not family.startswith(_CADVISOR):
        return False
    found = _NAMESPACE.search(line)
    return found is None or not namespaces or found[1] in namespaces
