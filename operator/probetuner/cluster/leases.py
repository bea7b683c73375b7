"""The Lease by which operators of a cluster agree on the one that works.

There is one for the cluster and not one for each release: every operator watches the whole cluster, so two of them
would patch side by side wherever they are installed. Where namespaces are divided, each share has one (`siblings`).

The rule is that of Kubernetes' own controllers (client-go: tools/leaderelection/leaderelection.go): whoever renews it
holds it, and who sees it unchanged for its whole duration may take it. Only the time since the last change was seen
counts, by one's own monotonic clock, so clocks of different machines need not agree. The Python client's election
(kubernetes.leaderelection) goes by the wall clock, blocks its thread, and releases nothing at the end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from probetuner.cluster.api import Api
from probetuner.cluster.errors import ConflictError, NotFoundError
from probetuner.cluster.names import NamespacedName
from probetuner.model.pausing import PAUSED_ANNOTATION, says_paused

DURATION_SECONDS = 10
"""How long a Lease is good after each renewal: with the retries and the first lists well within 20 s to take over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The Lease as it was when its present state was first seen, at `at` (monotonic seconds)."""

    spec: Mapping[str, Any]
    annotations: Mapping[str, str]
    resource_version: str
    at: float

    @property
    def holder(self) -> str:
        """Who holds it; empty when it was released."""
        return str(self.spec.get("holderIdentity") or "")

    @property
    def is_paused(self) -> bool:
        """Whether an administrator wrote on it that no change may begin."""
        return says_paused(self.annotations.get(PAUSED_ANNOTATION))

    def is_free_for(self, identity: str, *, now: float) -> bool:
        """Whether the bearer of that name may hold it now."""
        seconds = self.spec.get("leaseDurationSeconds")
        good_seconds = seconds if isinstance(seconds, int) else DURATION_SECONDS
        return self.holder in ("", identity) or now - self.at >= good_seconds


def collection_of(lease: NamespacedName) -> str:
    """The path of the Leases in its namespace."""
    return f"/apis/coordination.k8s.io/v1/namespaces/{lease.namespace}/leases"


def see(raw: Mapping[str, Any], before: Sighting | None, *, now: float) -> Sighting:
    """A Lease as it was found, unless it is as it was seen before."""
    version = str(raw["metadata"]["resourceVersion"])
    if before is not None and before.resource_version == version:
        return before
    annotations = raw["metadata"].get("annotations") or {}
    return Sighting(spec=raw.get("spec") or {}, annotations=annotations, resource_version=version, at=now)


class Lease:
    """A Lease, as one who wants to hold it under the name *identity* sees it; who holds it writes `marks` on it.

    `was_ours` is whether it was held by that name already when it was last taken. `clock` gives monotonic seconds. What
    is seen counts from after the answer that first had it until before the question that still finds it: its holder may
    have renewed it at any moment between question and answer.
    """

    def __init__(
        self,
        api: Api,
        lease: NamespacedName,
        *,
        identity: str,
        clock: Callable[[], float],
        marks: Mapping[str, str] | None = None,
    ) -> None:
        self.identity = identity
        self.seen: Sighting | None = None
        self.was_ours = False
        self._api = api
        self._collection = collection_of(lease)
        self._name = lease.name
        self._clock = clock
        self._marks = marks or {}

    async def take(self, *, wall: float) -> bool:
        """Take or renew it if that is allowed; returns whether it is held. Raises ApiError.

        `wall` is epoch seconds, for people to read.
        """
        asked = self._clock()
        seen = await self.look()
        self.was_ours = seen is not None and seen.holder == self.identity
        if seen is None:
            metadata = {"annotations": dict(self._marks)}
            return await self._write("POST", self._collection, self._held(None, wall), metadata)
        if not seen.is_free_for(self.identity, now=asked):
            return False
        metadata = self._metadata(seen)
        return await self._write("PUT", f"{self._collection}/{self._name}", self._held(seen, wall), metadata)

    async def release(self, *, wall: float) -> None:
        """Let the next take it at once, if it is held. Raises ApiError."""
        seen = await self.look()
        if seen is not None and seen.holder == self.identity:
            spec = {**seen.spec, "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _micro_time(wall)}
            metadata = self._metadata(seen)
            await self._write("PUT", f"{self._collection}/{self._name}", spec, metadata)

    async def look(self) -> Sighting | None:
        """See what it says, and since when; None where there is none. Raises ApiError."""
        try:
            found = await self._api.get(f"{self._collection}/{self._name}")
        except NotFoundError:
            self.seen = None
            return None
        self.seen = see(found, self.seen, now=self._clock())
        return self.seen

    async def _write(self, method: str, path: str, spec: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
        """Write it as it was seen last; somebody who was quicker keeps it."""
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name, **metadata},
            "spec": spec,
        }
        try:
            written = await self._api.write(method, path, body)
        except (ConflictError, NotFoundError):
            return False
        if written is not None:
            version = str(written["metadata"]["resourceVersion"])
            annotations = written["metadata"].get("annotations") or {}
            at = self._clock()
            self.seen = Sighting(spec=spec, annotations=annotations, resource_version=version, at=at)
        return True

    def _held(self, seen: Sighting | None, wall: float) -> dict[str, Any]:
        before = {} if seen is None else dict(seen.spec)
        spec = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": DURATION_SECONDS,
            "acquireTime": _micro_time(wall),
            "renewTime": _micro_time(wall),
            "leaseTransitions": int(before.get("leaseTransitions") or 0) + (seen is not None),
        }
        if seen is not None and seen.holder == self.identity:
            spec |= {name: before[name] for name in ("acquireTime", "leaseTransitions") if name in before}
        return spec

    def _metadata(self, seen: Sighting) -> dict[str, Any]:
        """Exactly what was seen is replaced; what people wrote on it stays."""
        return {"resourceVersion": seen.resource_version, "annotations": {**seen.annotations, **self._marks}}


def _micro_time(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
