"""The token that kubelets are shown: a short-lived one of an identity that may read their metrics and nothing else.

Whoever answers at a node's address gets it, so it is never the operator's own. No audience can be asked for: a kubelet
has tokens reviewed without naming one (cmd/kubelet/app/auth.go), which stands for the API server's own audiences
(pkg/registry/authentication/tokenreview), so a token of any other would be refused.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from probetuner.cluster.api import Api
from probetuner.cluster.errors import ApiError, UnreachableError
from probetuner.cluster.names import NamespacedName

LIFETIME_SECONDS = 600
"""The shortest that the API server gives (pkg/apis/authentication/validation)."""

# Renewed at half its life: an API server that is away for less than the other half costs no counters.
_RENEWED_AT = 0.5
# A request that failed is not repeated for each page of each node, which would keep other requests waiting.
_RETRY_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """A token with the times, in monotonic seconds, from which it is to be renewed and at which it expires."""

    text: str
    renew_at: float
    expires_at: float


class AccountToken:
    """The token of a service account as it is good now, by TokenRequest. `clock` gives monotonic seconds.

    To be used inside one event loop; many may ask at once, and one request is sent for them.
    """

    def __init__(self, api: Api, account: NamespacedName, *, clock: Callable[[], float]) -> None:
        self._api = api
        self._account = account
        self._clock = clock
        self._held: _Token | None = None
        self._problem: ApiError = UnreachableError("no token was asked for yet")
        self._ask_again_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def current(self) -> str:
        """Return a token that is good now. Raises ApiError while the API server gives none."""
        async with self._one_at_a_time:
            due = self._held is None or self._clock() >= self._held.renew_at
            if due and self._clock() >= self._ask_again_at:
                await self._renew()
            if self._held is None or self._clock() >= self._held.expires_at:
                raise self._problem
            return self._held.text

    async def _renew(self) -> None:
        asked_at = self._clock()
        try:
            self._held = await self._request(asked_at)
        except ApiError as problem:
            self._problem = problem
            self._ask_again_at = asked_at + _RETRY_SECONDS

    async def _request(self, asked_at: float) -> _Token:
        path = f"/api/v1/namespaces/{self._account.namespace}/serviceaccounts/{self._account.name}/token"
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": LIFETIME_SECONDS},
        }
        answer = await self._api.ask(path, body)
        token, lifetime = (answer.get("status") or {}).get("token"), (answer.get("spec") or {}).get("expirationSeconds")
        if not isinstance(token, str) or not isinstance(lifetime, int):
            raise UnreachableError(f"the answer to POST {path} has no token")
        # Counted from before the request and by our own clock, so it ends no later than the API server says.
        return _Token(text=token, renew_at=asked_at + _RENEWED_AT * lifetime, expires_at=asked_at + lifetime)
