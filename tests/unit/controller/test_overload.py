"""What is promised of an operator that cannot keep up: it says so, with the value to raise."""

import pytest

from probetuner.change.situation import Announcement
from probetuner.controller.metrics import Metrics
from probetuner.controller.overload import Load, Overload
from support.loops import a_loop


class Bench:
    """An operator that is as far behind as is said, with a clock that is set by hand."""

    def __init__(self) -> None:
        self.load, self.lag, self.now = Load(), 0.0, 0.0
        self.posted: list[Announcement] = []
        self.metrics = Metrics()
        self.overload = Overload(
            lambda: self.load,
            self._post,
            self.metrics,
            requests_per_second=50.0,
            scrape_interval_seconds=10.0,
            clock=lambda: self.now,
            loop=a_loop(),
        )

    async def _post(self, announcement: Announcement) -> None:
        self.posted.append(announcement)

    async def look_for(self, seconds: int) -> None:
        """Look every ten seconds for so long."""
        for _ in range(0, seconds, 10):
            await self.overload.look(self.lag)
            self.now += 10.0


@pytest.mark.parametrize(
    ("load", "lag", "advice"),
    [
        pytest.param(
            Load(look_wait=40.0, request_wait=20.0), 0.0, "raise api.requestsPerSecond, such as to 100", id="api"
        ),
        pytest.param(Load(look_wait=40.0), 0.0, "raise shards", id="looks"),
        pytest.param(Load(), 1.5, "event loop is late by more than 1 s; raise shards", id="loop"),
    ],
)
async def test_what_is_behind_for_a_minute_is_told_once(load: Load, lag: float, advice: str) -> None:
    """A Warning on the operator's own Deployment, with what to set."""
    bench = Bench()
    bench.load, bench.lag = load, lag
    await bench.look_for(50)
    assert bench.posted == []
    await bench.look_for(3600)

    (told,) = bench.posted
    assert (told.reason, told.tone) == ("CannotKeepUp", "Warning")
    assert advice in told.message


async def test_scrapes_that_are_skipped_all_the_time_are_told() -> None:
    """A few are no news; the interval to set is twice the present one."""
    bench = Bench()
    bench.load = Load(skipped=7)
    await bench.look_for(600)
    assert bench.posted == []

    for number in range(8):
        bench.load = Load(skipped=8 + number)
        await bench.look_for(10)

    (told,) = bench.posted
    assert "raise kubelet.scrapeIntervalSeconds, such as to 20" in told.message


async def test_how_far_it_is_behind_is_shown() -> None:
    """As metrics, whether or not it is too far."""
    bench = Bench()
    bench.load, bench.lag = Load(look_wait=3.0), 0.25
    await bench.look_for(10)

    page = bench.metrics.page().decode()
    assert "probetuner_look_wait_seconds 3.0" in page
    assert "probetuner_event_loop_lag_seconds 0.25" in page
    assert bench.posted == []
