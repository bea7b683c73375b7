"""Zombies against threads, and how a probe's command tells how it leaks."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gym.manifest import CONTAINER
from probetuner.diagnosis.leak import Leak, is_adopted, leak_of
from probetuner.diagnosis.reaping import find_zombies, leaking_probes
from probetuner.facts.fact import Fact, FailureCause, PodRef, ProcessesCounted
from probetuner.facts.inspection import Inspection
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.policy import Allowance, Policy
from probetuner.model.probe import Exec, Probe
from support.facts import LIVENESS, T0, counted, failed, pod, started
from support.scene import T0 as SCENE_T0
from support.scene import Scene, asks

LEAVING = Exec(command=("sh", "-c", "redis-cli ping && (redis-cli info > /tmp/info &)"))
SLOW = Exec(command=("sh", "-c", "sleep 4; redis-cli ping"))
EVERYTHING = Policy(allow=frozenset(Allowance))
Shape = Callable[[float], float]


@pytest.mark.parametrize(
    ("command", "leak"),
    [
        (("redis-cli", "ping"), None),
        (("/usr/bin/pg_isready", "-q"), None),
        (("sh", "-c", "exec redis-cli ping"), None),
        (("tini", "-s", "--", "redis-cli", "ping"), None),
        (("sh", "-c", "redis-cli ping"), Leak.TIMEOUT),
        (("sh", "-c", "exit 1"), None),
        (("sh", "-c", 'test -f /tmp/up && [ "$READY" = yes ] || exit 1'), None),
        (("sh", "-c", '[ "$(redis-cli ping)" = PONG ]'), Leak.TIMEOUT),
        (("sh", "-c", "test -f /tmp/up | true"), Leak.TIMEOUT),
        (("sh", "-c", "test -f /tmp/up && redis-cli ping"), Leak.TIMEOUT),
        (("bash", "-ec", "redis-cli ping | grep -q PONG"), Leak.TIMEOUT),
        (("sh", "-c", "curl -s 'http://x/?a=1&b=2' > /dev/null 2>&1 && true"), Leak.TIMEOUT),
        (("sh", "-c", "exec redis-cli ping | grep PONG"), Leak.TIMEOUT),
        (("sh", "-c", "sleep 1 & redis-cli ping; wait"), Leak.TIMEOUT),
        (("timeout", "1", "redis-cli", "ping"), Leak.TIMEOUT),
        (("sh", "-c", "redis-cli ping; sleep 3 & exit 0"), Leak.OUTLIVES),
        (("sh", "-c", "redis-cli ping && (redis-cli info > /tmp/mem.txt 2>&1 &)"), Leak.OUTLIVES),
        (("tini", "-s", "--", "sh", "-c", "redis-cli ping; sleep 3 & exit 0"), Leak.OUTLIVES),
        (("sh", "-c", "(redis-cli info > /tmp/i &); sleep 1; redis-cli ping"), Leak.WITHIN),
        (("/opt/check.sh",), Leak.UNSEEN),
        (("sh", "/opt/check.sh"), Leak.UNSEEN),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(getattr(value, "name", value)),
)
def test_a_command_tells_how_it_leaks(command: tuple[str, ...], leak: Leak | None) -> None:
    """A single process leaves nothing; a shell does at its timeout, and at once where it puts something behind."""
    assert leak_of(asks(Exec(command=command))) is leak


def test_a_wrapper_adopts_only_what_ends_before_it() -> None:
    """`tini -s` is a cure for orphans within the run of the probe, and for no others."""
    within = ("sh", "-c", "(redis-cli info > /tmp/i &); sleep 1; redis-cli ping")

    assert is_adopted(asks(Exec(command=("tini", "-s", "--", *within))))
    assert not is_adopted(asks(Exec(command=("tini", "--", *within))))
    assert not is_adopted(asks(Exec(command=("tini", "-s", "--", *LEAVING.command))))


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_command_can_be_read(words: list[str]) -> None:
    """Commands come from strangers: whatever stands in them, an answer is given."""
    assert leak_of(asks(Exec(command=tuple(words)))) in (None, *Leak)


def tasks(of: PodRef, shape: Shape, *, every: int = 12, until: int = 300) -> list[Fact]:
    """Samples of a process with that many threads more at each time, in seconds from its start."""
    return [
        ProcessesCounted(
            at=SCENE_T0 + at, pod=of, container=CONTAINER, processes=1, threads=4 + max(0, int(shape(float(at))))
        )
        for at in range(5, until, every)
    ]


def server(shape: Shape, *, probe: Probe, replicas: int = 1, growing: int = 1) -> Scene:
    """A workload with an exec probe; in so many of its replicas threads follow the shape, in the others they stay."""
    scene = Scene(liveness=probe, replicas=replicas, policy=EVERYTHING)
    shapes = [shape] * growing + [_still] * (replicas - growing)
    return replace(scene, extra=tuple(f for index, each in enumerate(shapes) for f in tasks(scene.pod(index), each)))


def _still(_: float) -> float:
    return 0.0


@pytest.mark.parametrize(("period", "each"), [(2, 1), (4, 1), (5, 2), (10, 1), (10, 3)])
def test_the_same_number_with_each_run_is_zombies(period: int, each: int) -> None:
    """As many tasks more with every run, whatever the period: zombies, with the number told."""
    said = server(lambda at: each * (at // period), probe=asks(LEAVING, period_seconds=period)).judge()

    assert "zombies" in said.names
    assert f"{each} for each of" in said.finding("zombies").evidence[1]
    assert "share-process-namespace" in said.actions


def test_what_is_told_changes_seldom() -> None:
    """Zombies come with every run; what is told of them, and so written, is new only after some more."""
    told = set()
    for seconds in range(160, 300, 10):
        scene = Scene(liveness=asks(LEAVING, period_seconds=2), replicas=1, policy=EVERYTHING)
        scene = replace(scene, extra=tuple(tasks(scene.pod(), lambda at: at // 2, until=seconds)))
        told.add(scene.judge().finding("zombies"))

    assert len(told) <= 3


def test_the_runtime_s_own_threads_do_not_hide_zombies() -> None:
    """While a probe is being started the runtime's threads are in the container too: some samples are too high."""
    shape = lambda at: at // 4 + (7 if int(at) % 7 == 0 else 0)  # noqa: E731 - a shape like the others

    assert "zombies" in server(shape, probe=asks(LEAVING, period_seconds=4)).judge().names


