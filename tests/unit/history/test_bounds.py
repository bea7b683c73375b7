"""A history stays small whatever comes, and a template that fell out of it stays out."""

import random
from collections.abc import Iterator

import pytest

from probetuner.facts.fact import (
    BackOff,
    CpuThrottled,
    Fact,
    FailureCause,
    NodeDisturbed,
    PodRef,
    ProbeErrored,
    ProbeLatencySampled,
    ProcessesCounted,
)
from probetuner.history import bounds, codec
from probetuner.history.fold import observe
from probetuner.history.record import ContainerHistory, WorkloadHistory
from probetuner.model.probe import ProbeType
from support.facts import (
    CONTAINER,
    T0,
    counted,
    ending,
    entry,
    exited,
    failed,
    killed,
    pod,
    ready,
    remember,
    started,
    startup_done,
    unready,
)
from support.trials import tried

FACTS = 10_000


def anything(seed: int) -> Iterator[Fact]:
    """Facts of all kinds about many pods and templates, in no order, with no regard to what can be."""
    chance = random.Random(seed)
    for _ in range(FACTS):
        of = pod(f"web-{chance.randrange(60)}", template=f"t{chance.randrange(7)}")
        at, probe = chance.uniform(0, 20_000), chance.choice(list(ProbeType))
        since, restarts = at - chance.uniform(0, 30), chance.randrange(80)
        yield chance.choice(
            (
                started(at, restarts=restarts, of=of),
                exited(at, restarts=restarts, code=chance.choice((0, 1, 137, 143)), of=of),
                failed(at, probe=probe, cause=chance.choice(list(FailureCause)), count=chance.randrange(1, 99), of=of),
                failed(at, probe=probe, count=9, since=at - 99, said=f"{chance.random()} " * 99, of=of),
                counted(since, at, ok=chance.randrange(9), bad=chance.randrange(9), probe=probe, of=of),
                killed(at, probe=chance.choice((ProbeType.LIVENESS, ProbeType.STARTUP)), of=of),
                ready(at, by_probe=chance.random() < 0.5, of=of),
                unready(at, by_probe=chance.random() < 0.5, of=of),
                startup_done(at, of=of),
                ending(at, reason="x" * chance.randrange(9), of=of),
                *_of_the_node(at, of, probe),
            )
        )


