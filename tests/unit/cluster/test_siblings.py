"""What is promised of operators that divide the namespaces: nobody is served by two, whatever number of them begins."""

import asyncio
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from probetuner.cluster.leases import DURATION_SECONDS
from probetuner.controller.leading import Leadership
from probetuner.model.shard import WHOLE, Shard
from support.leases import Clock, Server, a_leadership


class Cluster:
    """Shards of several counts on one API server, each with its own view of the Leases."""

    def __init__(self, *counts: int, server: Server | None = None) -> None:
        self.server, self.clock = server or Server(), Clock()
        shards = [Shard(index, count) for count in counts for index in range(1, count + 1)]
        self.shards = {each: a_leadership(self.server, f"pod-{each}", self.clock, each) for each in shards}

    def of(self, count: int) -> list[Leadership]:
        """The shards of a count, in order."""
        return [one for shard, one in self.shards.items() if shard.count == count]

    def working(self) -> list[str]:
        """The shards that may write now."""
        return [str(shard) for shard, one in self.shards.items() if one.holds()]


async def tried(shards: Iterable[Leadership]) -> list[bool]:
    """Have each look after its Lease once, one after the other; returns who holds it then."""
    return [await one._try() for one in shards]


async def test_shards_of_one_count_work_beside_each_other() -> None:
    """Each by a Lease of its own, and beside them is the one of the whole cluster, which nobody holds."""
    cluster = Cluster(3)

    assert await tried(cluster.of(3)) == [True, True, True]
    assert cluster.server.holders() == {f"probetuner-shard-{number}": f"pod-{number}/3" for number in (1, 2, 3)}
    assert "probetuner" in cluster.server.leases


async def test_a_new_count_begins_when_the_last_of_the_old_one_has_ended() -> None:
    """More or fewer of them, to or from an operator of everything: until then all of the new count stand by."""
    cluster = Cluster(1, 3, 2)
    for before, after in ((1, 3), (3, 2), (2, 1)):
        assert all(await tried(cluster.of(before)))
        for one in cluster.of(before):
            assert not any(await tried(cluster.of(after)))
            await one.release()
        assert all(await tried(cluster.of(after)))
        assert len(cluster.working()) == after
        for one in cluster.of(after):
            await one.release()


async def test_who_vanished_is_waited_for_as_long_as_its_lease_is_good() -> None:
    """A node that is gone gives no Lease back."""
    cluster = Cluster(3, 2)
    await tried(cluster.of(3))
    assert not any(await tried(cluster.of(2)))

    cluster.clock.seconds += DURATION_SECONDS - 0.5
    assert not any(await tried(cluster.of(2)))
    cluster.clock.seconds += 0.5
    assert all(await tried(cluster.of(2)))


async def test_who_was_cut_off_does_not_go_on_beside_a_new_count() -> None:
    """Nobody took its own Lease meanwhile, so that alone does not tell it."""
    cluster = Cluster(3, 2)
    await tried(cluster.of(3))
    third = cluster.of(3)[2]
    await tried(cluster.of(2))
    cluster.clock.seconds += DURATION_SECONDS
    assert all(await tried(cluster.of(2)))

    assert not await third._try()

    assert cluster.working() == ["1/2", "2/2"]


async def test_who_finds_its_lease_deleted_does_not_go_on_beside_a_new_count() -> None:
    """Whoever deletes the Leases of those who work lets others begin: then the first give way."""
    cluster = Cluster(3, 2)
    await tried(cluster.of(3))
    cluster.server.leases.clear()
    assert all(await tried(cluster.of(2)))

    assert not any(await tried(cluster.of(3)))

    assert cluster.working() == ["1/2", "2/2"]


async def test_who_was_cut_off_goes_on_where_nobody_else_began() -> None:
    """An API server that was away for a minute ends no shard."""
    cluster = Cluster(3)
    await tried(cluster.of(3))
    cluster.server.away = True
    cluster.clock.seconds += 60.0
    assert not any(await tried(cluster.of(3)))
    assert cluster.working() == []

    cluster.server.away = False

    assert all(await tried(cluster.of(3)))


