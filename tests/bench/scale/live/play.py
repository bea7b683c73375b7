"""A fleet in a real API server under both programs: calm, then a storm, and what it cost."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.scale.fleet import Fleet
from bench.scale.kubelets import Kubelets, kubelets
from bench.scale.live.client import Loader
from bench.scale.live.objects import define, populate, serve_metrics, tell
from bench.scale.live.programs import Program, programs
from bench.scale.live.recommender import DEFINITIONS, recommender
from bench.scale.live.requests import requests_by_verb
from bench.scale.live.server import Server, api_server
from bench.scale.live.sight import Sight

START, CALM, STORM = "start", "calm", "storm"
_MINUTE = 60.0
_STORM_AFTER_SECONDS, _STORM_SECONDS = 80.0, 180.0
"""How much later than the calm minute the first kills come, whose first failures are 20 s earlier; and how long what
they cost is counted."""
_SETTLE_SECONDS = 20.0
"""From when all is created to the start of the programs: until the API server passes on the metrics API."""
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What a program used from one time to another: CPU seconds a minute, and how many requests of each verb."""

    cpu: float
    requests: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What was measured of one program. `first` has when each object first had a status, in seconds since the start."""

    stretches: Mapping[str, Stretch]
    first: Sequence[float]
    peak_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Both programs. Of ours also seconds until it was ready and from first failures to advice, and what it missed."""

    ours: Side
    theirs: Side
    ready_seconds: float
    advised_after: Sequence[float]
    unadvised: int
    skipped_scrapes: int


def play(fleet: Fleet, folder: Path, *, calm_at: float) -> Played:
    """Play it, with all that is kept of it in that folder; the calm minute begins so many seconds after the start."""
    with api_server(folder) as server, kubelets(fleet.nodes, pki=server.pki) as served:
        return asyncio.run(_play(fleet, server, served, calm_at=calm_at))


async def _play(fleet: Fleet, server: Server, served: Kubelets, *, calm_at: float) -> Played:
    async with Loader(server) as loader:
        await define(loader, recommender() / DEFINITIONS)
        fleet = await populate(loader, replace(fleet, began=time.time()), served.ports)
        began = time.time() + _SETTLE_SECONDS
        stretches = _stretches(began, calm_at)
        fleet = replace(fleet, storm_at=stretches[STORM][0] - fleet.began)
        served.serve(fleet)
        await serve_metrics(loader, served.metrics_port)
        sight = Sight()
        async with asyncio.TaskGroup() as group:
            parts = (sight.watch_policies(loader), sight.watch_autoscalers(loader), _storm(loader, fleet))
            beside = [group.create_task(part) for part in parts]
            await _until(began)
            played = await _measured(fleet, server, sight, stretches)
            for task in beside:
                task.cancel()
        return played


def _stretches(began: float, calm_at: float) -> dict[str, tuple[float, float]]:
    """When each stretch begins and ends, in epoch seconds, where the programs begin at *began*."""
    calm = began + calm_at
    storm = calm + _STORM_AFTER_SECONDS
    return {START: (began, began + _MINUTE), CALM: (calm, calm + _MINUTE), STORM: (storm, storm + _STORM_SECONDS)}


async def _storm(loader: Loader, fleet: Fleet) -> None:
    async with asyncio.TaskGroup() as group:
        for when, raw in fleet.story():
            await _until(when)
            group.create_task(tell(loader, raw))


async def _measured(fleet: Fleet, server: Server, sight: Sight, stretches: Mapping[str, tuple[float, float]]) -> Played:
    began = stretches[START][0]
    with programs(server) as both:
        ours, theirs = both
        ready_at, used = await asyncio.gather(
            asyncio.to_thread(_ready_at, ours, stretches[CALM][0]), _used(both, stretches)
        )
        peaks = {program: program.peak_mib() for program in both}
        skipped = await asyncio.to_thread(ours.metric, "probetuner_skipped_scrapes_total")
    log = server.audit.read_text().splitlines()

    def side(program: Program, first: Mapping[str, float]) -> Side:
        return Side(
            stretches={
                name: Stretch(
                    cpu=used[name][program] / (ends - begins) * _MINUTE,
                    requests=requests_by_verb(log, program.user, since=begins, until=ends),
                )
                for name, (begins, ends) in stretches.items()
            },
            first=[at - began for at in first.values()],
            peak_mib=peaks[program],
        )

    advised_after, unadvised = fleet.advised_after(sight.advised)
    return Played(
        ours=side(ours, sight.policies),
        theirs=side(theirs, sight.autoscalers),
        ready_seconds=ready_at - began,
        advised_after=advised_after,
        unadvised=unadvised,
        skipped_scrapes=int(skipped),
    )


def _ready_at(program: Program, until: float) -> float:
    """When it first said that it is ready; the last time that it was asked where it did not."""
    while time.time() < until and not program.page("/readyz"):
        time.sleep(_LOOK_SECONDS)
    return time.time()


async def _used(
    programs: Sequence[Program], stretches: Mapping[str, tuple[float, float]]
) -> dict[str, dict[Program, float]]:
    """Seconds of CPU that each program used in each stretch."""
    used = {}
    for name, (begins, ends) in stretches.items():
        await _until(begins)
        before = {program: program.cpu_seconds() for program in programs}
        await _until(ends)
        used[name] = {program: program.cpu_seconds() - before[program] for program in programs}
    return used


async def _until(when: float) -> None:
    await asyncio.sleep(max(0.0, when - time.time()))
