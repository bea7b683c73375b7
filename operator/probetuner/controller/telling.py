"""What is wrong with the operator's own work, said where whoever installed it looks: on its own Deployment."""

from collections.abc import Awaitable, Callable, Hashable, Mapping

import structlog

from probetuner.change.situation import Announcement
from probetuner.cluster.errors import ApiError

_SETTLED_SECONDS = 60.0
"""A node that restarts, or a kubelet that renews its certificate, is away for less; so is a core that others use."""

_ATTEMPTS = 5
"""Where the network is what is wrong, the API server may be away too, but not for ever: an attempt at each look."""

log = structlog.get_logger()


class Telling:
    """Posts one Event for each thing that is wrong for a minute, in the life of this process.

    `clock` gives monotonic seconds. The same words raise the count of the Event that an earlier process posted
    (`cluster.announcements`), so there are never more than there are things and words.
    """

    def __init__(self, post: Callable[[Announcement], Awaitable[None]], *, clock: Callable[[], float]) -> None:
        self._post = post
        self._clock = clock
        self._since: dict[Hashable, float] = {}
        self._attempts: dict[Hashable, int] = {}

    async def tell(self, wrong: Mapping[Hashable, Announcement]) -> None:
        """Say what has been so for a minute and was not said yet; to be called every few seconds."""
        now = self._clock()
        self._since = {thing: self._since.get(thing, now) for thing in wrong}
        for thing, announcement in wrong.items():
            if now - self._since[thing] < _SETTLED_SECONDS or self._attempts.get(thing, 0) >= _ATTEMPTS:
                continue
            self._attempts[thing] = self._attempts.get(thing, 0) + 1
            try:
                await self._post(announcement)
            except ApiError as problem:
                log.warning("event not posted", reason=announcement.reason, problem=str(problem))
            else:
                self._attempts[thing] = _ATTEMPTS
