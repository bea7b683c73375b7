"""What is promised of the token that kubelets are shown."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.cluster.api import Api
from probetuner.cluster.errors import ApiError, UnreachableError
from probetuner.cluster.names import NamespacedName
from probetuner.cluster.tokens import LIFETIME_SECONDS, AccountToken

ACCOUNT = NamespacedName(namespace="system", name="probetuner-kubelet")


class Server:
    """An API server that makes tokens, each with its number, and can be away. `now` is everybody's clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.away = False
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.lifetime_seconds: object = LIFETIME_SECONDS
        self.expires_at: dict[str, float] = {}

    async def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make a token, or be away."""
        self.asked.append((path, body))
        await asyncio.sleep(0)
        if self.away:
            raise UnreachableError("away")
        token = f"token-{len(self.asked)}"
        if isinstance(self.lifetime_seconds, int):
            self.expires_at[token] = self.now + self.lifetime_seconds
        return {"spec": {"expirationSeconds": self.lifetime_seconds}, "status": {"token": token}}


def _token(server: Server) -> AccountToken:
    return AccountToken(cast("Api", server), ACCOUNT, clock=lambda: server.now)


async def test_it_is_of_the_account_and_short_lived() -> None:
    """The request names the account and ten minutes, and no audience, since kubelets know the API server's alone."""
    server = Server()

    assert await _token(server).current() == "token-1"

    ((path, body),) = server.asked
    assert path == "/api/v1/namespaces/system/serviceaccounts/probetuner-kubelet/token"
    assert body["spec"] == {"expirationSeconds": 600}


async def test_many_who_ask_at_once_get_one_token() -> None:
    """Hundreds of nodes cost one request."""
    server = Server()
    token = _token(server)

    assert set(await asyncio.gather(*(token.current() for _ in range(100)))) == {"token-1"}
    assert len(server.asked) == 1


async def test_it_is_renewed_long_before_it_expires() -> None:
    """An API server that is away for a while costs no counters, and is not asked for each page of each node."""
    server = Server()
    token = _token(server)
    await token.current()

    server.now += 0.6 * LIFETIME_SECONDS
    server.away = True
    assert [await token.current() for _ in range(10)] == ["token-1"] * 10
    assert len(server.asked) == 2
    server.now += 60
    server.away = False

    assert await token.current() == "token-3"


async def test_what_is_refused_is_not_asked_for_again_by_each_of_many() -> None:
    """Hundreds of nodes without a token do not keep the operator's other requests waiting."""
    server = Server()
    server.away = True
    token = _token(server)

    for _ in range(100):
        with pytest.raises(UnreachableError, match="away"):
            await token.current()
    assert len(server.asked) == 1
    server.away = False
    server.now += 10

    assert await token.current() == "token-2"


@given(st.lists(st.tuples(st.floats(0, 1000), st.booleans()), max_size=30), st.integers(60, 7200))
async def test_no_expired_token_is_ever_given(steps: list[tuple[float, bool]], lifetime: int) -> None:
    """Whenever it is asked for, it is good, or there is an error; also where the server gives another lifetime."""
    server = Server()
    server.lifetime_seconds = lifetime
    token = _token(server)
    for seconds, away in steps:
        server.now += seconds
        server.away = away
        with suppress(ApiError):
            assert server.now < server.expires_at[await token.current()]
    server.away = False
    server.now += 10
    assert server.now < server.expires_at[await token.current()]


@pytest.mark.parametrize("lifetime", [None, "600", {}])
async def test_an_answer_without_a_token_is_an_error(lifetime: object) -> None:
    """What answers as no API server does is told, not believed."""
    server = Server()
    server.lifetime_seconds = lifetime

    with pytest.raises(ApiError, match="has no token"):
        await _token(server).current()


@pytest.mark.parametrize(
    "text", ["", "a", "/", "a/", "/b", "a/b/c", "A/b", "a/../b", "a/b?c", "a b/c", "a/" + 254 * "b"]
)
def test_a_name_that_leads_elsewhere_is_refused(text: str) -> None:
    """Only a namespace and a name are taken, nothing that a URL would read as more."""
    with pytest.raises(ValueError, match="write NAMESPACE/NAME"):
        NamespacedName.parse(text)

    assert str(NamespacedName.parse("kube-system/probetuner")) == "kube-system/probetuner"