SHAPES: dict[str, Shape] = {
    "fills and stops": lambda at: min(40.0, at * 0.7),
    "fills slowly and stops": lambda at: min(20.0, at * 0.3),
    "in bursts": lambda at: 16 * (at // 100),
    "grows and shrinks": lambda at: 20 * abs((at % 120) / 60 - 1),
    "ever slower": lambda at: 6 * at**0.5,
    "ever faster": lambda at: (at / 40) ** 2,
    "a thread each 7 s": lambda at: at // 7,
    "three threads each 10 s": lambda at: 3 * (at // 10),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("period", [4, 5])
@pytest.mark.parametrize("until", [90, 300])
def test_a_pool_of_threads_is_no_zombies(shape: Shape, period: int, until: int) -> None:
    """A healthy server that grows its pool beside a probe that could leak is not accused, early or late."""
    scene = Scene(liveness=asks(LEAVING, period_seconds=period), replicas=1, policy=EVERYTHING)
    scene = replace(scene, extra=tuple(tasks(scene.pod(), shape, until=until)))

    assert "zombies" not in scene.judge().names


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=8, max_size=24))
def test_threads_that_come_as_they_like_are_no_zombies(bursts: list[int]) -> None:
    """Only growth that keeps step with the runs counts, not growth of about that size."""
    probe = asks(LEAVING, period_seconds=12)
    total = [sum(bursts[: index + 1]) for index in range(len(bursts))]
    uneven = max(abs(value - whole * index) for index, value in enumerate(total) for whole in (1, 2, 3, 4))
    shape = lambda at: float(total[min(len(total) - 1, int(at - 5) // 12)])  # noqa: E731 - as above
    named = server(shape, probe=probe).judge().names

    assert "zombies" not in named or uneven <= 4 * len(bursts)


def test_replicas_that_run_the_same_probe_and_do_not_grow_speak_against_it() -> None:
    """One replica of three grows its pool just as fast as the probe runs: that is not the probe, which all have."""
    probe = asks(LEAVING, period_seconds=4)

    assert "zombies" not in server(lambda at: at // 4, probe=probe, replicas=3, growing=1).judge().names
    assert "zombies" in server(lambda at: at // 4, probe=probe, replicas=3, growing=3).judge().names


def test_orphans_of_timeouts_are_told_from_those_of_runs() -> None:
    """A probe that leaves something only when it is killed at its timeout leaks with its timeouts."""
    scene = Scene(liveness=asks(SLOW, period_seconds=5, failure_threshold=1000), policy=EVERYTHING)
    of, zombies = pod(), 0
    history = observe(WorkloadHistory(), started(0, of=of))
    for turn in range(24):
        late = turn % 3 == 0
        told: list[Fact] = [counted(10 * turn, 10 * turn + 10, ok=0 if late else 2, bad=2 if late else 0, of=of)]
        if late:
            zombies += 2
            told.append(failed(10 * turn + 9, cause=FailureCause.EXEC_TIMEOUT, count=2, of=of))
        told.append(ProcessesCounted(at=T0 + 10 * turn + 10, pod=of, container="web", processes=1, threads=4 + zombies))
        for fact in told:
            history = observe(history, fact)
    (case,) = scene.cases()
    case = replace(case, container=replace(case.container, name="web"), history=history.containers[0])

    found = find_zombies(case)

    assert found is not None
    assert leaking_probes(case) == {LIVENESS: Leak.TIMEOUT}
    assert "runs that failed" in found.evidence[1]
    assert "killed at the timeout" in found.explanation


def look(zombies: int, *, first: str = "redis-server", tini: str | None = None) -> Inspection:
    return Inspection(
        pod="redis-0",
        container=CONTAINER,
        processes=zombies + 1,
        zombies=zombies,
        adopted=zombies,
        first=first,
        tini=tini,
    )
