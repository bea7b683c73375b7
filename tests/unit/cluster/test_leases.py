"""What is promised of the Lease by which several operators agree on one."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.cluster.api import Api
from probetuner.cluster.leases import DURATION_SECONDS, Lease
from support.leases import BASE, Clock, Server, a_leadership


def _lease(server: Server, identity: str, clock: Clock) -> Lease:
    return Lease(cast("Api", server), BASE, identity=identity, clock=clock)


async def _take(lease: Lease, clock: Clock, at: float) -> bool:
    clock.seconds = at
    return await lease.take(wall=0.0)


async def test_what_an_administrator_wrote_on_it_stays_and_counts() -> None:
    """An annotation survives each renewal and the release, and the holder knows of it after the next look."""
    server, clock = Server(), Clock()
    leadership = a_leadership(server, "first", clock)
    await leadership.win()
    assert not leadership.is_paused()

    assert server.body is not None
    server.version += 1
    said = {"probetuner.dev/paused": "true"}
    server.body["metadata"] |= {"annotations": said, "resourceVersion": str(server.version)}
    await leadership.win()
    await leadership.win()
    assert leadership.is_paused()
    assert server.body["metadata"]["annotations"] == said

    await leadership.release()
    assert server.body["metadata"]["annotations"] == said


async def test_one_holds_it_until_it_is_not_renewed_for_its_duration() -> None:
    """A second one gets it no sooner, and at once then."""
    server, clock, now = Server(), Clock(), 100.0
    first, second = _lease(server, "first", clock), _lease(server, "second", clock)
    assert await _take(first, clock, now)
    assert not await _take(second, clock, now)
    assert await _take(first, clock, now + 5)
    assert not await _take(second, clock, now + 6)

    assert not await _take(second, clock, now + 6 + DURATION_SECONDS - 0.1)
    assert await _take(second, clock, now + 6 + DURATION_SECONDS)

    assert not await _take(first, clock, now + 6 + DURATION_SECONDS)
    assert server.body is not None
    assert server.body["spec"]["leaseTransitions"] == 1


async def test_a_released_one_is_taken_at_once() -> None:
    """Nobody waits for an operator that ended as it was asked to."""
    server, clock = Server(), Clock()
    first, second = _lease(server, "first", clock), _lease(server, "second", clock)
    await _take(first, clock, 100.0)
    assert not await _take(second, clock, 100.5)

    clock.seconds = 101.0
    await first.release(wall=0.0)

    assert await _take(second, clock, 101.5)


async def test_who_does_not_hold_it_cannot_release_it() -> None:
    """A late release takes nothing from the next holder."""
    server, clock = Server(), Clock()
    first, second = _lease(server, "first", clock), _lease(server, "second", clock)
    await _take(first, clock, 100.0)
    await _take(second, clock, 100.0)
    await _take(second, clock, 100.0 + DURATION_SECONDS)

    clock.seconds = 120.0
    await first.release(wall=0.0)

    assert server.body is not None
    assert server.body["spec"]["holderIdentity"] == "second"


async def test_a_slow_answer_shortens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was renewed while the question was on its way is good for its whole duration from the answer on."""
    server, clock = Server(), Clock()
    first, second = a_leadership(server, "first", clock), _lease(server, "second", clock)
    await first.win()

    async def renewed_meanwhile() -> None:
        monkeypatch.undo()
        clock.seconds += 2.9
        await first._try()

    monkeypatch.setattr(server, "pass_on", renewed_meanwhile)
    asked = clock.seconds
    assert not await second.take(wall=0.0)

    assert not await _take(second, clock, asked + DURATION_SECONDS)
    assert first.holds()
    assert await _take(second, clock, asked + 2.9 + DURATION_SECONDS)
    assert not first.holds()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.0, 15.0), st.booleans()), max_size=40))
async def test_two_never_may_write_at_once(steps: list[tuple[str, float, bool]]) -> None:
    """Whoever tries whenever, with the API server away or not, at most one holds it by its own clock."""
    server, clock = Server(), Clock()
    everyone = {name: a_leadership(server, name, clock) for name in "abc"}
    for name, seconds, away in steps:
        clock.seconds += seconds
        server.away = away
        await everyone[name]._try()
        assert sum(one.holds() for one in everyone.values()) <= 1


async def test_a_holder_that_was_held_up_may_not_write() -> None:
    """After a pause of the whole process it stops by its own clock, before it has asked anybody."""
    server, clock = Server(), Clock()
    leadership = a_leadership(server, "first", clock)
    await leadership.win()
    assert leadership.holds()

    clock.seconds += DURATION_SECONDS

    assert not leadership.holds()
