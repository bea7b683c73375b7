"""What is promised of the lock that decisions are made under."""

import asyncio
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from probetuner.controller.fairlock import FairLock


async def test_it_goes_to_whoever_has_had_least() -> None:
    """Not to who came first; among equals it does, and what was had is asked when it is passed on."""
    spent = {"slow": 5.0, "quick": 1.0}
    lock, order = FairLock[str](lambda key: spent[key.rstrip("12")]), list[str]()

    async def hold(key: str) -> None:
        async with lock.held(key):
            order.append(key)
            spent[key.rstrip("12")] += 3.0
            await asyncio.sleep(0)

    async with lock.held("slow"):
        waiting = [asyncio.create_task(hold(key)) for key in ("slow1", "slow2", "quick1", "quick2")]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)

    assert order == ["quick1", "quick2", "slow1", "slow2"]


async def test_who_gives_up_is_passed_over_also_at_the_last_moment() -> None:
    """Nobody waits for ever for one who has gone, not even when it was just given to them."""
    lock, order = FairLock[str](lambda _: 0.0), list[str]()

    async def hold(key: str) -> None:
        async with lock.held(key):
            order.append(key)

    async with lock.held("first"):
        gone, given_too_late, last = (asyncio.create_task(hold(key)) for key in ("gone", "late", "last"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
    given_too_late.cancel()  # it is its turn, and it has not learned of that yet
    for task in (gone, given_too_late):
        with suppress(asyncio.CancelledError):
            await task
    await asyncio.wait_for(last, 5)

    assert order == ["last"]
    await asyncio.wait_for(hold("again"), 5)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 4)), max_size=12))
@settings(deadline=None, max_examples=60)
def test_one_at_a_time_whatever_happens(bearers: list[tuple[int, bool, int]]) -> None:
    """However long they hold it and whoever gives up, nobody holds it beside another and all others get it."""

    async def play() -> None:
        lock, holding, had = FairLock[int](lambda key: key), 0, 0

        async def hold(key: int, turns: int) -> None:
            nonlocal holding, had
            async with lock.held(key):
                holding += 1
                assert holding == 1
                try:
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    had += 1
                finally:
                    holding -= 1

        tasks = [asyncio.create_task(hold(key, turns)) for key, _, turns in bearers]
        await asyncio.sleep(0)
        for task, (_, gives_up, _) in zip(tasks, bearers, strict=True):
            if gives_up:
                task.cancel()
            await asyncio.sleep(0)
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
        assert had >= sum(not gives_up for _, gives_up, _ in bearers)
        assert not lock._waiting

    asyncio.run(play())
