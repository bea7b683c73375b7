"""Asking a lab's API server whether it is ready, cheaply enough to ask several times a second."""

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

_SECONDS_PER_REQUEST = 3.0


class Api:
    """The API server behind a port of the machine's loopback, as its administrator sees it."""

    def __init__(self, *, port: int, pki: Path) -> None:
        self._port = port
        self._context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._context.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def get(self, path: str) -> Any:
        """Return the JSON at a path, or None while the server is away or answers anything but 200."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self._port, timeout=_SECONDS_PER_REQUEST, context=self._context
        )
        try:
            connection.request("GET", path, headers={"Accept": "application/json"})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if response.status != http.client.OK:
            return None
        return json.loads(body) if body.startswith(b"{") else body.decode()

    def ready(self) -> bool:
        """Whether the server says that it is ready to serve."""
        return self.get("/readyz") is not None

    def node_ready(self, node: str) -> bool:
        """Whether the node's Ready condition is True."""
        found = self.get(f"/api/v1/nodes/{node}") or {}
        conditions = found.get("status", {}).get("conditions", [])
        return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)

    def has_default_account(self) -> bool:
        """Whether pods can be made in the namespace `default`: its service account exists."""
        return self.get("/api/v1/namespaces/default/serviceaccounts/default") is not None
