"""An API server that keeps Leases in memory, and operators that want to hold them."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, cast

from probetuner.cluster.api import Api
from probetuner.cluster.errors import ConflictError, NotFoundError, UnreachableError
from probetuner.cluster.leases import Lease
from probetuner.cluster.names import NamespacedName
from probetuner.cluster.siblings import Siblings, lease_of, marks_of
from probetuner.controller.leading import Leadership
from probetuner.model.shard import WHOLE, Shard

PATH = "/apis/coordination.k8s.io/v1/namespaces/ns/leases"


class Server:
    """An API server that keeps Leases, refuses what is outdated, and can be away."""

    def __init__(self) -> None:
        self.leases: dict[str, dict[str, Any]] = {}
        self.version = 0
        self.away = False

    async def pass_on(self) -> None:
        """Take what a request or its answer takes on its way."""

    @property
    def body(self) -> dict[str, Any] | None:
        """The Lease by which an operator of the whole cluster works."""
        return self.leases.get("probetuner")

    def holders(self) -> dict[str, str]:
        """Who holds which Lease."""
        found = {name: lease["spec"].get("holderIdentity") for name, lease in self.leases.items()}
        return {name: holder for name, holder in found.items() if holder}

    async def get(self, path: str) -> dict[str, Any]:
        """Return a Lease."""
        await self._answer()
        found = self.leases.get(path.removeprefix(f"{PATH}/"))
        if found is None:
            raise NotFoundError(HTTPStatus.NOT_FOUND, "NotFound", path)
        await self.pass_on()
        return found

    async def each(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """Return all Leases."""
        assert path == PATH
        await self._answer()
        there = list(self.leases.values())
        await self.pass_on()
        for found in there:
            yield found

    async def write(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take a POST where there is none, and a PUT of what is there now."""
        await self._answer()
        name = body["metadata"]["name"]
        there = self.leases.get(name)
        stale = there is not None and body["metadata"].get("resourceVersion") != there["metadata"]["resourceVersion"]
        if stale or (method == "POST") != (there is None):
            raise ConflictError(HTTPStatus.CONFLICT, "Conflict", path)
        self.version += 1
        written = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        self.leases[name] = written
        await self.pass_on()
        return written

    async def _answer(self) -> None:
        await self.pass_on()
        if self.away:
            raise UnreachableError("away")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """Return the time as it was set."""
        return self.seconds


BASE = NamespacedName(namespace="ns", name="probetuner")


def a_leadership(server: Server, identity: str, clock: Clock, shard: Shard = WHOLE) -> Leadership:
    """An operator that wants to work, as `probetuner run` makes it."""
    api = cast("Api", server)
    return Leadership(
        Lease(api, lease_of(BASE, shard), identity=identity, clock=clock, marks=marks_of(shard)),
        Siblings(api, BASE, shard, clock=clock),
        clock=clock,
        wall=clock,
    )
