"""A tenant's workloads never keep the others from being looked at, however many they are and however long they take."""

import asyncio
from collections import Counter
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from probetuner.controller.workqueue import WorkQueue

quick = settings(max_examples=100, deadline=None)
Place = tuple[str, int]


class Clock:
    """A clock that is set by hand."""

    seconds = 100.0

    def __call__(self) -> float:
        """Return the time as it was set."""
        return self.seconds


def of(place: Place) -> str:
    """The namespace of a workload."""
    return place[0]


async def play(costs: Mapping[str, float], workloads: Mapping[str, int], *, turns: int, first: str = "") -> list[Place]:
    """Workloads that are due again as soon as they were looked at; those of `first` come first each time.

    Without any rest, so that all of them wait at all times.
    """
    clock = Clock()
    queue: WorkQueue[Place] = WorkQueue(clock, tenant=of, rest=0.0)
    for namespace, count in workloads.items():
        for number in range(count):
            queue.add((namespace, number), first=namespace == first)
    taken = []
    for _ in range(turns):
        place = await queue.take()
        taken.append(place)
        clock.seconds += costs[of(place)]
        queue.charge(place, costs[of(place)])
        queue.done(place)
        queue.add(place, first=of(place) == first)
    return taken


counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 30), min_size=1)


@given(counts)
@quick
def test_namespaces_take_turns(workloads: dict[str, int]) -> None:
    """Where all looks take the same time, each namespace is looked at once before any is looked at twice."""
    taken = asyncio.run(play(dict.fromkeys(workloads, 0.005), workloads, turns=5 * len(workloads)))

    for start in range(0, len(taken), len(workloads)):
        assert {of(place) for place in taken[start : start + len(workloads)]} == set(workloads)


@given(counts)
@quick
def test_within_a_namespace_each_comes_in_its_order(workloads: dict[str, int]) -> None:
    """Nobody is passed over by another of the same namespace."""
    taken = asyncio.run(play(dict.fromkeys(workloads, 0.005), workloads, turns=3 * sum(workloads.values())))

    for namespace, count in workloads.items():
        numbers = [number for name, number in taken if name == namespace]
        assert numbers == [index % count for index in range(len(numbers))]


@given(counts, st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([0.001, 0.01, 0.1, 2.0, 30.0])))
@quick
def test_each_namespace_gets_as_much_time_as_any_other(workloads: dict[str, int], costs: dict[str, float]) -> None:
    """As long as all have something to do, what they got differs by no more than one look of the dearest takes."""
    costs = {namespace: costs.get(namespace, 0.005) for namespace in workloads}
    taken = asyncio.run(play(costs, workloads, turns=200))

    looks = Counter(map(of, taken))
    spent = {namespace: looks[namespace] * (costs[namespace] + 0.01) for namespace in workloads}
    assert max(spent.values()) - min(spent.values()) <= max(costs.values()) + 0.02


@given(st.integers(1, 50), st.integers(1, 50))
@quick
def test_whoever_comes_first_gets_every_other_turn_at_most(burning: int, quiet: int) -> None:
    """A namespace in which liveness kills all the time, on purpose or not, leaves the others half of the turns."""
    taken = asyncio.run(play({"a": 0.0, "b": 0.0}, {"a": burning, "b": quiet}, turns=100, first="a"))

    assert all("b" in map(of, taken[start : start + 3]) for start in range(97))


async def test_a_namespace_never_has_all_workers() -> None:
    """However many of its looks hang, one that comes from another is begun at once."""
    queue: WorkQueue[Place] = WorkQueue(Clock(), tenant=of, most_active=3)
    for number in range(10):
        queue.add(("greedy", number))
    hanging = [await queue.take() for _ in range(3)]
    fourth = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not fourth.done()
    assert queue.waits()

    queue.add(("shop", 0))
    assert await asyncio.wait_for(fourth, 1) == ("shop", 0)
    queue.done(hanging[0])
    assert of(await asyncio.wait_for(queue.take(), 1)) == "greedy"


async def test_who_was_idle_has_saved_nothing_up() -> None:
    """A namespace that comes back after an hour does not get an hour of turns in a row."""
    clock = Clock()
    queue: WorkQueue[Place] = WorkQueue(clock, tenant=of, rest=0.0)
    queue.add(("late", 0))
    queue.done(await queue.take())
    for number in range(1000):
        queue.add(("busy", number))
    for _ in range(500):
        place = await queue.take()
        queue.charge(place, 7.2)
        queue.done(place)
    for number in range(100):
        queue.add(("late", number))

    taken = []
    for _ in range(20):
        taken.append(await queue.take())
        queue.charge(taken[-1], 7.2)
        queue.done(taken[-1])

    assert Counter(map(of, taken)) == {"busy": 10, "late": 10}


async def test_a_workload_that_is_always_due_leaves_the_others_nine_tenths_of_the_time() -> None:
    """Each look at it takes a second, 19 others take a hundredth, and all have news all the time."""
    clock = Clock()
    queue: WorkQueue[Place] = WorkQueue(clock, tenant=of)
    everybody = [("greedy", 0), *(("shop", number) for number in range(19))]
    looks: Counter[str] = Counter()
    until = clock.seconds + 300.0
    while clock.seconds < until:
        for place in everybody:
            queue.add(place, first=of(place) == "greedy")
        place = await queue.take()
        looks[of(place)] += 1
        cost = 1.0 if of(place) == "greedy" else 0.01
        clock.seconds += cost
        queue.charge(place, cost)
        queue.add(place, first=of(place) == "greedy")
        queue.done(place)
        if not queue.waits():
            clock.seconds += 0.01

    assert looks["greedy"] in range(29, 32)
    assert looks["shop"] * 0.01 > 0.9 * 0.9 * 300.0


async def test_who_rests_is_looked_at_as_soon_as_the_rest_is_over() -> None:
    """News that came while it was looked at, or while it rested, is not forgotten."""
    clock = Clock()
    queue: WorkQueue[Place] = WorkQueue(clock, tenant=of)
    queue.add(("shop", 0))
    place = await queue.take()
    queue.add(place)
    clock.seconds += 2.0
    queue.charge(place, 2.0)
    queue.done(place)
    queue.add(place, first=True)

    clock.seconds += 17.9
    assert not queue.waits()
    clock.seconds += 0.2
    assert await asyncio.wait_for(queue.take(), 1) == place
