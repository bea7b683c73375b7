"""That kubelets give no counters: an Event for each way in which they fail."""

import asyncio
from collections.abc import Awaitable, Callable

from probetuner.change.counters import REASONS, NodeState, most_common_problem
from probetuner.change.situation import Announcement, Tone
from probetuner.controller.scraping import Scraper
from probetuner.controller.supervising import Loop
from probetuner.controller.telling import Telling

_LOOK_SECONDS = 10.0

REASON = "NoCounters"


class Blindness:
    """Tells once of each way in which kubelets fail. `clock` gives monotonic seconds."""

    def __init__(
        self,
        scraper: Scraper,
        post: Callable[[Announcement], Awaitable[None]],
        *,
        clock: Callable[[], float],
        loop: Loop,
    ) -> None:
        self._scraper = scraper
        self._telling = Telling(post, clock=clock)
        self._loop = loop

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._loop.beat()
            with self._loop.turn():
                await self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Say what has been so for a minute and was not said yet."""
        present = {counters.state for counters in self._scraper.heard.values()} & REASONS.keys()
        await self._telling.tell({state: self._announcement(state) for state in sorted(present)})

    def _announcement(self, state: NodeState) -> Announcement:
        missing = {node: told for node, told in sorted(self._scraper.heard.items()) if told.state is state}
        _, problem = most_common_problem(missing)
        message = (
            f"{REASONS[state]}: no counters from {len(missing)} of {len(self._scraper.heard)} nodes that run served "
            f"pods: {problem} `probetuner doctor` in this pod says what to set."
        )
        return Announcement(reason=REASON, message=message, tone=Tone.WARNING)
