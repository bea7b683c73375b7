"""What was observed in fourteen real recordings comes out of the readers as facts, to the last count.

The expected figures are those of the table that came with the recordings, made by whoever recorded them.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
import yaml

from probetuner.facts.fact import (
    BackOff,
    ContainerExited,
    ContainerStarted,
    CpuThrottled,
    Fact,
    KillAnnounced,
    PodEnding,
    ProbeCounted,
    ProbeErrored,
    ProbeFailed,
    ProbeLatencySampled,
    ProcessesCounted,
    ReadinessChanged,
)
from probetuner.facts.feed import Reader
from probetuner.model.probe import ProbeType
from probetuner.sources.recording import Recording, Watched

HERE = Path(__file__).parent
Kind = TypeVar("Kind", bound=Fact)
L, R = ProbeType.LIVENESS, ProbeType.READINESS


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table that came with the recordings.

    `unhealthy`, and `attempts` as succeeded and failed, are of liveness and readiness. `tasks` is threads without
    processes, in the first and last look at the life in which that grew most.
    """

    restarts: int = 0
    kills: int = 0
    exits: tuple[str, int] | None = None
    crash_loop: bool = False
    unhealthy: tuple[int, int] = (0, 0)
    errored: int = 0
    attempts: tuple[tuple[int, int], tuple[int, int]]
    flaps: int = 0
    tasks: tuple[int, int] = (0, 0)


TABLE = {
    "01-rng-cascade": Row(
        restarts=11,
        kills=12,
        exits=("Error/137", 12),
        crash_loop=True,
        unhealthy=(38, 0),
        attempts=((16, 38), (0, 0)),
        flaps=2,
    ),
    "02-slow-start-killed": Row(
        restarts=12,
        kills=12,
        exits=("Error/137", 14),
        crash_loop=True,
        unhealthy=(42, 0),
        attempts=((0, 42), (0, 0)),
        flaps=4,
        tasks=(-1, 0),
    ),
    "03-redis-exec-zombies": Row(attempts=((71, 0), (58, 0)), tasks=(0, 75)),
    "04-readiness-flapping-slow-tail": Row(unhealthy=(0, 70), attempts=((84, 0), (388, 74)), flaps=65, tasks=(0, 1)),
    "05-crash-loop": Row(
        restarts=5,
        exits=("Error/1", 6),
        crash_loop=True,
        unhealthy=(0, 6),
        attempts=((12, 0), (24, 6)),
        flaps=6,
        tasks=(-1, 1),
    ),
    "06-oom-loop": Row(
        restarts=4,
        exits=("OOMKilled/137", 5),
        crash_loop=True,
        unhealthy=(1, 0),
        attempts=((13, 1), (30, 0)),
        flaps=5,
        tasks=(0, 1),
    ),
    "07-lockup-no-liveness": Row(unhealthy=(0, 50), attempts=((0, 0), (31, 112)), flaps=2, tasks=(0, 8)),
    "08-broken-exec-probe": Row(errored=23, attempts=((0, 0), (23, 0))),
    "09-dependency-coupled-liveness": Row(
        restarts=9,
        kills=9,
        exits=("Error/137", 9),
        unhealthy=(27, 0),
        attempts=((57, 27), (0, 0)),
        tasks=(-1, 0),
    ),
    "10-healthy": Row(unhealthy=(0, 2), attempts=((84, 0), (172, 2))),
    "11-cpu-throttled": Row(unhealthy=(13, 37), attempts=((37, 17), (76, 44)), flaps=10, tasks=(4, 0)),
    "12-wrong-port": Row(
        restarts=12,
        kills=12,
        exits=("Error/137", 14),
        crash_loop=True,
        unhealthy=(39, 5),
        attempts=((0, 42), (88, 5)),
        flaps=12,
        tasks=(-1, 0),
    ),
    "13-overlong-initial-delay": Row(attempts=((135, 0), (89, 0)), tasks=(-1, 0)),
    "14-lockup-with-liveness": Row(
        restarts=6,
        kills=6,
        exits=("Error/137", 6),
        unhealthy=(14, 36),
        attempts=((62, 18), (129, 48)),
        flaps=6,
        tasks=(0, 3),
    ),
}


def facts_of(name: str) -> list[Fact]:
    """All facts about the container that the recording is about."""
    recording = Recording(HERE / name)
    reader = Reader(since=recording.started)
    facts: list[Fact] = []
    for record in recording.records():
        if isinstance(record, Watched):
            facts += reader.watch(record.object, record.change, record.at)
        else:
            facts += reader.scrape(record.node, record.path, record.text, record.at)
            assert reader.problem(record.node) is None
    assert recording.problems == []
    container = yaml.safe_load((HERE / name / "truth.yaml").read_text())["container"]
    return [fact for fact in facts if fact.container == container]


