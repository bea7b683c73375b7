"""Where the operator is told to ask no kubelet."""

import asyncio
import itertools
from contextlib import suppress
from typing import Any, cast

import pytest

from probetuner.change.counters import counters_of
from probetuner.controller import scraping
from probetuner.controller.metrics import Metrics
from probetuner.controller.scraping import Scraper
from probetuner.controller.serving import Following
from probetuner.sources.kubelet import KubeletAddress, KubeletError, Kubelets
from support.loops import a_loop


class Unasked:
    """Kubelets that note who asks them."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def read(self, *arguments: Any) -> None:
        """Note it, and fail."""
        self.asked.append(arguments)
        raise KubeletError("Nobody is there.")


@pytest.mark.slow
async def test_no_kubelet_is_asked_and_the_option_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no fault: no scrape has failed, and the condition says by which option there are no counters."""
    monkeypatch.setattr(scraping, "_LOOK_SECONDS", 0.01)
    kubelets, metrics = Unasked(), Metrics()
    following = Following(since=0.0, changed=lambda *_: None, loop=a_loop())
    monkeypatch.setattr(following, "nodes", lambda: {"n1"})

    async def scraped(*, asks: bool) -> Scraper:
        """A scraper after some turns, in each of which a node was there to be asked."""
        turns = itertools.count()
        scraper = Scraper(
            following,
            cast("Kubelets", kubelets),
            metrics,
            interval_seconds=0.01,
            clock=lambda: 0.0,
            loop=a_loop(clock=lambda: float(next(turns))),
            asks=asks,
        )
        scraper.addresses["n1"] = KubeletAddress(node="n1", host="127.0.0.1", port=1)
        task = asyncio.create_task(scraper.run())
        async with asyncio.timeout(10):
            while next(turns) < 100:  # noqa: ASYNC110 - nobody tells of a turn
                await asyncio.sleep(0.01)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return scraper

    told = counters_of((await scraped(asks=False)).counters({"n1"}))

    assert kubelets.asked == []
    assert b"probetuner_kubelet_scrape_errors_total 0.0" in metrics.page()
    assert (told.available, told.reason) == (False, "KubeletsNotAsked")
    assert "--kubelet-source=none" in told.message

    await scraped(asks=True)

    assert kubelets.asked
