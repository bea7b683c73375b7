"""Every version of every ProbePolicy as it is written: when changes are written down, and which refusals are shown."""

import http.client
import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from chaos.server import AwayError, Server
from chaos.sight import PLACES

Object = Mapping[str, Any]

_AROUND_SECONDS = (1.0, 15.0)


class PolicyWatch:
    """Watches until it is stopped. `occasion` is called when a change shows that is not known to be applied yet."""

    def __init__(self, server: Server, occasion: Callable[[], None]) -> None:
        self.versions = 0
        self._server = server
        self._occasion = occasion
        self._stop = threading.Event()
        self._says: dict[str, list[tuple[float, bool]]] = {}
        self._blind: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._watch, name="watch")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def showed(self, workload: str, at: float) -> bool:
        """Whether the status of a workload showed a refusal about then; it counts as shown where nothing was seen.

        What it says it goes on saying until the next version: a second refusal with the same words writes nothing.
        """
        before, after = _AROUND_SECONDS
        if any(start - after < at < end + before for start, end in self._blind):
            return True
        versions = self._says.get(workload, [])
        ends = [*(time for time, _ in versions[1:]), math.inf]
        return any(
            refused and since <= at + after and until >= at - before
            for (since, refused), until in zip(versions, ends, strict=True)
        )

    def _watch(self) -> None:
        while not self._stop.is_set():
            began = time.time()
            try:
                for event in self._server.watch(PLACES["ProbePolicy"]):
                    if began:
                        self._blind.append((began, time.time()))
                        began = 0.0
                    self._take(event["object"])
                    if self._stop.is_set():
                        return
            except (AwayError, OSError, http.client.HTTPException, json.JSONDecodeError):
                self._stop.wait(0.3)

    def _take(self, policy: Object) -> None:
        self.versions += 1
        status = policy.get("status", {})
        conditions = {entry["type"]: entry for entry in status.get("conditions", [])}
        latest: Object = next(iter(status.get("history", [])), {})
        refused = (
            conditions.get("Conflict", {}).get("status") == "True"
            or conditions.get("Applied", {}).get("reason") == "RefusedByServer"
            or "refused" in latest.get("reason", "")
        )
        self._says.setdefault(policy["spec"]["targetRef"]["name"], []).append((time.time(), refused))
        if latest and "appliedAt" not in latest and "verdict" not in latest:
            self._occasion()
