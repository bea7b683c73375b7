"""What is promised of the pace of requests."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.cluster.pacing import RequestPace


class Time:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.seconds += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time that `asyncio.sleep` lets pass."""
    time = Time()
    monkeypatch.setattr(asyncio, "sleep", time.sleep)
    return time


@given(
    per_second=st.floats(0.5, 100.0),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0.0, 20.0), min_size=1, max_size=100),
)
async def test_no_span_of_time_has_more_requests_than_allowed(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    """Between any two requests there are never more than the burst and what the time between them allows."""
    time = Time()
    pace = RequestPace(per_second=per_second, burst=burst, clock=time, waited=time.waits.append)
    sent = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(asyncio, "sleep", time.sleep)
        for pause in pauses:
            time.seconds += pause
            await pace.turn()
            sent.append(time.seconds)

    for first, start in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= burst + 1 + (sent[last] - start) * per_second + 1e-6
    assert len(time.waits) == len(pauses)


async def test_a_burst_goes_at_once_and_the_rest_follows_at_the_pace(time: Time) -> None:
    """What is within the burst waits for nothing."""
    pace = RequestPace(per_second=10.0, burst=5, clock=time, waited=time.waits.append)

    for _ in range(15):
        await pace.turn()

    assert time.waits[:5] == pytest.approx([0.0] * 5)
    assert time.seconds - 1000.0 == pytest.approx(1.0)


async def test_a_long_wait_is_told_once_a_minute(time: Time, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the log learns that requests wait, and is not flooded with it."""
    pace = RequestPace(per_second=0.5, burst=1, clock=time, waited=time.waits.append)

    with caplog.at_level("WARNING"):
        for _ in range(31):
            await pace.turn()

    assert sum(wait > 0 for wait in time.waits) == 30
