"""The API server as the measurement itself asks it: what it creates, changes and watches."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp

from bench.scale.fleet import Json
from bench.scale.live.server import LOADER, Server

_AT_ONCE = 32
_WATCHED_SECONDS = 3600
_ASKED, _AGAIN_SECONDS = 120, 0.5
_LONGEST_LINE = 4 * 1024 * 1024


class RefusedError(Exception):
    """The API server did not do what it was asked to; the text has its answer."""


class Loader:
    """A connection as the measurement's own user; to be used inside one event loop."""

    def __init__(self, server: Server) -> None:
        self._session = aiohttp.ClientSession(
            server.url,
            connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=f"{server.pki}/ca.crt"), limit=0),
            headers={"Authorization": f"Bearer {server.tokens[LOADER]}"},
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=_LONGEST_LINE,
        )
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def answered(self, path: str) -> None:
        """Wait until a path is answered. Raises RefusedError after a minute."""
        for _ in range(_ASKED):
            async with self._session.get(path) as answer:
                if answer.status == HTTPStatus.OK:
                    return
            await asyncio.sleep(_AGAIN_SECONDS)
        raise RefusedError(f"{path} is not answered")

    async def create(self, path: str, body: Mapping[str, Any]) -> Json:
        """Create an object in that collection, and return it as it is then. Raises RefusedError."""
        return await self._write("POST", path, body, content_type="application/json")

    async def amend(self, path: str, body: Mapping[str, Any]) -> Json:
        """Change an object by a merge patch. Raises RefusedError."""
        return await self._write("PATCH", path, body, content_type="application/merge-patch+json")

    async def watch(self, path: str) -> AsyncIterator[Json]:
        """Give each object of a collection as it is now, and whenever it changes."""
        query = {"watch": "true", "resourceVersion": "0", "timeoutSeconds": str(_WATCHED_SECONDS)}
        async with self._session.get(path, params=query) as answer:
            if answer.status != HTTPStatus.OK:
                raise RefusedError(f"{path} cannot be watched: {await answer.text()}")
            async for line in answer.content:
                yield json.loads(line)["object"]

    async def _write(self, method: str, path: str, body: Mapping[str, Any], *, content_type: str) -> Json:
        sent = self._session.request(method, path, data=json.dumps(body), headers={"Content-Type": content_type})
        async with self._slots, sent as answer:
            if answer.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
                raise RefusedError(f"{method} {path} was refused: {await answer.text()}")
            written: Json = await answer.json()
            return written


async def all_of(work: Iterable[Awaitable[Json]]) -> list[Json]:
    """Do it all at once, as far as the connection does; what came of it, in that order."""
    return list(await asyncio.gather(*work))
