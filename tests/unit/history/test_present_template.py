"""Which template is the present one: that of the newest pod, and after a rollout that was given up, the one before."""

from collections.abc import Iterator

import pytest

from probetuner.facts.fact import Fact, PodRef
from probetuner.history.record import WorkloadHistory
from support.facts import CONTAINER, counted, ending, exited, pod, remember, started
from support.stage import Stage
from support.stories import killed_under_load

OLD = (pod("web-a"), pod("web-b"))
NEW = (pod("web-c", template="new"), pod("web-d", template="new"))


def present(history: WorkloadHistory, *, replaced: bool = True) -> str | None:
    """The template that is judged; `replaced` is whether the workload says that no pod of another one is left."""
    entry = history.latest(CONTAINER, replaced=replaced)
    return None if entry is None else entry.template_hash


def running(*pods: PodRef, since: float, until: float) -> Iterator[Fact]:
    """Pods that start, if they are new, and are counted every ten seconds."""
    for of in pods:
        yield started(since, of=of)
        yield from (counted(at, at + 10, ok=1, of=of) for at in range(int(since), int(until), 10))


def rolling(*, until: float = 200) -> list[Fact]:
    """The old pods go on, since the new ones do not come up."""
    return [*running(*OLD, since=0, until=until), *running(*NEW, since=100, until=150)]


def test_the_newest_pod_tells() -> None:
    """While pods of both are there it is a rollout, and the newer template is judged."""
    assert present(remember(rolling())) == "new"


@pytest.mark.parametrize("before", [[], [exited(140, of=NEW[0]), exited(140, of=NEW[1])]], ids=["running", "crashed"])
def test_a_rollout_that_is_undone_leads_back(before: list[Fact]) -> None:
    """Its pods are deleted, also in a back-off, and none is made: the pods that were there all the time are judged."""
    gone = [*before, *(ending(150, of=of) for of in NEW)]

    assert present(remember([*rolling(until=170), *gone])) == "new"
    assert present(remember([*rolling(until=190), *gone])) == "old"


def test_a_rollout_whose_pods_are_waited_for_goes_on() -> None:
    """Its only pods were evicted, and the next ones find no node for minutes: the old pods are still the old ones."""
    told = [*rolling(until=600), *(ending(150, of=of) for of in NEW)]

    assert present(remember(told), replaced=False) == "new"


def test_one_pod_of_the_rollout_that_is_left_is_enough() -> None:
    """It goes on, with a pod less for the moment."""
    assert present(remember([*rolling(until=400), ending(150, of=NEW[0])])) == "new"


def test_pods_that_were_last_heard_of_before_do_not_come_back() -> None:
    """Nobody saw the old ones go, and the new ones are deleted: what is made next is of the same template."""
    history = remember([*running(*OLD, since=0, until=100), *running(*NEW, since=100, until=150)])

    assert present(remember((ending(150, of=of) for of in NEW), history)) == "new"


def test_no_template_comes_back_whose_pods_have_gone() -> None:
    """A workload that is scaled to zero has no pods at all; the newest template stays the present one."""
    told = [*rolling(), *(ending(150, of=of) for of in NEW), *(ending(199, of=of) for of in OLD)]

    assert present(remember(told)) == "new"


def test_kills_after_a_rollout_was_undone_are_acted_upon() -> None:
    """`kubectl rollout undo` of one that is stuck makes no pod, and who stayed is killed for its probe."""
    rollout: list[Fact] = [*(started(20, of=of) for of in NEW), *(ending(40, of=of) for of in NEW)]
    stage = Stage(history=remember([*rollout, *killed_under_load(OLD)]))

    stage.turn()

    assert stage.condition("RecommendationReady")["status"] == "True"
    assert len(stage.sent) == 1
