"""Each observer sees what there is for it to see, and nothing else."""

from collections import Counter

import pytest

from gym.fleet import CHEAP, WORK
from gym.manifest import http
from gym.objects import objects_at
from gym.phase import Phase, live
from gym.sight import EPOCH, Sight, facts_seen, histories
from gym.truth import GymCase, Spread, Stopping, Troubles, Truth
from probetuner.facts.fact import (
    ContainerStarted,
    CpuThrottled,
    Fact,
    KillAnnounced,
    NodeDisturbed,
    ProbeCounted,
    ProbeFailed,
    ProbeLatencySampled,
)
from probetuner.history.record import ContainerHistory
from probetuner.model.probe import ProbeType
from probetuner.tuning.recommendation import Probes

HOUR = 3600.0
PROBES = Probes(liveness=http(CHEAP, failure_threshold=2), readiness=http(WORK))
TRUTH = Truth(
    replicas=2,
    glitches=Troubles(per_hour=8, seconds=Spread(median=50)),
    bursts=Troubles(per_hour=4, seconds=Spread(median=60), height=0.8),
    throttled=0.8,
    stopping=Stopping.NOT_HANDLED,
)


@pytest.fixture(scope="module", name="phase")
def _phase() -> Phase:
    return live(GymCase(family="unit", number=0, truth=TRUTH, probes=PROBES), PROBES, seed="1", seconds=HOUR)


def seen(phase: Phase, sight: Sight) -> list[Fact]:
    return [fact for fact in facts_seen(phase, sight) if fact.at <= EPOCH + HOUR]


def remembered(phase: Phase, sight: Sight) -> ContainerHistory:
    (history,) = histories(phase, sight, (HOUR,))
    (container,) = history.containers
    return container


def attempts(facts: list[Fact]) -> Counter[tuple[str, ProbeType]]:
    counts: Counter[tuple[str, ProbeType]] = Counter()
    for fact in facts:
        if isinstance(fact, ProbeCounted):
            counts[fact.pod.uid, fact.probe] += fact.succeeded + fact.failed
    return counts


def test_without_counters_events_and_statuses_stay(phase: Phase) -> None:
    """Nothing that a scrape tells, and all of the rest."""
    counters = (ProbeCounted, ProbeLatencySampled, CpuThrottled)
    assert any(isinstance(fact, CpuThrottled) for fact in seen(phase, Sight.COUNTERS))
    rest = [fact for fact in seen(phase, Sight.COUNTERS) if not isinstance(fact, counters)]
    assert seen(phase, Sight.EVENTS) == rest


@pytest.mark.parametrize(("sight", "every"), [(Sight.SCRAPES_30, 30.0), (Sight.SCRAPES_60, 60.0)])
def test_seldom_scrapes_count_as_much_in_longer_pieces(phase: Phase, sight: Sight, every: float) -> None:
    """The same attempts, told by half a minute or a minute."""
    facts = seen(phase, sight)
    assert attempts(facts) == attempts(seen(phase, Sight.COUNTERS))
    assert {fact.at - fact.since for fact in facts if isinstance(fact, ProbeCounted)} == {every}


def test_who_begins_in_the_middle_saw_nothing_before(phase: Phase) -> None:
    """It has watched for half an hour, and knows of the restarts before only that there were so many."""
    late, whole = remembered(phase, Sight.LATE), remembered(phase, Sight.COUNTERS)
    assert late.first_seen_at == EPOCH + HOUR / 2
    assert len(late.lives) < len(whole.lives)
    assert max(life.restarts for life in late.lives) == max(life.restarts for life in whole.lives)
    assert all(minute.started_at > EPOCH + HOUR / 2 - 60 for minute in late.minutes)


def test_one_look_counts_what_happened_and_knows_no_order(phase: Phase) -> None:
    """Restarts, kills and attempts are those of the hour; of lives only the last two of each pod are shown."""
    facts, look = seen(phase, Sight.COUNTERS), remembered(phase, Sight.LOOK)
    starts = [fact.restarts for fact in facts if isinstance(fact, ContainerStarted)]
    assert max(life.restarts for life in look.lives) == max(starts)
    assert len(look.lives) <= 2 * TRUTH.replicas
    assert look.first_seen_at == look.last_seen_at


def test_a_dump_of_an_hour_later_has_no_events(phase: Phase) -> None:
    """They have expired; restarts and how the last process ended are still there."""
    dump = remembered(phase, Sight.DUMP)
    assert dump.kills == {}
    assert dump.said == {}
    assert dump.rates == ()
    assert dump.runs == ()
    assert [life.exit_code for life in dump.lives if life.ended_at is not None] == [137] * TRUTH.replicas


def test_objects_tell_as_many_events_as_were_sent(phase: Phase) -> None:
    """Each Event carries the count of what was told of it, and the times of the first and the last."""
    facts = seen(phase, Sight.COUNTERS)
    template = {"spec": {"template": {"spec": {"containers": [{"name": "app"}]}}}}
    objects = objects_at(template, facts, until=EPOCH + HOUR, at=EPOCH + HOUR)
    counted = Counter[str]()
    for one in objects:
        counted[one.get("reason", "")] += one.get("count", 0)
    assert counted["Killing"] == len([fact for fact in facts if isinstance(fact, KillAnnounced)]) > 0
    assert counted["Unhealthy"] == sum(fact.count for fact in facts if isinstance(fact, ProbeFailed))


def test_a_lost_node_makes_the_pod_unready_and_not_its_container() -> None:
    """As the node controller does: Ready alone turns (controller/util/node MarkPodsNotReady)."""
    truth = Truth(replicas=1, node_away=Troubles(per_hour=6, seconds=Spread(median=60)))
    phase = live(GymCase(family="unit", number=0, truth=truth, probes=PROBES), PROBES, seed="1", seconds=HOUR)
    facts = seen(phase, Sight.COUNTERS)
    lost_at = next(fact.at for fact in facts if isinstance(fact, NodeDisturbed)) + 10
    template = {"spec": {"template": {"spec": {"containers": [{"name": "app"}]}}}}
    objects = objects_at(template, facts, until=lost_at, at=lost_at)
    (pod,) = (one for one in objects if one["kind"] == "Pod")
    conditions = {one["type"]: one["status"] for one in pod["status"]["conditions"]}
    assert conditions == {"Ready": "False", "ContainersReady": "True"}
    assert pod["status"]["containerStatuses"][0]["ready"] is True
