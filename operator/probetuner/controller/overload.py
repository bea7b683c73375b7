"""Whether the operator keeps up with its cluster, and what to set where it does not.

What cannot keep up is not seen from outside: statuses are merely late. It is no condition of the ProbePolicies, whose
writing would be the next load: metrics have it, and an Event on the operator's own Deployment.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from probetuner.change.situation import Announcement, Tone
from probetuner.controller.metrics import Metrics
from probetuner.controller.supervising import Loop
from probetuner.controller.telling import Telling

_FEEL_SECONDS = 1.0
_LOOK_SECONDS = 10.0

MOST_WAIT_SECONDS = 30.0
"""A look that is due waits for less, also after a mass kill; advice is promised within 15 s of its evidence."""
MOST_LAG_SECONDS = 1.0
"""The event loop turns within some hundredths of a second. What waits longer makes times wrong: those of scrapes."""

REASON = "CannotKeepUp"
_SPLIT = "raise shards, which divides the namespaces among more operators, each with a core of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How far the operator is behind, in seconds: the look that is longest due, and requests to the API server.

    `skipped` is how many scrapes were not made in time since the operator began: their nodes were still being read.
    """

    look_wait: float = 0.0
    request_wait: float = 0.0
    skipped: int = 0


class Overload:
    """Measures, shows and tells. `load` gives what is behind; `clock` gives monotonic seconds."""

    def __init__(
        self,
        load: Callable[[], Load],
        post: Callable[[Announcement], Awaitable[None]],
        metrics: Metrics,
        *,
        requests_per_second: float,
        scrape_interval_seconds: float,
        clock: Callable[[], float],
        loop: Loop,
    ) -> None:
        self._load = load
        self._telling = Telling(post, clock=clock)
        self._metrics = metrics
        self._requests_per_second = requests_per_second
        self._scrape_interval_seconds = scrape_interval_seconds
        self._clock = clock
        self._loop = loop
        self._skipped = 0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._loop.beat()
            lag = await self._feel()
            with self._loop.turn():
                await self.look(lag)

    async def look(self, lag: float) -> None:
        """Show how far the operator is behind, and tell what has been too far for a minute."""
        load = self._load()
        self._metrics.show_load(look_wait=load.look_wait, loop_lag=lag)
        problems = dict(self._problems(load, lag, skipped=load.skipped - self._skipped))
        self._skipped = load.skipped
        await self._telling.tell(
            {
                what: Announcement(
                    reason=REASON, message=f"The operator cannot keep up: {sentence}.", tone=Tone.WARNING
                )
                for what, sentence in problems.items()
            }
        )

    async def _feel(self) -> float:
        """How late a timer was at most within ten seconds."""
        most, until = 0.0, self._clock() + _LOOK_SECONDS
        while (began := self._clock()) < until:
            await asyncio.sleep(_FEEL_SECONDS)
            most = max(most, self._clock() - began - _FEEL_SECONDS)
        return most

    def _problems(self, load: Load, lag: float, *, skipped: int) -> Iterator[tuple[str, str]]:
        if load.look_wait > MOST_WAIT_SECONDS:
            behind = f"workloads wait more than {MOST_WAIT_SECONDS:.0f} s for their look"
            if load.request_wait > MOST_WAIT_SECONDS / 2:
                more = 2 * self._requests_per_second
                behind += ", and requests to the API server for their turn"
                yield "requests", f"{behind}; raise api.requestsPerSecond, such as to {more:.0f}"
            else:
                yield "looks", f"{behind}; {_SPLIT}"
        if lag > MOST_LAG_SECONDS:
            yield "loop", f"its event loop is late by more than {MOST_LAG_SECONDS:.0f} s; {_SPLIT}"
        if skipped > 0:
            longer = 2 * self._scrape_interval_seconds
            behind = "kubelets are due again before their pages have been read"
            yield "scrapes", f"{behind}; raise kubelet.scrapeIntervalSeconds, such as to {longer:.0f}"
