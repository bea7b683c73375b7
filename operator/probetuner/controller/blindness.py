"""That kubelets give no counters, said where whoever installed the operator looks: on its own Deployment."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from probetuner.change.counters import REASONS, NodeState, most_common_problem
from probetuner.change.situation import Announcement, Tone
from probetuner.cluster.errors import ApiError
from probetuner.controller.scraping import Scraper
from probetuner.controller.supervising import Loop

_LOOK_SECONDS = 10.0
_SETTLED_SECONDS = 60.0
"""A node that restarts, or a kubelet that renews its certificate, is away for less."""

_ATTEMPTS = 5
"""Where the network is what is wrong, the API server may be away too, but not for ever: an attempt each ten seconds."""

REASON = "NoCounters"

log = structlog.get_logger()


class Blindness:
    """Posts one Event for each way in which kubelets fail, in the life of this process.

    `clock` gives monotonic seconds. The same words raise the count of the Event that an earlier process posted
    (`cluster.announcements`), so there are never more than there are ways and words.
    """

    def __init__(
        self,
        scraper: Scraper,
        post: Callable[[Announcement], Awaitable[None]],
        *,
        clock: Callable[[], float],
        loop: Loop,
    ) -> None:
        self._scraper = scraper
        self._post = post
        self._clock = clock
        self._loop = loop
        self._since: dict[NodeState, float] = {}
        self._attempts: dict[NodeState, int] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._loop.beat()
            with self._loop.turn():
                await self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Say what has been so for a minute and was not said yet."""
        now, heard = self._clock(), dict(self._scraper.heard)
        present = {counters.state for counters in heard.values()} & REASONS.keys()
        self._since = {state: self._since.get(state, now) for state in present}
        for state in sorted(present):
            if now - self._since[state] < _SETTLED_SECONDS or self._attempts.get(state, 0) >= _ATTEMPTS:
                continue
            self._attempts[state] = self._attempts.get(state, 0) + 1
            try:
                await self._post(self._announcement(state))
            except ApiError as problem:
                log.warning("event not posted", reason=REASON, problem=str(problem))
            else:
                self._attempts[state] = _ATTEMPTS

    def _announcement(self, state: NodeState) -> Announcement:
        missing = {node: told for node, told in sorted(self._scraper.heard.items()) if told.state is state}
        _, problem = most_common_problem(missing)
        message = (
            f"{REASONS[state]}: no counters from {len(missing)} of {len(self._scraper.heard)} nodes that run served "
            f"pods: {problem} `probetuner doctor` in this pod says what to set."
        )
        return Announcement(reason=REASON, message=message, tone=Tone.WARNING)
