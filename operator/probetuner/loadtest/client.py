"""The client that sends a load, in a pod of its own: GET requests, each on a new connection, so many at a time.

A new connection each time is what the kubelet's probes make too, and what spreads a load over a Service's pods:
kube-proxy chooses a pod per connection.
"""

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from itertools import cycle
from typing import Any

import aiohttp

from probetuner.loadtest.figures import Ending, Failure, Figures, Line
from probetuner.loadtest.plan import Plan
from probetuner.loadtest.tally import ErrorShare, Tally

_SECONDS_BETWEEN_LINES = 1.0
_PAUSE_SECONDS = 0.1
"""After a failure, so that a service without a backend is not flooded by clients that are refused at once."""

_OWN_LIMITS = frozenset({errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS})


class Client:
    """Sends a load and emits lines about it. `stop` ends it early, and every step with it."""

    def __init__(self, plan: Plan, emit: Callable[[Line], None]) -> None:
        self._plan, self._emit = plan, emit
        self._urls = cycle(plan.urls)
        self._shares = ErrorShare()
        self._ending: Ending | None = None
        self._stopped = asyncio.Event()

    def stop(self, ending: Ending = Ending.STOPPED) -> None:
        """End the load now."""
        self._ending = self._ending or ending
        self._stopped.set()

    async def run(self) -> Ending:
        """Send all steps, one after the other, and say how they ended."""
        async with _session(self._plan) as session:
            for number, concurrency in enumerate(self._plan.concurrency):
                if not self._stopped.is_set():
                    await self._step(session, number, concurrency)
        ending = self._ending or Ending.COMPLETE
        self._emit(Line(ended=ending))
        return ending

    async def _step(self, session: aiohttp.ClientSession, number: int, concurrency: int) -> None:
        step = _Step(Tally(step=number, concurrency=concurrency, began_at=time.time()), left=self._plan.requests)
        running: list[asyncio.Future[Any]] = [
            asyncio.gather(*(self._send(session, step) for _ in range(concurrency))),
            asyncio.create_task(self._tell(step)),
            asyncio.create_task(self._stopped.wait()),
        ]
        await asyncio.wait(running, timeout=self._plan.seconds, return_when=asyncio.FIRST_COMPLETED)
        figures = step.figures()
        for task in running:
            task.cancel()
        for outcome in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        self._emit(Line(figures=figures))

    async def _tell(self, step: "_Step") -> None:
        while True:
            self._emit(Line(figures=step.figures()))
            await asyncio.sleep(_SECONDS_BETWEEN_LINES)

    async def _send(self, session: aiohttp.ClientSession, step: "_Step") -> None:
        while step.left > 0:
            step.left -= 1
            step.under_way += 1
            began = time.perf_counter()
            cause = await _request(session, next(self._urls))
            ended = time.perf_counter()
            step.under_way -= 1
            if cause is None:
                step.tally.answer(ended - began)
            else:
                step.tally.fail(cause)
            self._shares.count(at=ended, failed=cause is not None)
            if self._shares.exceeds(self._plan.abort_error_share):
                self.stop(Ending.ERROR_SHARE)
            if cause is not None:
                await asyncio.sleep(_PAUSE_SECONDS)


class _Step:
    """A step under way."""

    def __init__(self, tally: Tally, *, left: int) -> None:
        self.tally, self.left, self.under_way = tally, left, 0
        self._cpu = time.process_time()

    def figures(self) -> Figures:
        used = time.process_time() - self._cpu
        return self.tally.figures(at=time.time(), unfinished=self.under_way, cpu_seconds=used)


@asynccontextmanager
async def _session(plan: Plan) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        timeout=aiohttp.ClientTimeout(total=plan.timeout_seconds),
        headers={"User-Agent": "probetuner-loadtest"},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        yield session


async def _request(session: aiohttp.ClientSession, url: str) -> str | None:
    """Ask, read the whole answer, and return why that failed, or None when it did not. Redirects are not followed."""
    try:
        async with session.get(url, allow_redirects=False) as answer:
            async for _ in answer.content.iter_any():
                pass
            if answer.status >= HTTPStatus.BAD_REQUEST:
                return f"{Failure.STATUS}-{answer.status}"
            return None
    except TimeoutError:
        return Failure.TIMEOUT
    except OSError as problem:
        return _cause_of(problem)
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError):
        return Failure.RESET
    except aiohttp.ClientError:
        return Failure.OTHER


def _cause_of(problem: OSError) -> Failure:
    with suppress(KeyError):
        return _CAUSES[problem.errno or 0]
    return Failure.CLIENT if problem.errno in _OWN_LIMITS else Failure.OTHER


_CAUSES = {
    errno.ECONNREFUSED: Failure.REFUSED,
    errno.ECONNRESET: Failure.RESET,
    errno.EPIPE: Failure.RESET,
    errno.ECONNABORTED: Failure.RESET,
    errno.ETIMEDOUT: Failure.TIMEOUT,
}
