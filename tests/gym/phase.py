"""One phase of a case: the fleet lives under some probes for a while."""

from dataclasses import dataclass

from gym.fleet import Fleet
from gym.truth import GymCase
from gym.weather import Fate, Weather
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.container import Circumstances, ContainerRun
from probetuner.tuning.replay.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What happened: per replica its outcome, its lives' fates and what it would need to stop if it were deleted now.

    `refused_seconds` is the work lost, in replica-seconds.
    """

    case: GymCase
    probes: Probes
    weather: Weather
    outcomes: tuple[Outcome, ...]
    fates: tuple[tuple[Fate, ...], ...]
    stop_seconds: tuple[float, ...]
    refused_seconds: float


def live(case: GymCase, probes: Probes, *, seed: str, seconds: float) -> Phase:
    """Let the case live under these probes; the same seed brings the same weather, whatever the probes."""
    weather = Weather(case.truth, seed=f"{case.name}-{seed}", seconds=seconds)
    fleet = Fleet(case.truth, weather, probes)
    runs = []
    for index, replica in enumerate(fleet.replicas):
        rng = weather.rng(f"kubelet-{index}")
        replica.run = ContainerRun(
            probes=probes,
            application=replica,
            circumstances=Circumstances(
                grace_seconds=case.truth.grace_seconds, lead_seconds=rng.uniform(0.3, 10.3), sync_jitter=rng.random()
            ),
            at=index * _APART_SECONDS,
        )
        runs.append(replica.run)
    _run(fleet, runs, seconds)
    return Phase(
        case=case,
        probes=probes,
        weather=weather,
        outcomes=tuple(run.outcome(seconds) for run in runs),
        fates=tuple(tuple(replica.fates) for replica in fleet.replicas),
        stop_seconds=tuple(replica.stop_seconds(life=len(replica.fates) - 1, at=seconds) for replica in fleet.replicas),
        refused_seconds=max(0.0, fleet.loss.refused_seconds - fleet.loss.unavoidable_seconds),
    )


_APART_SECONDS = 0.7


def _run(fleet: Fleet, runs: list[ContainerRun], seconds: float) -> None:
    """Let the events of all replicas happen in the order of their times; one replica's never move another's."""
    now = 0.0
    due = [run.next_at for run in runs]
    while (earliest := min(due)) <= seconds:
        index = due.index(earliest)
        now = max(now, earliest)
        fleet.flow(now)
        runs[index].step(now)
        due[index] = runs[index].next_at
    fleet.flow(seconds)
