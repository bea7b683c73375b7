"""Which Services of a namespace have nobody who answers for them."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import structlog

from probetuner.cluster.api import Api
from probetuner.cluster.errors import ApiError
from probetuner.facts.slices import backed_services
from probetuner.model.problem import InvalidObjectError

_FRESH_SECONDS = 5.0

log = structlog.get_logger()


class Outages:
    """Looks at EndpointSlices, only of namespaces in which endpoints are tried. `clock` gives seconds.

    A Service counts as out only when it was seen to be backed before: many are never used at all.
    """

    def __init__(self, api: Api, *, clock: Callable[[], float]) -> None:
        self._api = api
        self._clock = clock
        self._slices: dict[str, tuple[float, list[Mapping[str, Any]]]] = {}
        self._backed: dict[str, set[str]] = {}
        self._problem: str | None = None

    async def services_out(self, namespace: str, *, besides: Collection[str]) -> tuple[str, ...]:
        """Return the Services that are out, but for those that follow the pods in *besides* (uids).

        What cannot be known is told in the log, once, and nothing is said to be out.
        """
        try:
            found = backed_services(await self._read(namespace), besides=besides)
        except (ApiError, InvalidObjectError) as problem:
            self._note(str(problem))
            return ()
        self._note(None)
        before = self._backed.setdefault(namespace, set())
        before |= {service for service, backed in found.items() if backed}
        before &= found.keys()
        return tuple(sorted(service for service in before if not found[service]))

    def keep(self, namespaces: Collection[str]) -> None:
        """Forget all namespaces but these."""
        for namespace in (self._slices.keys() | self._backed.keys()) - set(namespaces):
            self._slices.pop(namespace, None)
            self._backed.pop(namespace, None)

    async def _read(self, namespace: str) -> list[Mapping[str, Any]]:
        known = self._slices.get(namespace)
        if known is not None and self._clock() - known[0] < _FRESH_SECONDS:
            return known[1]
        path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        slices = [raw async for raw in self._api.each(path)]
        self._slices[namespace] = (self._clock(), slices)
        return slices

    def _note(self, problem: str | None) -> None:
        if problem is not None and self._problem is None:
            log.warning("not known which Services are out, so no endpoint is told to call one", problem=problem)
        self._problem = problem
