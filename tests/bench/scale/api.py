"""An API server in memory: what a fleet has, and what the operator writes."""

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from bench.scale.fleet import Fleet, Json, namespace_of
from probetuner.cluster.errors import NotFoundError
from probetuner.cluster.pacing import RequestPace

Query = Sequence[tuple[str, str]]


class MemoryApi:
    """Answers as `cluster.api.Api` does, at its pace. `requests` counts them by verb; `clock` gives epoch seconds."""

    dry_run = False

    def __init__(self, fleet: Fleet, pace: RequestPace, *, clock: Any) -> None:
        self.requests: Counter[str] = Counter()
        self._fleet = fleet
        self._pace = pace
        self._clock = clock
        self._versions = itertools.count(2)
        self._objects: dict[str, Json] = {}
        self._pods_of: dict[str, list[int]] = {}
        for number, raw in enumerate(fleet.deployments()):
            metadata = raw["metadata"]
            path = f"/apis/apps/v1/namespaces/{metadata['namespace']}/deployments/{metadata['name']}"
            self._objects[path] = raw
            first = number * fleet.pods_each
            self._pods_of[f"app={metadata['name']}"] = list(range(first, first + fleet.pods_each))

    async def get(self, path: str, *, query: Query = ()) -> Json:
        """Return an object."""
        del query
        await self._request("GET")
        if path not in self._objects:
            raise NotFoundError(404, "NotFound", f"{path} was not found")
        return self._objects[path]

    async def each(self, path: str, *, query: Query = (), metadata_only: bool = False) -> AsyncIterator[Json]:
        """List pods by their workload; of anything else there is nothing."""
        del metadata_only
        await self._request("LIST")
        if path.endswith("/pods"):
            for pod in self._chosen(path, dict(query)):
                yield self._fleet.pod(pod, self._clock())

    async def few(self, path: str, *, query: Query = ()) -> list[Json] | None:
        """List few objects: of Events there are none that began before."""
        del path, query
        await self._request("LIST")
        return []

    async def write(self, method: str, path: str, body: Mapping[str, Any], **_: Any) -> Json:
        """Take an object in, and give it back as it is then."""
        await self._request(method)
        metadata = {**body.get("metadata", {}), "resourceVersion": str(next(self._versions))}
        if method == "POST":
            path = f"{path}/{metadata['name']}"
            metadata["uid"] = path
        whole = path.removesuffix("/status")
        before = self._objects.get(whole, {})
        written = {**before, **body, "metadata": {**before.get("metadata", {}), **metadata}}
        self._objects[whole] = written
        return written

    def _chosen(self, path: str, query: Mapping[str, str]) -> Sequence[int]:
        selector = query.get("labelSelector")
        if selector is not None:
            return self._pods_of.get(selector, ())
        namespace = path.split("/")[-2]
        return [pod for pod in self._fleet.pods if namespace_of(self._fleet.workload(pod)) == namespace]

    async def _request(self, verb: str) -> None:
        self.requests[verb] += 1
        await self._pace.turn()
