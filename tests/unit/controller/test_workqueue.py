"""What is promised of the queue of workloads to look at."""

import asyncio
import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.controller.workqueue import WorkQueue


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """Return the time as it was set."""
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


async def test_a_key_is_given_out_once_for_all_that_was_added(clock: Clock) -> None:
    """Ten changes of one workload make one look."""
    queue: WorkQueue[str] = WorkQueue(clock)
    for _ in range(10):
        queue.add("web")

    assert await queue.take() == "web"
    queue.done("web")
    assert len(queue) == 0


async def test_the_soonest_wish_counts(clock: Clock) -> None:
    """A look that was asked for sooner is not put off by a later wish."""
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add("web", delay_seconds=300.0)
    queue.add("web", delay_seconds=1.0)
    queue.add("web", delay_seconds=60.0)
    queue.add("other", delay_seconds=30.0)
    clock.seconds += 1.0

    assert await queue.take() == "web"


async def test_a_key_is_with_one_worker_at_a_time(clock: Clock) -> None:
    """What is added while a workload is looked at is looked at afterwards, and not beside it."""
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add("web")
    assert await queue.take() == "web"
    queue.add("web")

    second = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not second.done()
    queue.done("web")

    assert await asyncio.wait_for(second, 1) == "web"


async def test_a_waiting_worker_learns_of_what_is_added(clock: Clock) -> None:
    """A worker that found nothing is woken by the first key."""
    queue: WorkQueue[str] = WorkQueue(clock)
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    queue.add("web")

    assert await asyncio.wait_for(waiting, 1) == "web"


async def test_failures_are_tried_again_ever_later_up_to_a_minute(clock: Clock) -> None:
    """The wait doubles with each failure and starts over after a success."""
    queue: WorkQueue[str] = WorkQueue(clock)
    waits = []
    for _ in range(9):
        queue.add("web")
        clock.seconds += 1000.0
        await queue.take()
        waits.append(queue.failed("web"))

    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    clock.seconds += 1000.0
    queue.done(await queue.take())
    queue.add("web")
    await queue.take()
    assert queue.failed("web") == 1.0


async def test_news_does_not_shorten_the_wait_of_what_failed(clock: Clock) -> None:
    """A workload that keeps failing and keeps changing is not looked at with every change."""
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add("bad")
    await queue.take()
    queue.failed("bad")
    queue.add("bad")
    queue.add("good")

    assert await queue.take() == "good"
    clock.seconds += 1.0
    assert await queue.take() == "bad"


async def test_what_comes_first_does_not_wait_behind_what_is_due(clock: Clock) -> None:
    """It is given out before all that was due earlier, once, and not before its own time."""
    queue: WorkQueue[str] = WorkQueue(clock)
    for name in ("one", "two", "burning"):
        queue.add(name)
    clock.seconds += 10.0
    queue.add("burning", first=True)
    queue.add("later", delay_seconds=5.0, first=True)

    assert [await queue.take() for _ in range(3)] == ["burning", "one", "two"]
    clock.seconds += 6.0
    queue.add("three")
    assert await queue.take() == "later"
    queue.done("later")
    queue.add("later")
    assert [await queue.take() for _ in range(2)] == ["three", "later"]


async def test_what_comes_first_keeps_the_wait_of_a_failure(clock: Clock) -> None:
    """A workload that fails is not tried without a pause because much happens to it."""
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add("bad")
    await queue.take()
    queue.failed("bad")
    queue.add("bad", first=True)
    queue.add("good")

    assert await queue.take() == "good"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=30))
def test_keys_come_in_the_order_they_are_due(wishes: list[tuple[str, int]]) -> None:
    """Whatever is added, each key comes once, when its soonest wish says."""

    async def order() -> list[str]:
        clock = Clock()
        queue: WorkQueue[str] = WorkQueue(clock)
        for key, delay in wishes:
            queue.add(key, delay_seconds=delay)
        clock.seconds += 1000.0
        return [await queue.take() for _ in range(len(queue))]

    soonest: dict[str, int] = {}
    for key, delay in wishes:
        soonest[key] = min(delay, soonest.get(key, delay))
    came = asyncio.run(order())

    assert sorted(came) == sorted(soonest)
    assert [soonest[key] for key in came] == heapq.nsmallest(len(soonest), soonest.values())
