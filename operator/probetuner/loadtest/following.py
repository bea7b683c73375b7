"""Which liveness probes waited in the queue that the load made, and from which load on they would kill."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from probetuner.loadtest.impact import ProbeKey
from probetuner.loadtest.judge import Knee
from probetuner.model.probe import HttpGet, Probe, ProbeType


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A liveness probe that asks what the load asked, and how many requests at a time make its answers too late."""

    key: ProbeKey
    probe: Probe
    concurrency: float


def followers_of(urls: Sequence[str], knee: Knee | None, probes: Mapping[ProbeKey, Probe]) -> Iterator[Follower]:
    """The liveness probes that ask for a path of these addresses, where the load went beyond the knee.

    Beyond it requests wait for each other, the probe's among them. By Little's law as many are under way as are
    answered per second, times what an answer takes: with so many that this is the timeout, half of the attempts are too
    late, and with fewer where they are not spread evenly.
    """
    if knee is None or not knee.reached:
        return
    paths = {urlsplit(url).path or "/" for url in urls}
    for key, probe in sorted(probes.items()):
        asked = probe.handler
        if key.probe is ProbeType.LIVENESS and isinstance(asked, HttpGet) and urlsplit(asked.path).path in paths:
            yield Follower(key=key, probe=probe, concurrency=knee.answered_per_second * probe.timeout_seconds)
