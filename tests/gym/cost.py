"""What a phase cost the users, in lost replica-seconds: one function for all settings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from gym.phase import Phase
from gym.weather import Fate, Spells
from probetuner.model.policy import Costs
from probetuner.tuning.replay.outcome import LifeRun, Outcome

Prices = Mapping[str, float]
"""Lost replica-seconds that each unit of a part of the cost stands for."""


def prices_of(costs: Costs) -> Prices:
    """What each part costs by a policy's prices; the seconds of a replica that is away are their unit."""
    return {
        "refused_seconds": float(costs.error_seconds),
        "idle_seconds": 1.0,
        "stuck_seconds": 1.0,
        "rollout_seconds": 1.0,
        "false_restarts": float(costs.false_restart_seconds),
    }


WEIGHTS = prices_of(Costs())
"""The default prices; docs/gym.md says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What was lost over all replicas.

    `refused_seconds`: requests that got no answer although some setting of the probes could have served them, as the
    replica-seconds of work that they were. `idle_seconds`: a replica could have served but got no traffic, or was away
    for a false restart. `stuck_seconds`: from a lock-up until the next life served. `rollout_seconds`: a new replica
    was up but not let in yet. `false_restarts`: restarts by a probe of what was not stuck.
    """

    refused_seconds: float = 0.0
    idle_seconds: float = 0.0
    stuck_seconds: float = 0.0
    rollout_seconds: float = 0.0
    false_restarts: float = 0.0

    @property
    def total(self) -> float:
        """The sum at the default prices, in lost replica-seconds."""
        return self.at(WEIGHTS)

    def at(self, prices: Prices) -> float:
        """The sum at these prices, in lost replica-seconds."""
        return sum(price * float(getattr(self, name)) for name, price in prices.items())

    def scaled(self, factor: float) -> "Cost":
        """The same times a factor."""
        return Cost(**{entry.name: getattr(self, entry.name) * factor for entry in fields(self)})


def mean(costs: Sequence[Cost]) -> Cost:
    """The mean of each part."""
    return Cost(**{entry.name: sum(getattr(cost, entry.name) for cost in costs) / len(costs) for entry in fields(Cost)})


def cost_of(phase: Phase) -> Cost:
    """Per 1000 replica-seconds of the phase."""
    idle = stuck = rollout = 0.0
    restarts = 0
    for index, outcome in enumerate(phase.outcomes):
        lives = list(zip(outcome.lives, phase.fates[index], strict=True))
        for number, (life, fate) in enumerate(lives):
            waste = _unready(phase, index, outcome, life, fate)
            first = _first_wait(phase, outcome, life, fate) if number == 0 else 0.0
            rollout += first
            idle += max(0.0, waste - first)
        gaps = list(_gaps(outcome, lives))
        stuck += sum(seconds for seconds, was_stuck in gaps if was_stuck)
        idle += sum(seconds for seconds, was_stuck in gaps if not was_stuck)
        restarts += sum(_is_false(life, fate) for life, fate in lives)
    replica_seconds = phase.weather.seconds * len(phase.outcomes)
    return Cost(
        refused_seconds=phase.refused_seconds,
        idle_seconds=idle,
        stuck_seconds=stuck,
        rollout_seconds=rollout,
        false_restarts=restarts,
    ).scaled(1000.0 / replica_seconds)


def _stuck_at(life: LifeRun, fate: Fate) -> float:
    return life.started_at + fate.start_seconds + fate.lockup_seconds


def _serving(outcome: Outcome, life: LifeRun, fate: Fate) -> tuple[float, float]:
    """From when to when this life could serve, but for glitches."""
    end = outcome.until if life.ended_at is None else life.ended_at
    return life.started_at + fate.start_seconds, min(end, _stuck_at(life, fate))


def _unready(phase: Phase, index: int, outcome: Outcome, life: LifeRun, fate: Fate) -> float:
    """Seconds of this life in which it could serve and was not ready."""
    begin, end = _serving(outcome, life, fate)
    excused = Spells([*phase.weather.glitches[index].all, *phase.weather.outages.all, *phase.weather.node_away.all])
    lost = 0.0
    for since, until in outcome.unready_spells:
        since, until = max(since, begin), min(until, end)  # noqa: PLW2901 - cut to the life
        if since < until:
            lost += until - since - excused.overlap(since, until)
    return lost


def _first_wait(phase: Phase, outcome: Outcome, life: LifeRun, fate: Fate) -> float:
    begin, end = _serving(outcome, life, fate)
    first = outcome.first_ready_at
    until = min(end, phase.weather.seconds if first is None else first)
    return max(0.0, until - begin)


def _is_false(life: LifeRun, fate: Fate) -> bool:
    return life.killed_by is not None and life.decided_at is not None and life.decided_at < _stuck_at(life, fate)


def _back_at(outcome: Outcome, life: LifeRun, fate: Fate) -> float:
    """When this life began to serve, or ended without."""
    end = outcome.until if life.ended_at is None else life.ended_at
    return min(end, _serving(outcome, life, fate)[0])


def _gaps(outcome: Outcome, lives: Sequence[tuple[LifeRun, Fate]]) -> Iterator[tuple[float, bool]]:
    """Seconds without service between lives, and whether the life before was stuck; crashes are nobody's doing."""
    for number, (life, fate) in enumerate(lives):
        following = lives[number + 1] if number + 1 < len(lives) else None
        back = outcome.until if following is None else _back_at(outcome, *following)
        stuck_at = _stuck_at(life, fate)
        if stuck_at < (outcome.until if life.ended_at is None else life.ended_at):
            yield back - stuck_at, True
        elif life.ended_at is not None and _is_false(life, fate):
            yield max(0.0, back - life.ended_at), False
