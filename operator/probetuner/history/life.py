"""One life of a container: from the start of its process to its end, with what its probes said meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probetuner.facts.fact import FailureCause
from probetuner.model.probe import ProbeType


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFailures:
    """Failures that an event told of; `at` is the latest of them, `since` the first where they were told of at once."""

    at: float
    count: int
    since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one probe did during one life.

    Failures are seen twice, in events (with a cause, but rate-limited) and in counters (complete, but without a
    cause and only per scrape); both are kept and `failed` is the larger. `counted_until` is the time of the newest
    scrape, `counted_streak` the failures that the counters show since the last success, and `uncounted` what events
    told of later than that. `client_errors` are failures that were an HTTP status from 400 to 499. The last success
    was counted after `success_since`.
    """

    succeeded: int = 0
    failed_by_events: int = 0
    failed_by_counters: int = 0
    causes: Mapping[FailureCause, int] = field(default_factory=dict)
    client_errors: int = 0
    first_succeeded_at: float | None = None
    last_succeeded_at: float | None = None
    success_since: float | None = None
    first_failed_at: float | None = None
    last_failed_at: float | None = None
    counted_until: float | None = None
    counted_streak: int = 0
    uncounted: tuple[SeenFailures, ...] = ()

    @property
    def failed(self) -> int:
        """Attempts that failed."""
        return max(self.failed_by_events, self.failed_by_counters)

    @property
    def streak(self) -> int:
        """Failures since the last success that was seen; at the end of a life, what it ended with."""
        return self.counted_streak + sum(seen.count for seen in self.uncounted)

    @property
    def silent(self) -> bool:
        """Whether most failures were silence (a timeout) and not an answer or a refusal."""
        silence = sum(count for cause, count in self.causes.items() if cause.is_silence)
        return 2 * silence > sum(self.causes.values())

    @property
    def main_cause(self) -> FailureCause | None:
        """The most frequent cause, if any is known."""
        return max(self.causes, key=lambda cause: self.causes[cause], default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One run of a container's process. Times are epoch seconds; `ended_at` is None while it runs.

    `killed_by` is what the kubelet announced; an announcement can be missing (its events are rate-limited), see
    `attribution`. `stops` counts how often it said that it stops the container and not for a probe, in this life or in
    those before it that nobody saw. `ending` is why the pod itself was going away when the life ended, if it was;
    `ending_at` is since when it is going away, also where the life had ended before. `inherited` are the failures in a
    row that each probe brought from the lives before: a crash does not set them back (worker.go doProbe). `was_ready`
    when it was ready as it was first seen: since when is not known, so `ready_at` may
    stay None. `shown_ready_at` is when that first look found the container ready; where it did not, `pod_was_ready` is
    whether the pod had been ready ever before, in this life or an earlier one.
    """

    pod_uid: str
    pod: str
    template_hash: str
    restarts: int
    started_at: float
    node: str = ""
    ready_at: float | None = None
    was_ready: bool = False
    pod_was_ready: bool | None = None
    shown_ready_at: float | None = None
    startup_succeeded_at: float | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    exit_reason: str = ""
    stops: int = 0
    killed_by: ProbeType | None = None
    kill_announced_at: float | None = None
    ending: str | None = None
    ending_at: float | None = None
    inherited: Mapping[ProbeType, int] = field(default_factory=dict)
    tallies: Mapping[ProbeType, Tally] = field(default_factory=dict)

    def tally(self, probe: ProbeType) -> Tally:
        """What that probe did; all zeros if nothing is known."""
        return self.tallies.get(probe, _NOTHING)

    @property
    def answered_at(self) -> float | None:
        """When a probe of any type was first seen to succeed: from then on the application was up."""
        times = [
            time
            for time in (
                self.ready_at,
                self.startup_succeeded_at,
                *(tally.first_succeeded_at for tally in self.tallies.values()),
            )
            if time is not None
        ]
        return min(times, default=None)

    @property
    def lasted_seconds(self) -> float | None:
        """How long the process ran, once it has ended."""
        return None if self.ended_at is None else max(0.0, self.ended_at - self.started_at)

    @property
    def stop_seconds(self) -> float | None:
        """How long the process took to end after its kill was announced, if both were seen."""
        if self.ended_at is None or self.kill_announced_at is None:
            return None
        return max(0.0, self.ended_at - self.kill_announced_at)


_NOTHING = Tally()
