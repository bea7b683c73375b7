"""The lab's API server, as the chaos asks it: as an administrator, and without a word when it is away."""

import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from typing import Any

from lab import Lab

_SECONDS_PER_REQUEST = 5.0
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"


class AwayError(Exception):
    """The API server did not answer."""


class Server:
    """Any thread may ask; each has a connection of its own."""

    def __init__(self, lab: Lab) -> None:
        self._port = int(lab.ready()["api_port"])
        pki = lab.state / "pki"
        self._context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._own = threading.local()

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the objects of a list. Raises AwayError."""
        status, answer = self._ask("GET", path)
        if status != http.client.OK:
            raise AwayError(f"{path}: HTTP {status}")
        found: list[dict[str, Any]] = answer["items"]
        return found

    def watch(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield what there is and then every change of it, until the connection ends. Raises OSError, ValueError."""
        connection = self._connection()
        try:
            connection.request("GET", f"{path}?watch=1")
            response = connection.getresponse()
            while response.status == http.client.OK and (line := response.readline()):
                yield json.loads(line)
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self._port, timeout=_SECONDS_PER_REQUEST, context=self._context)

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Make an object; None when there is one of that name already. Raises AwayError."""
        status, answer = self._ask("POST", path, body)
        if status not in (http.client.CREATED, http.client.CONFLICT):
            raise AwayError(f"{path}: {answer.get('message')}")
        return answer if status == http.client.CREATED else None

    def merge(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Merge something into an object and return it; None when there is none, or it has moved on."""
        return self._patch(path, body, _MERGE)

    def strategic(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Do the same as a strategic merge, by which lists of containers are merged too."""
        return self._patch(path, body, _STRATEGIC)

    def delete(self, path: str) -> None:
        """Delete an object, if it is there, and in the background what it owns. Raises AwayError."""
        status, answer = self._ask("DELETE", path, {"propagationPolicy": "Background"})
        if status not in (http.client.OK, http.client.ACCEPTED, http.client.NOT_FOUND):
            raise AwayError(f"{path}: {answer.get('message')}")

    def _patch(self, path: str, body: dict[str, Any], kind: str) -> dict[str, Any] | None:
        status, answer = self._ask("PATCH", path, body, kind)
        return answer if status == http.client.OK else None

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, kind: str = "application/json"
    ) -> tuple[int, dict[str, Any]]:
        connection = self._kept()
        try:
            connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": kind})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as problem:
            connection.close()
            self._own.connection = None
            raise AwayError(f"{method} {path}: {problem}") from problem

    def _kept(self) -> http.client.HTTPSConnection:
        """The connection of this thread, which is kept as long as it works."""
        connection: http.client.HTTPSConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connection()
        return connection