def _of_the_node(at: float, of: PodRef, probe: ProbeType) -> tuple[Fact, ...]:
    return (
        ProbeErrored(at=T0 + at, pod=of, container=CONTAINER, probe=probe, message="e" * 500),
        ProbeLatencySampled(at=T0 + at, pod=of, container=CONTAINER, probe=probe, counts=(1,) * 12),
        CpuThrottled(at=T0 + at, pod=of, container=CONTAINER, periods=100, throttled=50),
        ProcessesCounted(at=T0 + at, pod=of, container=CONTAINER, processes=1, threads=5),
        NodeDisturbed(at=T0 + at, pod=of, container=CONTAINER, reason="NodeNotReady"),
        tried(at, f"httpGet :80/{probe}-{int(at) % 40}", out=(f"s{int(at) % 9}",), of=of),
        BackOff(at=T0 + at, pod=of, container=CONTAINER, seconds=40.0),
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_ten_thousand_facts_of_any_kind_fit(seed: int) -> None:
    """Nothing grows past its bound, and what is left can be saved in less than 64 KiB and read again."""
    history = remember(anything(seed))

    assert len(history.containers) == bounds.TEMPLATES
    for kept in history.containers:
        assert_bounded(kept)
    saved = codec.encode(history)
    assert len(saved.encode()) < 64 * 1024
    assert codec.decode(saved, version=codec.VERSION).containers


def assert_bounded(kept: ContainerHistory) -> None:
    assert len(kept.lives) <= bounds.LIVES
    assert len(kept.early) <= bounds.EARLY_LIVES
    assert len(kept.runs) <= bounds.RUNS
    assert len(kept.unready) <= bounds.UNREADY_SPELLS
    assert len(kept.minutes) <= bounds.MINUTES
    assert len(kept.disturbances) <= bounds.DISTURBANCES
    assert len(kept.tasks) <= bounds.TASK_SERIES
    assert all(len(series) <= bounds.TASK_SAMPLES for series in kept.tasks.values())
    assert all(len(text) <= bounds.ERROR_CHARACTERS for text in kept.errors.values())
    assert len(kept.rates) <= bounds.RATES
    said = [one for of_probe in kept.said.values() for one in of_probe.values()]
    assert all(len(one.words) <= bounds.SAID_CHARACTERS for one in said)
    assert len(kept.trials) <= bounds.ENDPOINTS
    for trial in kept.trials.values():
        assert len(trial.waiting) <= bounds.WAITING_ATTEMPTS
        assert len(trial.troubles) <= bounds.TROUBLES
        assert len(trial.services) <= bounds.SERVICES
    for life in (*kept.lives, *kept.early):
        assert all(len(tally.uncounted) <= bounds.UNCOUNTED for tally in life.tallies.values())


def templates(history: WorkloadHistory) -> list[str]:
    return sorted(kept.template_hash for kept in history.containers)


def test_the_template_not_heard_of_for_longest_is_forgotten() -> None:
    """Only the latest templates are kept."""
    history = remember(started(n, of=pod(f"p{n}", template=f"t{n}")) for n in range(bounds.TEMPLATES + 2))

    assert templates(history) == [f"t{n}" for n in range(2, bounds.TEMPLATES + 2)]


def test_a_late_fact_does_not_bring_a_forgotten_template_back() -> None:
    """What is told of a template that was forgotten pushes no other out."""
    history = remember(started(n, of=pod(f"p{n}", template=f"t{n}")) for n in range(bounds.TEMPLATES + 1))

    assert templates(observe(history, failed(0.5, of=pod("p0", template="t0")))) == templates(history)


def test_new_container_names_do_not_add_up() -> None:
    """A workload that renames its container with every change is bounded too."""
    facts = (started(n, of=pod(f"p{n}", template=f"t{n}")) for n in range(bounds.CONTAINERS + 9))
    named = (type(fact)(at=fact.at, pod=fact.pod, container=f"c{n}", restarts=0) for n, fact in enumerate(facts))

    assert len(remember(named).containers) == bounds.CONTAINERS


def test_the_present_template_is_the_one_of_the_newest_pod() -> None:
    """A rollback leads back to a template that was seen first long ago."""
    old, new = pod("a", template="old"), pod("b", template="new")
    history = remember([started(0, of=old), started(100, of=new), started(200, of=pod("c", template="old"))])
    restarted = observe(history, started(300, restarts=1, of=new))

    assert history.latest(CONTAINER, replaced=True) is history.containers[0]
    assert restarted.latest(CONTAINER, replaced=True) == history.containers[0]


def test_a_fact_that_says_nothing_new_changes_nothing() -> None:
    """The very same history comes back, so that nothing is saved for it."""
    history = remember([started(0), counted(0, 10, ok=1), ready(12)])

    assert observe(history, started(0)) is history
    assert observe(history, counted(0, 10, ok=1)) is history
    assert observe(history, ready(12)) is history
    assert observe(history, BackOff(at=T0 + 5, pod=pod(), container=CONTAINER, seconds=None)) is history


def test_a_disturbance_is_noted_once() -> None:
    """A node is told of for each look at it; the note is one."""
    lost = NodeDisturbed(at=T0 + 5, pod=pod(), container=CONTAINER, reason="NodeNotReady")
    later = NodeDisturbed(at=T0 + 50, pod=pod(), container=CONTAINER, reason="NodeNotReady")

    assert [note.at for note in entry([started(0), lost, lost, later]).disturbances] == [T0 + 5, T0 + 50]


def test_the_newest_scrape_is_known() -> None:
    """Since when there are counters, and until when, is told by the newest of them."""
    assert remember([started(0), counted(10, 20, ok=1), counted(0, 10, ok=1)]).counters_at == T0 + 20


def test_what_is_observed_has_a_beginning_and_an_end() -> None:
    """The time that was watched runs from the first to the last fact, in whatever order they come."""
    kept = entry([started(50), failed(20), failed(90), failed(60)])

    assert (kept.first_seen_at, kept.last_seen_at) == (T0 + 20, T0 + 90)


def test_what_objects_tell_of_the_past_is_no_time_watched() -> None:
    """Whoever comes to a container that is old has watched it since then, and not for as long as it runs."""
    told: list[Fact] = [started(0), ready(3), started(5_000, of=pod("b", template="new")), failed(5_200)]
    kept = remember(told, WorkloadHistory(watched_since=T0 + 5_100)).containers

    assert [(one.first_seen_at - T0, one.last_seen_at - T0) for one in kept] == [(5_100, 5_200), (5_100, 5_100)]
