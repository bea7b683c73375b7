"""The operator's own loops: that nothing in one object ends them, and whether they still turn.

An operator that ends because of one object ends again after its restart, for everybody. So each turn of a loop, and
each object in it, is taken apart from the others: whatever goes wrong is logged with the object, counted, and passed
over.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from probetuner.controller.heartbeat import Heartbeat

_TOLD_EVERY_SECONDS = 60.0
_REMEMBERED = 1024

log = structlog.get_logger()


@dataclass(slots=True)
class Turn:
    """A turn, or what it does for one object: whether it failed, which is known when it is over."""

    failed: bool = False


class Loop(Heartbeat):
    """A loop that survives what it meets. `clock` gives seconds on any monotonic scale; `failed` counts failures."""

    def __init__(
        self, name: str, *, limit_seconds: float, clock: Callable[[], float], failed: Callable[[], None]
    ) -> None:
        super().__init__(name, limit_seconds=limit_seconds, clock=clock)
        self._failed = failed
        self._told: OrderedDict[str, float] = OrderedDict()

    @contextmanager
    def turn(self, about: object = "", *, besides: tuple[type[Exception], ...] = ()) -> Iterator[Turn]:
        """Do something for one object, or for none in particular; what goes wrong is passed over.

        Exceptions *besides* are no fault of the object, and raised.
        """
        turn = Turn()
        try:
            yield turn
        except besides:
            raise
        except Exception as problem:  # noqa: BLE001 - the one place where whatever one object does is kept from the others
            turn.failed = True
            self._failed()
            self._tell(str(about), problem)

    def _tell(self, about: str, problem: Exception) -> None:
        """Log it, once a minute for each object: what fails may do so with every event that anybody can cause."""
        now = self._clock()
        if now - self._told.get(about, float("-inf")) < _TOLD_EVERY_SECONDS:
            return
        self._told[about] = now
        self._told.move_to_end(about)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        named = {"about": about} if about else {}
        log.error("passed over, and gone on with", loop=self.name, **named, exc_info=problem)
