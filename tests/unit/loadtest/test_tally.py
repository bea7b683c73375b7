"""Counting requests: percentiles, causes, and when too many fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.loadtest.figures import LONGEST_LINE, Ending, Figures, Latency, Line, LineError, read_line, write_line
from probetuner.loadtest.tally import ErrorShare, Tally, latency_of

LATENCIES = st.floats(0.0, 60.0)


@given(st.lists(LATENCIES, min_size=1))
def test_a_percentile_is_a_latency_that_so_many_did_not_exceed(latencies: list[float]) -> None:
    """Each percentile was measured; at least that share is not above it, and less than that share is below it."""
    found = latency_of(latencies)

    assert found is not None
    for share, value in ((0.5, found.p50), (0.9, found.p90), (0.99, found.p99), (1.0, found.most)):
        assert value in latencies
        assert sum(latency <= value for latency in latencies) >= share * len(latencies) - 1e-9
        assert sum(latency < value for latency in latencies) < share * len(latencies)


def test_without_answers_there_is_no_latency() -> None:
    """A refused request is a quick one, and says nothing of how long answers take."""
    tally = Tally(step=0, concurrency=1, began_at=0.0)
    tally.fail("refused")
    tally.fail("status-503")
    tally.fail("status-503")

    figures = tally.figures(at=2.0)

    assert figures.latency is None
    assert (figures.answered, figures.failures, figures.failed) == (0, 3, {"refused": 1, "status-503": 2})


@given(outcomes=st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), max_size=200), share=st.floats(0.0, 1.0))
def test_the_share_is_of_the_last_five_seconds(outcomes: list[tuple[float, bool]], share: float) -> None:
    """However the requests came, it is exceeded just when more than that share of the last seconds' failed."""
    found, at = ErrorShare(), 0.0
    ended: list[tuple[float, bool]] = []
    for pause, failed in outcomes:
        at += pause
        ended.append((at, failed))
        found.count(at=at, failed=failed)

    recent = [failed for when, failed in ended if when >= at - 5.0]
    assert found.exceeds(share) == (len(recent) >= 20 and sum(recent) > share * len(recent))


def test_a_share_of_one_is_never_exceeded() -> None:
    """Whoever asks for 1 goes on however many requests fail."""
    share = ErrorShare()
    for second in range(100):
        share.count(at=second / 100, failed=True)

    assert share.exceeds(0.99)
    assert not share.exceeds(1.0)


@given(
    answered=st.integers(0, 10**6),
    failed=st.dictionaries(st.sampled_from(["refused", "reset", "status-500"]), st.integers(1, 10**6)),
    median=st.none() | LATENCIES,
    ended=st.none() | st.sampled_from(list(Ending)),
)
def test_a_line_is_read_as_it_was_written(
    answered: int, failed: dict[str, int], median: float | None, ended: Ending | None
) -> None:
    """Figures survive their way through the pod's log."""
    latency = None if median is None else Latency(p50=median, p90=median, p99=median, most=median)
    figures = Figures(
        step=1, concurrency=5, began_at=1.5, at=3.25, answered=answered, failed=failed, latency=latency, cpu_seconds=0.1
    )
    line = Line(figures=figures, ended=ended)

    assert line == read_line(write_line(line))


@given(st.text() | st.binary().map(repr) | st.just("x" * (LONGEST_LINE + 1)))
def test_other_text_is_no_line(text: str) -> None:
    """Whatever else a container prints ends in one error, and never in another."""
    with pytest.raises(LineError):
        read_line(text)
