"""What is promised of the division of namespaces among operators."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.model.shard import WHOLE, Shard

NAMESPACES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
COUNTS = st.integers(1, 100)


def shards(count: int) -> list[Shard]:
    return [Shard(index, count) for index in range(1, count + 1)]


@given(NAMESPACES, COUNTS)
def test_each_namespace_is_in_exactly_one_shard(namespace: str, count: int) -> None:
    """Nobody is left out, and nobody is served twice."""
    assert sum(shard.covers(namespace) for shard in shards(count)) == 1


@pytest.mark.parametrize(
    ("namespace", "indexes"),
    [("default", (2, 2, 5)), ("kube-system", (2, 2, 5)), ("shop", (2, 2, 1)), ("web", (2, 1, 1))],
)
def test_where_a_namespace_is_never_changes(namespace: str, indexes: tuple[int, int, int]) -> None:
    """Operators of different versions work beside each other during an upgrade, and must agree."""
    found = tuple(next(shard.index for shard in shards(count) if shard.covers(namespace)) for count in (2, 3, 5))

    assert found == indexes


@pytest.mark.parametrize("name", ["team-{}", "{}", "ns-{:05}", "review-app-{}-of-the-shop"])
@pytest.mark.parametrize("count", [2, 3, 5, 10, 16])
def test_namespaces_are_spread_evenly(name: str, count: int) -> None:
    """Of 2,000 names, however alike, no shard has a quarter more than its share."""
    names = [name.format(number) for number in range(2000)]
    most = max(Counter(shard for each in names for shard in shards(count) if shard.covers(each)).values())

    assert most <= 1.25 * len(names) / count


@given(st.integers(0, 1000), COUNTS)
def test_the_parts_of_a_limit_add_up_to_it(limit: int, count: int) -> None:
    """All shards together have what one operator of the whole cluster would, as evenly as may be."""
    parts = [shard.part_of(limit) for shard in shards(count)]

    assert sum(parts) == limit
    assert max(parts) - min(parts) <= 1


@given(NAMESPACES)
def test_one_of_one_is_everything(namespace: str) -> None:
    """An operator that is not divided serves whoever there is."""
    assert WHOLE.covers(namespace)
    assert (Shard.parse("1/1"), str(WHOLE)) == (WHOLE, "1/1")


@pytest.mark.parametrize(
    "text", ["", "2", "0/3", "4/3", "2/0", "-1/2", "1/2/3", "a/b", " 1/2", "1/100000", "\u0662/\u0665"]
)
def test_what_is_no_shard_is_answered_with_the_form(text: str) -> None:
    """The sentence has an example."""
    with pytest.raises(ValueError, match="write INDEX/COUNT, such as 2/5"):
        Shard.parse(text)
