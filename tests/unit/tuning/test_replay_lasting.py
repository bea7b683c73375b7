"""Attempts that can only repeat the one before are left out of a replay, and nothing else is."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from probetuner.facts.fact import FailureCause
from probetuner.model.probe import HttpGet, Probe, ProbeType
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.answer import REFUSED, UNKNOWN, Answer, Verdict
from probetuner.tuning.replay.container import Circumstances
from probetuner.tuning.replay.outcome import Outcome
from probetuner.tuning.replay.recorded import LifeSignal, PodSignal, Recorded
from probetuner.tuning.replay.running import run

BEGAN_AT, UNTIL = 1_700_000_000.0, 1_700_002_000.0
PROMPT = Answer(at_most_seconds=0.1)
ANSWERS = (
    PROMPT,
    REFUSED,
    UNKNOWN,
    Answer(at_least_seconds=30.0, at_most_seconds=math.inf, cause=FailureCause.TIMEOUT),
    Answer(at_most_seconds=4.0),
    Answer(at_least_seconds=math.e, at_most_seconds=math.e),
)

numbers = st.integers(1, 8)
probes = st.builds(
    Probe,
    handler=st.just(HttpGet(port=8080)),
    initial_delay_seconds=st.integers(0, 20),
    period_seconds=numbers,
    timeout_seconds=numbers,
    failure_threshold=st.integers(1, 5) | st.integers(6, 100),
)
cells = st.lists(st.tuples(st.floats(1, 400), st.sampled_from(ANSWERS)), max_size=6).map(
    lambda found: ((0.0, PROMPT), *sorted(found, key=lambda cell: cell[0]))
)
lives = st.builds(
    LifeSignal,
    until_seconds=st.floats(100, 1500),
    exits_seconds=st.none() | st.floats(20, 400),
    stop_seconds=st.sampled_from((0.5, 8.0, math.inf)),
    cells=st.fixed_dictionaries(dict.fromkeys(ProbeType, cells)),
)
settings = st.builds(
    Probes,
    liveness=st.none() | probes,
    readiness=st.none() | probes.map(lambda probe: replace(probe, success_threshold=2)),
    startup=st.none() | probes,
)


def replay(signal: PodSignal, asked: Probes, unknown_as: Verdict, lead: float, *, leave_out: bool) -> Outcome:
    recorded = Recorded(signal)
    return run(
        probes=asked,
        application=recorded,
        circumstances=Circumstances(lead_seconds=lead, unknown_as=unknown_as),
        began_at=signal.began_at,
        until=signal.until,
        lasting=recorded if leave_out else None,
    )


def told(outcome: Outcome) -> object:
    """What came of it, to the millisecond: a phase that is added up otherwise is the same."""
    return (
        [(round(at, 3), ready) for at, ready in outcome.ready],
        [(round(life.started_at, 3), life.killed_by, round(life.ended_at or 0.0, 3)) for life in outcome.lives],
        [(round(wait.at, 3), round(wait.seconds, 3)) for wait in outcome.waits],
        {(kind, verdict): outcome.counted(kind, verdict) for kind in ProbeType for verdict in Verdict},
    )


@pytest.mark.slow
@examples(max_examples=300)
@given(
    signals=st.lists(lives, min_size=1, max_size=3),
    asked=settings,
    unknown_as=st.sampled_from((Verdict.OK, Verdict.FAILED)),
    lead=st.floats(0.1, 9),
)
def test_what_is_left_out_changes_nothing(
    signals: list[LifeSignal], asked: Probes, unknown_as: Verdict, lead: float
) -> None:
    """Whatever is answered, with whatever probes: lives, kills, readiness and back-offs are the same."""
    signal = PodSignal(began_at=BEGAN_AT, until=UNTIL, lead_seconds=None, lives=tuple(signals))

    whole, short = (replay(signal, asked, unknown_as, lead, leave_out=leave_out) for leave_out in (False, True))

    assert told(short) == told(whole)
    assert len(short.attempts) <= len(whole.attempts)


slow_probes = st.builds(
    lambda period, longer, failures: Probe(
        handler=HttpGet(port=8080), period_seconds=period, timeout_seconds=period + longer, failure_threshold=failures
    ),
    numbers,
    st.integers(0, 20),
    st.integers(1, 50),
)


@pytest.mark.slow
@given(
    signals=st.lists(lives, min_size=1, max_size=2),
    probe=slow_probes,
    unknown_as=st.sampled_from((Verdict.OK, Verdict.FAILED)),
    lead=st.floats(0.1, 9),
)
def test_attempts_that_take_as_long_as_the_period_are_left_out_too(
    signals: list[LifeSignal], probe: Probe, unknown_as: Verdict, lead: float
) -> None:
    """Where the next attempt begins as the last one times out the same comes of it, from few attempts a cell."""
    signal = PodSignal(began_at=BEGAN_AT, until=UNTIL, lead_seconds=None, lives=tuple(signals))
    asked = Probes(liveness=probe, readiness=replace(probe, failure_threshold=1))

    whole, short = (replay(signal, asked, unknown_as, lead, leave_out=leave_out) for leave_out in (False, True))

    known = sum(1 + len(cells) for life in signals for cells in life.cells.values())
    assert told(short) == told(whole)
    assert len(short.attempts) <= 20 * (known + len(short.lives))


def test_a_quiet_month_takes_no_longer_than_an_hour() -> None:
    """The number of attempts does not grow with the time in which nothing changes."""
    quiet = LifeSignal(until_seconds=30 * 86400.0, cells=dict.fromkeys(ProbeType, ((0.0, PROMPT),)))
    signal = PodSignal(began_at=BEGAN_AT, until=BEGAN_AT + 30 * 86400.0, lead_seconds=None, lives=(quiet,))
    probe = Probe(handler=HttpGet(port=8080))

    outcome = replay(signal, Probes(liveness=probe, readiness=probe, startup=probe), Verdict.OK, 1.0, leave_out=True)

    assert len(outcome.attempts) <= 10
    assert [ready for _, ready in outcome.ready] == [True]
