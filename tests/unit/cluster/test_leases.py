"""What is promised of the Lease by which several operators agree on one."""

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from probetuner.cluster.api import Api
from probetuner.cluster.leases import DURATION_SECONDS, Lease
from support.leases import BASE, Clock, Server, a_leadership


def _lease(server: Server, identity: str) -> Lease:
    return Lease(cast("Api", server), BASE, identity=identity)


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
    server, now = Server(), 100.0
    first, second = _lease(server, "first"), _lease(server, "second")
    assert await first.take(now=now, wall=0.0)
    assert not await second.take(now=now, wall=0.0)
    assert await first.take(now=now + 5, wall=0.0)
    assert not await second.take(now=now + 6, wall=0.0)

    assert not await second.take(now=now + 6 + DURATION_SECONDS - 0.1, wall=0.0)
    assert await second.take(now=now + 6 + DURATION_SECONDS, wall=0.0)

    assert not await first.take(now=now + 6 + DURATION_SECONDS, wall=0.0)
    assert server.body is not None
    assert server.body["spec"]["leaseTransitions"] == 1


async def test_a_released_one_is_taken_at_once() -> None:
    """Nobody waits for an operator that ended as it was asked to."""
    server = Server()
    first, second = _lease(server, "first"), _lease(server, "second")
    await first.take(now=100.0, wall=0.0)
    assert not await second.take(now=100.5, wall=0.0)

    await first.release(now=101.0, wall=0.0)

    assert await second.take(now=101.5, wall=0.0)


async def test_who_does_not_hold_it_cannot_release_it() -> None:
    """A late release takes nothing from the next holder."""
    server = Server()
    first, second = _lease(server, "first"), _lease(server, "second")
    await first.take(now=100.0, wall=0.0)
    await second.take(now=100.0, wall=0.0)
    await second.take(now=100.0 + DURATION_SECONDS, wall=0.0)

    await first.release(now=120.0, wall=0.0)

    assert server.body is not None
    assert server.body["spec"]["holderIdentity"] == "second"


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
