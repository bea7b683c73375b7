"""CrashLoopBackOff (client-go util/flowcontrol/backoff.go; kubelet kuberuntime_manager.go doBackOff)."""

FIRST_SECONDS, MOST_SECONDS = 10.0, 300.0
_FORGOTTEN_AFTER_SECONDS = 600.0
_RESYNC_SECONDS = 60.0
_JITTER = 0.5
_GRAIN_SECONDS = 1e-3
"""Less than this is rounding: a clock of large numbers could not move on by it."""


class BackOff:
    """The kubelet's memory of one container's restarts; `seconds` is the back-off in force."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._updated_at: float | None = None

    def wait(self, exited_at: float, now: float) -> float:
        """Seconds still to wait since the exit that the kubelet sees; 0 lets the container start and doubles the next.

        Asked by a sync that kills and starts at once, `exited_at` is the end of the life before the killed one, because
        the sync began when that was the last exit known: the reason why the first kills by a probe are not held back.
        """
        if self._updated_at is None or exited_at - self._updated_at > _FORGOTTEN_AFTER_SECONDS:
            self.seconds = 0.0
        left = self.seconds - (now - exited_at)
        if left > _GRAIN_SECONDS:
            return left
        self.seconds = min(2 * self.seconds, MOST_SECONDS) or FIRST_SECONDS
        self._updated_at = now
        return 0.0


def next_sync_seconds(left: float, *, jitter: float) -> float:
    """When a pod that waits is looked at again; `jitter` is from 0 to 1, its latest by pod_workers.go completeWork."""
    return min(left, _RESYNC_SECONDS) * (1.0 + _JITTER * jitter)
