"""How operators agree that divide a cluster's namespaces among them (`model.shard`), and how their number changes.

Each holds a Lease of its own, which says of how many shards it is one. Two of the same count never serve the same
namespace; two of different counts may. So a shard works only while no Lease of another count is held. There is no
common lock for that: a shard writes its own Lease first and then looks at all others, and gives its own back where
somebody works by another count. Reads and writes of the API server are linearizable, so of two that do this at the same
time one sees the other at least (as in Dekker's algorithm). Both may, and try again after different waits.

A Lease counts as not held when it was given back, or was seen unchanged for its whole duration: from after the answer
that first had it until before the question that still finds it, so that slow answers shorten nothing. Its holder has
stopped writing by its own clock before, and looks at all others again before it goes on (`controller.leading`).

The Lease of the undivided operator is there beside those of shards, held by nobody: its annotation pauses all of them,
and stays when their number changes.
"""

import re
from collections.abc import Callable
from contextlib import suppress

from probetuner.cluster.api import Api
from probetuner.cluster.errors import ConflictError, NotFoundError
from probetuner.cluster.leases import Sighting, collection_of, see
from probetuner.cluster.names import NamespacedName
from probetuner.model.pausing import PAUSED_ANNOTATION, says_paused
from probetuner.model.shard import Shard

SHARDS_ANNOTATION = "probetuner.dev/shards"
"""On the Lease of a shard: how many there are. It is no part of the name, so that the names that the operator may write
stay the same when the number changes, and shards that end can still renew theirs and give them back."""


def lease_of(base: NamespacedName, shard: Shard) -> NamespacedName:
    """The Lease of a shard, where `base` is that of an operator of the whole cluster."""
    if shard.count == 1:
        return base
    return NamespacedName(namespace=base.namespace, name=f"{base.name}-shard-{shard.index}")


def marks_of(shard: Shard) -> dict[str, str]:
    """The annotations by which the Lease of a shard says of how many it is one."""
    return {} if shard.count == 1 else {SHARDS_ANNOTATION: str(shard.count)}


class Siblings:
    """The Leases beside the own one, as the operator of `shard` sees them. `clock` gives monotonic seconds."""

    def __init__(self, api: Api, base: NamespacedName, shard: Shard, *, clock: Callable[[], float]) -> None:
        self.are_paused = False
        self._api = api
        self._base = base
        self._shard = shard
        self._clock = clock
        self._seen: dict[str, Sighting] = {}

    async def rival(self) -> str | None:
        """Who works by another count, None where nobody does. Raises ApiError."""
        asked = self._clock()
        names = re.compile(rf"{re.escape(self._base.name)}(-shard-[0-9]+)?")
        found = [
            raw
            async for raw in self._api.each(collection_of(self._base))
            if names.fullmatch(str(raw["metadata"]["name"]))
        ]
        now = self._clock()
        self._seen = {
            str(raw["metadata"]["name"]): see(raw, self._seen.get(str(raw["metadata"]["name"])), now=now)
            for raw in found
        }
        for name, seen in sorted(self._seen.items()):
            if self._count_of(name, seen) != str(self._shard.count) and not seen.is_free_for("", now=asked):
                return f"{seen.holder} (Lease {name})"
        return None

    async def look(self) -> None:
        """See whether all shards are paused. Raises ApiError."""
        if self._shard.count == 1:  # its own Lease says so
            return
        collection = collection_of(self._base)
        try:
            found = await self._api.get(f"{collection}/{self._base.name}")
        except NotFoundError:
            found = {}
            metadata = {"name": self._base.name}
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": {}}
            with suppress(ConflictError):  # another shard was quicker
                await self._api.write("POST", collection, body)
        annotations = (found.get("metadata") or {}).get("annotations") or {}
        self.are_paused = says_paused(annotations.get(PAUSED_ANNOTATION))

    def _count_of(self, name: str, seen: Sighting) -> str | None:
        return "1" if name == self._base.name else seen.annotations.get(SHARDS_ANNOTATION)
