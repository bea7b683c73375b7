"""Counting the rollouts of ours that are in progress, for the limit on them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from probetuner.change.pace import share_of
from probetuner.change.situation import Traffic
from probetuner.controller.view import View
from probetuner.model.pausing import PausedBy
from probetuner.model.workload import WorkloadRef


class Pace:
    """The limit on rollouts at once. It keeps nothing but whose status is being written at this moment.

    `paused` tells who has none begin anywhere. `clock` gives epoch seconds.
    """

    def __init__(
        self,
        view: View,
        *,
        limit: int,
        clock: Callable[[], float],
        paused: Callable[[], PausedBy | None] = lambda: None,
    ) -> None:
        self._view = view
        self._limit = limit
        self._paused = paused
        self._clock = clock
        self._beginning: set[WorkloadRef] = set()

    def traffic(self, ref: WorkloadRef) -> Traffic:
        """What is in progress on other workloads than this one."""
        others = (self._view.rolling_out(self._clock()) | self._beginning) - {ref}
        return Traffic(
            elsewhere=len(others),
            limit=self._limit,
            beside=sum(other.namespace == ref.namespace for other in others),
            share=share_of(self._limit),
            paused=self._paused() or (PausedBy.NAMESPACE if self._view.is_paused(ref.namespace) else None),
        )

    @contextmanager
    def beginning(self, ref: WorkloadRef) -> Iterator[None]:
        """Count the workload until its status tells of the rollout: other looks go on while that is written."""
        self._beginning.add(ref)
        try:
            yield
        finally:
            self._beginning.discard(ref)
