"""What is remembered of an endpoint that the operator tried beside a container's probes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS, FailureCause

NO_LATENCY = (0,) * (len(LATENCY_BOUNDS_SECONDS) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt that is not judged yet; the fields are those of `facts.fact.EndpointTried`."""

    at: float
    pod_uid: str
    seconds: float
    cause: FailureCause | None = None
    client_error: bool = False
    elsewhere: bool = False
    services_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Attempts under one circumstance. `latency` counts successes per bucket, as in `history.record.Minute`."""

    succeeded: int = 0
    causes: Mapping[FailureCause, int] = field(default_factory=dict)
    latency: tuple[int, ...] = NO_LATENCY

    @property
    def failed(self) -> int:
        """Attempts that failed."""
        return sum(self.causes.values())

    @property
    def attempts(self) -> int:
        """All attempts."""
        return self.succeeded + self.failed

    def plus(self, other: "Answers") -> "Answers":
        """Both together."""
        causes = {*self.causes, *other.causes}
        return Answers(
            succeeded=self.succeeded + other.succeeded,
            causes={cause: self.causes.get(cause, 0) + other.causes.get(cause, 0) for cause in sorted(causes)},
            latency=tuple(mine + theirs for mine, theirs in zip(self.latency, other.latency, strict=True)),
        )

    def halved(self) -> "Answers":
        """Half of it, so that what comes next weighs more."""
        return Answers(
            succeeded=self.succeeded // 2,
            causes={cause: count // 2 for cause, count in self.causes.items() if count > 1},
            latency=tuple(count // 2 for count in self.latency),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Attempts in one pod while a probe of the container failed there; times are of the first and the last of them."""

    pod_uid: str
    began_at: float
    last_at: float
    succeeded: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """All that is remembered of one endpoint of one container.

    An attempt waits until what the kubelet tells of the same time is surely there, and is then counted once: in
    `troubled` when a probe of the container failed in that pod or its CPU was throttled, else in `outage` when a
    Service was out, else in `calm`. `troubles` are the newest of the failing probes, `services` (by name) has what was
    answered while each Service was out, whatever else went on. `client_errors` and `elsewhere` are of all attempts.
    """

    waiting: tuple[Attempt, ...] = ()
    calm: Answers = Answers()
    outage: Answers = Answers()
    troubled: Answers = Answers()
    client_errors: int = 0
    elsewhere: int = 0
    troubles: tuple[Trouble, ...] = ()
    services: Mapping[str, Answers] = field(default_factory=dict)

    @property
    def all(self) -> Answers:
        """The attempts under all circumstances."""
        return self.calm.plus(self.outage).plus(self.troubled)


def at_least(count: int) -> int:
    """The largest of 0, 1, 2, 5, 10, 20, 50 and so on that is not above the count.

    A figure that is shown or saved in these steps changes ever more seldom while it grows.
    """
    step = 1
    while step * 10 <= count:
        step *= 10
    return max((step * digit for digit in (1, 2, 5) if step * digit <= count), default=0)
