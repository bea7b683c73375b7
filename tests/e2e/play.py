"""Everything that the end-to-end tests watch, started at once, so that the tests wait beside each other."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import pressure, slow_start
from demo.cluster import Cluster
from demo.outcome import PressureOutcome, StartOutcome
from demo.stage import Stage
from demo.workloads import documents
from e2e import deadlock, lone_redis, reaping, trying, unharmed
from e2e.deadlock import Endured
from e2e.experiment import SEED_LOADS, StepsOutcome, eager_rng, play_steps
from e2e.lone_redis import RedisOutcome
from e2e.reaping import Outcome
from e2e.trying import Found, NoneFound
from e2e.unharmed import Unharmed

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainVoice:
    """Prints what a story says, for pytest to show with a test that fails."""

    name: str

    def say(self, line: str) -> None:
        """Print it."""
        print(f"{self.name}: {line}", flush=True)

    def doing(self, what: str) -> None:
        """Print it too."""
        print(f"{self.name}: {what}", flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """A workload that must not be changed, with its Deployment as it was when it was made."""

    stage: Stage
    made: dict[str, Any]

    def deployment(self) -> dict[str, Any]:
        """The Deployment as it is now, with what says who wrote which field."""
        return deployment(self.stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """The stories, and by name the workloads that must stay as they are.

    `seed` is the pressure story with the load and the probe by which people first meet it, `steps` a load of rising
    concurrency on a service that nobody cures.
    """

    pressure: Future[PressureOutcome]
    seed: Future[PressureOutcome]
    start: Future[StartOutcome]
    steps: Future[StepsOutcome]
    found: Future[Found]
    unfit: Future[NoneFound]
    untouched: dict[str, Untouched]

    def wait(self) -> None:
        """Wait until all stories are over; how they ended is for their own tests to say."""
        for story in (self.pressure, self.seed, self.start, self.steps, self.found, self.unfit):
            story.exception()


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """What plays once nobody measures time under load any more: every leak with every cure, and the lone Redis."""

    reaping: Future[dict[str, Outcome]]
    redis: Future[RedisOutcome]


def stage(cluster: Cluster, name: str, *, workload: str, stop: threading.Event | None = None) -> Stage:
    """A stage in the namespace `e2e-NAME`."""
    voice = PlainVoice(name=name)
    return Stage(cluster, namespace=f"e2e-{name}", workload=workload, voice=voice, stop=stop or threading.Event())


def deployment(on: Stage) -> dict[str, Any]:
    """The Deployment of a stage, with what says who wrote which field."""
    found: dict[str, Any] = on.cluster.get(
        f"deployment/{on.workload}", f"--namespace={on.namespace}", "--show-managed-fields"
    )
    return found


@contextmanager
def playing(cluster: Cluster) -> Iterator[Play]:
    """Start everything; at the end the stories are stopped, if they still play."""
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=6) as threads:
        try:
            yield Play(
                pressure=threads.submit(
                    pressure.play,
                    stage(cluster, "rng", workload=pressure.WORKLOAD, stop=stop),
                    documents(pressure.WORKLOAD, cluster),
                ),
                seed=threads.submit(
                    pressure.play,
                    stage(cluster, "seed", workload=pressure.WORKLOAD, stop=stop),
                    eager_rng(cluster, mode="Apply"),
                    SEED_LOADS,
                ),
                steps=threads.submit(
                    play_steps,
                    stage(cluster, "steps", workload=pressure.WORKLOAD, stop=stop),
                    eager_rng(cluster, mode="Off"),
                ),
                start=threads.submit(slow_start.play, stage(cluster, "start", workload=slow_start.WORKLOAD, stop=stop)),
                found=threads.submit(trying.find_one, stage(cluster, "endpoints", workload=trying.WORKLOAD, stop=stop)),
                unfit=threads.submit(trying.find_none, stage(cluster, "queue", workload=trying.WORKLOAD, stop=stop)),
                untouched={
                    "crash": _untouched(cluster, "crash", workload="crash", folder=HERE),
                    "oom": _untouched(cluster, "oom", workload="oom", folder=HERE),
                    **{mode: _slow_starter(cluster, mode) for mode in ("Off", "Observe", "Recommend")},
                },
            )
        finally:
            stop.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """What mode Apply must leave alone, or not make worse: untroubled single replicas, and a service that deadlocks."""

    unharmed: Future[Unharmed]
    observed: Future[Endured]
    applied: Future[Endured]


@contextmanager
def playing_harmless(cluster: Cluster) -> Iterator[Harmless]:
    """Start all three beside each other; at the end they are stopped, if they still play."""
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=3) as threads:
        try:
            yield Harmless(
                unharmed=threads.submit(
                    unharmed.play, stage(cluster, "unharmed", workload=unharmed.WORKLOAD, stop=stop)
                ),
                observed=threads.submit(
                    deadlock.play,
                    stage(cluster, "deadlock-observe", workload=deadlock.WORKLOAD, stop=stop),
                    mode="Observe",
                ),
                applied=threads.submit(
                    deadlock.play,
                    stage(cluster, "deadlock-apply", workload=deadlock.WORKLOAD, stop=stop),
                    mode="Apply",
                ),
            )
        finally:
            stop.set()


@contextmanager
def playing_afterwards(cluster: Cluster) -> Iterator[Afterwards]:
    """Start both beside each other; at the end the Redis is stopped, if it still plays."""
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=2) as threads:
        try:
            yield Afterwards(
                reaping=threads.submit(reaping.play, cluster),
                redis=threads.submit(lone_redis.play, stage(cluster, "redis", workload=lone_redis.WORKLOAD, stop=stop)),
            )
        finally:
            stop.set()


def _slow_starter(cluster: Cluster, mode: str) -> Untouched:
    on = stage(cluster, mode.lower(), workload=slow_start.WORKLOAD)
    on.set_up(documents(slow_start.WORKLOAD, cluster, mode=mode))
    return Untouched(stage=on, made=deployment(on))


def _untouched(cluster: Cluster, name: str, *, workload: str, folder: Path) -> Untouched:
    on = stage(cluster, name, workload=workload)
    on.set_up(documents(workload, cluster, folder=folder))
    return Untouched(stage=on, made=deployment(on))