async def test_one_annotation_pauses_all_shards_of_any_count() -> None:
    """It stands on the Lease of the whole cluster, and a new number of shards does not lift it."""
    cluster = Cluster(3, 2)
    await tried(cluster.of(3))
    assert not any(one.is_paused() for one in cluster.of(3))

    metadata = cluster.server.leases["probetuner"]["metadata"]
    metadata["annotations"] = {"probetuner.dev/paused": "true"}
    await tried(cluster.of(3))
    assert all(one.is_paused() for one in cluster.of(3))

    for one in cluster.of(3):
        await one.release()
    await tried(cluster.of(2))
    assert all(one.is_paused() for one in cluster.of(2))
    del metadata["annotations"]
    await tried(cluster.of(2))
    assert not any(one.is_paused() for one in cluster.of(2))


async def test_leases_of_others_are_nobodys_rivals() -> None:
    """Another release may have named its own Lease alike, and kube-system has more of them."""
    cluster = Cluster(2)
    other = a_leadership(cluster.server, "other", cluster.clock, WHOLE)
    assert await other._try()
    for name in ("probetuner-shop", "probetuner-shard-two", "kube-scheduler"):
        cluster.server.leases[name] = {**cluster.server.leases["probetuner"], "metadata": {"name": name}}
        cluster.server.leases[name]["metadata"]["resourceVersion"] = "7"
    await other.release()

    assert all(await tried(cluster.of(2)))


class Slow(Server):
    """Requests and answers wait until they are let in, in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[asyncio.Event] = []

    async def pass_on(self) -> None:
        """Wait to be let in."""
        turn = asyncio.Event()
        self.waiting.append(turn)
        await turn.wait()

    def let_in(self, number: int) -> None:
        """Let one of those who wait go on."""
        if self.waiting:
            self.waiting.pop(number % len(self.waiting)).set()


async def _settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def _let_through(server: Slow, task: "asyncio.Task[bool]") -> bool:
    """Let in who came last, until that is done: whoever waits already goes on waiting."""
    await _settle()
    while not task.done():
        server.let_in(-1)
        await _settle()
    return task.result()


async def test_a_renewal_that_took_too_long_gives_way() -> None:
    """It was on its way when the Lease was good, and arrives after a new count has begun."""
    server = Slow()
    cluster = Cluster(1, 2, server=server)
    old, new = cluster.of(1)[0], cluster.of(2)[0]
    assert await _let_through(server, asyncio.create_task(old._try()))
    assert not await _let_through(server, asyncio.create_task(new._try()))
    cluster.clock.seconds += 7.0
    renewal = asyncio.create_task(old._try())
    await _settle()
    cluster.clock.seconds += 3.0
    assert await _let_through(server, asyncio.create_task(new._try()))

    assert not await _let_through(server, renewal)

    assert cluster.working() == ["1/2"]


LET_IN = st.tuples(st.just("let in"), st.integers(0, 3), st.just(0.0))
STEPS = st.one_of(
    *[LET_IN] * 6,
    st.tuples(st.just("try"), st.integers(0, 2), st.just(0.0)),
    st.tuples(st.just("wait"), st.just(0), st.floats(0.0, 12.0)),
)


@given(st.lists(STEPS, max_size=20), st.lists(LET_IN, max_size=60))
async def test_two_of_different_counts_never_may_write_at_once(
    before: list[tuple[str, int, float]], after: list[tuple[str, int, float]]
) -> None:
    """Whoever tries whenever, however long each request and each answer is on its way."""
    server = Slow()
    cluster = Cluster(1, 2, server=server)
    everyone = list(cluster.shards.values())
    under_way: dict[int, asyncio.Task[bool]] = {}
    everybody_tries = [("try", number, 0.0) for number in range(len(everyone))]
    for what, number, seconds in [*everybody_tries, *before, *everybody_tries, *after]:
        cluster.clock.seconds += seconds
        if what == "let in":
            server.let_in(number)
        elif what == "try" and (number not in under_way or under_way[number].done()):
            under_way[number] = asyncio.create_task(everyone[number]._try())
        await _settle()
        assert len({name.partition("/")[2] for name in cluster.working()}) <= 1
    while any(not task.done() for task in under_way.values()):
        server.let_in(0)
        await _settle()
        assert len({name.partition("/")[2] for name in cluster.working()}) <= 1