def of(kind: type[Kind], facts: list[Fact]) -> list[Kind]:
    return [fact for fact in facts if isinstance(fact, kind)]


def while_wanted(facts: list[Kind], ends: list[PodEnding]) -> list[Kind]:
    """Without what happened to pods that were being deleted."""
    ended = {end.pod.uid: end.at for end in ends}
    return [fact for fact in facts if fact.at < ended.get(fact.pod.uid, float("inf"))]


def restarts(facts: list[Fact]) -> int:
    highest: Counter[str] = Counter()
    for start in of(ContainerStarted, facts):
        highest[start.pod.uid] = max(highest[start.pod.uid], start.restarts)
    return sum(highest.values())


def most_grown_tasks(facts: list[Fact]) -> tuple[int, int]:
    """Threads without processes, in the first and last look at each life; of the life in which that grew most."""
    lives: dict[tuple[str, int], list[int]] = {}
    starts = of(ContainerStarted, facts)
    for look in of(ProcessesCounted, facts):
        # The cgroup is there, and looked at, a moment before the runtime says that the container started.
        life = sum(1 for start in starts if start.pod.uid == look.pod.uid and start.at <= look.at + 2)
        lives.setdefault((look.pod.uid, life), []).append(look.threads - look.processes)
    most = max(lives.values(), key=lambda looks: looks[-1] - looks[0])
    return most[0], most[-1]


@pytest.mark.parametrize("name", TABLE)
def test_the_table_comes_out_of_the_facts(name: str) -> None:
    """Restarts, kills, exits, waits, events, attempts, flaps and tasks are those of the table."""
    facts = facts_of(name)
    ends = of(PodEnding, facts)
    exits = Counter(f"{e.reason}/{e.exit_code}" for e in while_wanted(of(ContainerExited, facts), ends))
    failed = Counter[ProbeType]()
    for failure in of(ProbeFailed, facts):
        failed[failure.probe] += failure.count
    attempts = {
        kind: (sum(c.succeeded for c in counted), sum(c.failed for c in counted))
        for kind in (L, R)
        for counted in [[c for c in of(ProbeCounted, facts) if c.probe is kind]]
    }

    assert (
        Row(
            restarts=restarts(facts),
            kills=sum(kill.count for kill in of(KillAnnounced, facts) if kill.probe is L),
            exits=next(iter(exits.items()), None) if len(exits) < 2 else ("several", len(exits)),
            crash_loop=any(wait.seconds for wait in of(BackOff, facts)),
            unhealthy=(failed[L], failed[R]),
            errored=sum(error.count for error in of(ProbeErrored, facts)),
            attempts=(attempts[L], attempts[R]),
            flaps=sum(not change.ready for change in while_wanted(of(ReadinessChanged, facts), ends)),
            tasks=most_grown_tasks(facts),
        )
        == TABLE[name]
    )


@pytest.mark.parametrize("name", TABLE)
def test_latencies_are_those_of_the_successful_attempts(name: str) -> None:
    """Two families of the kubelet that know nothing of each other agree."""
    facts = facts_of(name)
    for kind in (L, R):
        sampled = sum(sum(sample.counts) for sample in of(ProbeLatencySampled, facts) if sample.probe is kind)
        assert sampled == sum(counted.succeeded for counted in of(ProbeCounted, facts) if counted.probe is kind)


def test_throttling_is_that_of_the_container() -> None:
    """2417 of 2948 periods (82 %) in the containers' rows; with those of the pods' cgroups, as in the table, 81 %."""
    throttled = of(CpuThrottled, facts_of("11-cpu-throttled"))

    assert (sum(t.throttled for t in throttled), sum(t.periods for t in throttled)) == (2417, 2948)


@pytest.mark.parametrize(
    ("name", "by_probe"),
    [("04-readiness-flapping-slow-tail", 65), ("07-lockup-no-liveness", 2), ("05-crash-loop", 0), ("12-wrong-port", 0)],
)
def test_flaps_are_blamed_on_the_probe_only_where_it_did_them(name: str, by_probe: int) -> None:
    """A container that dies is unready without its readiness probe having said anything."""
    changes = of(ReadinessChanged, facts_of(name))

    assert sum(change.by_probe and not change.ready for change in changes) == by_probe


def test_a_second_reading_tells_nothing_new() -> None:
    """An observer whose watches are opened again is given everything once more and counts nothing twice."""
    recording = Recording(HERE / "14-lockup-with-liveness")
    reader = Reader(since=recording.started)
    watched = [record for record in recording.records() if isinstance(record, Watched)]
    last = {(r.object["kind"], r.object["metadata"]["uid"]): r for r in watched}
    for record in watched:
        reader.watch(record.object, record.change, record.at)

    assert [fact for r in last.values() for fact in reader.watch(r.object, None, r.at)] == []
