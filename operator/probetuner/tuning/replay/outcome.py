"""What happened to a container in a replay."""

from dataclasses import dataclass

from probetuner.facts.fact import FailureCause
from probetuner.model.probe import ProbeType
from probetuner.tuning.replay.answer import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that was made; `seconds` is how long it took, `at` when it ended.

    It stands for `times` that got the same one after the other, of which it is the latest.
    """

    at: float
    probe: ProbeType
    life: int
    verdict: Verdict
    seconds: float
    cause: FailureCause | None = None
    times: int = 1


@dataclass(slots=True, kw_only=True)
class LifeRun:
    """One life of the container; `decided_at` is when the threshold of `killed_by` was reached."""

    started_at: float
    ended_at: float | None = None
    killed_by: ProbeType | None = None
    decided_at: float | None = None
    startup_succeeded_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A back-off: the container does not run from `at` on, and the kubelet said that it waits so long."""

    at: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that happened from `began_at`, the first start of the process, to `until`.

    `ready` has the changes of the container's ready flag in order, beginning unready.
    """

    began_at: float
    until: float
    lives: tuple[LifeRun, ...]
    attempts: tuple[Attempt, ...]
    ready: tuple[tuple[float, bool], ...]
    waits: tuple[Waiting, ...]

    @property
    def kills(self) -> tuple[LifeRun, ...]:
        """The lives that a probe ended, or is about to."""
        return tuple(life for life in self.lives if life.killed_by is not None)

    @property
    def first_ready_at(self) -> float | None:
        """When the container first let traffic in."""
        return next((at for at, ready in self.ready if ready), None)

    @property
    def unready_seconds(self) -> float:
        """Seconds that the container was not ready, from its first start on."""
        return sum(end - start for start, end in self.unready_spells)

    @property
    def unready_spells(self) -> tuple[tuple[float, float], ...]:
        """From when to when it was not ready; the first spell is the start."""
        spells, since = [], self.began_at
        for at, ready in self.ready:
            if ready:
                spells.append((since, at))
            else:
                since = at
        if not (self.ready and self.ready[-1][1]):
            spells.append((since, self.until))
        return tuple(spells)

    @property
    def flaps(self) -> int:
        """How often it went from ready to not ready."""
        return sum(not ready for _, ready in self.ready)

    @property
    def knows_not_all(self) -> bool:
        """Whether anything that was asked had an answer that nobody knows."""
        return any(attempt.verdict is Verdict.UNKNOWN for attempt in self.attempts)

    def counted(self, probe: ProbeType, verdict: Verdict) -> int:
        """How many attempts of that probe came to that."""
        return sum(attempt.times for attempt in self.attempts if attempt.probe is probe and attempt.verdict is verdict)
