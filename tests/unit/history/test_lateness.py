"""Nothing depends on how late something is told: status, events and scrapes reach the operator on their own ways."""

from hypothesis import given, settings
from hypothesis import strategies as st

from probetuner.facts.fact import Fact
from probetuner.history.attribution import RestartCause, attribute
from probetuner.history.record import RunEnding
from support.facts import LIVENESS, entry
from support.kubelet import Story, stories
from support.workloads import LIVENESS as PROBE
from support.workloads import container, workload

quick = settings(max_examples=60)
WEB = workload(container(livenessProbe=PROBE)).containers[0]


def causes(facts: list[Fact]) -> list[RestartCause | None]:
    return [attribute(life, WEB) for life in entry(facts).lives]


@st.composite
def late_stories(draw: st.DrawFn) -> tuple[list[Fact], list[Fact]]:
    """A story in the order in which it happened, and with events and scrapes late by any time."""
    story = draw(stories(lose_announcements=True))
    told = [*story.status, *((at + draw(st.floats(0, 90)), fact) for at, fact in story.events), *_delayed(draw, story)]
    return story.in_order(), [fact for _, fact in sorted(told, key=lambda known: known[0])]


def _delayed(draw: st.DrawFn, story: Story) -> list[tuple[float, Fact]]:
    """The scrapes of one node are read one after the other, so none overtakes another."""
    known, delayed = 0.0, []
    for at, fact in story.scrapes:
        known = max(known, at + draw(st.floats(0, 90)))
        delayed.append((known, fact))
    return delayed


@quick
@given(late_stories())
def test_late_facts_change_no_cause(told: tuple[list[Fact], list[Fact]]) -> None:
    """Who ended each life is the same however late events and scrapes come."""
    in_order, late = told

    assert causes(late) == causes(in_order)


@quick
@given(late_stories())
def test_late_facts_lose_nothing(told: tuple[list[Fact], list[Fact]]) -> None:
    """What was counted is the same however late it comes; at the very second of a restart it may change sides."""
    in_order, late = told

    assert totals(late) == totals(in_order)


def totals(facts: list[Fact]) -> tuple[int, int, int]:
    tallies = [life.tally(LIVENESS) for life in entry(facts).lives]
    return (
        sum(tally.succeeded for tally in tallies),
        sum(tally.failed_by_events for tally in tallies),
        sum(tally.failed_by_counters for tally in tallies),
    )


@quick
@given(stories())
def test_an_announced_kill_and_an_own_exit_code_are_what_they_say(story: Story) -> None:
    """Whatever else was counted: what the kubelet announced was a kill, and what exits with 1 was not."""
    in_order = story.in_order()

    for life, cause in zip(entry(in_order).lives, causes(in_order), strict=True):
        if life.killed_by is not None:
            assert cause is RestartCause.LIVENESS_KILL
        elif life.exit_code == 1:
            assert cause is RestartCause.CRASH


@quick
@given(late_stories())
def test_no_restart_is_taken_for_a_recovery(told: tuple[list[Fact], list[Fact]]) -> None:
    """A run that ended by itself lies within one life, and a success of that life after it."""
    for facts in told:
        seen = entry(facts)
        for run in seen.runs:
            if run.ending is RunEnding.BY_ITSELF and run.ended_at is not None:
                ends = [life.ended_at for life in seen.lives if life.ended_at is not None]
                assert not any(run.last_at + 1 < end < run.ended_at - 10 for end in ends)
