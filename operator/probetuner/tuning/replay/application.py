"""What is probed: everything about a container that is not the kubelet's doing."""

from typing import Protocol

from probetuner.model.probe import ProbeType
from probetuner.tuning.replay.answer import Answer


class Lasting(Protocol):
    """Says how long an application goes on as it is."""

    def same_until(self, probe: ProbeType, *, life: int, at: float) -> float:
        """Until when attempts get what one begun at that time gets, as far as that life lasts."""


class Application(Protocol):
    """A container's process, life after life (counted from 0). Times are seconds on the caller's clock."""

    def answer(self, probe: ProbeType, *, life: int, at: float) -> Answer:
        """What an attempt begun at that time gets; asked in the order of time, and only while the life lasts."""

    def exits_at(self, *, life: int, started_at: float) -> float:
        """When this life ends by itself if nobody ends it before; infinity if it does not."""

    def stop_seconds(self, *, life: int, at: float) -> float:
        """How long the process takes to end once asked to (SIGTERM); infinity if it ignores it."""
