"""What is true of a simulated workload: how it starts, serves and gets stuck. Nobody but the oracle knows it."""

import math
from dataclasses import dataclass
from enum import StrEnum

from probetuner.tuning.recommendation import Probes


class Shape(StrEnum):
    """How a random quantity is distributed around its median.

    Of a heavy-tailed one, one value in ten is a Pareto variate of index 1.5 times as long, between twice and ten times:
    tails of durations are that heavy (Crovella and Bestavros, IEEE/ACM ToN 1997). A bimodal one has two kinds, as minor
    and full collections of a garbage collector: seven of ten take 0.6 times the median, the others three times.
    """

    LOGNORMAL = "lognormal"
    HEAVY_TAILED = "heavy-tailed"
    BIMODAL = "bimodal"


class Stopping(StrEnum):
    """What SIGTERM does to a process.

    `AT_ONCE`: one that works stops at once, one that hangs or is not up never hears it. `DRAINS`: the same, but one
    that works answers what waits in its queue first (Go's http.Server.Shutdown, gunicorn, Spring's graceful shutdown).
    `NOT_HANDLED`: process 1 of its container has no handler, so the kernel drops the signal (signal(7), node.js).
    `HUNG_TOO`: a signal handler lives on beside the workers (Go, JVM hooks, gunicorn's arbiter): all stop at once.
    """

    AT_ONCE = "ends at once"
    DRAINS = "drains its queue"
    NOT_HANDLED = "no handler as PID 1"
    HUNG_TOO = "a hung one stops at once too"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A positive random quantity: its median, the standard deviation of its logarithm, and its shape.

    A `sigma` of zero is a constant.
    """

    median: float
    sigma: float = 0.0
    shape: Shape = Shape.LOGNORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """Things that come and go: how many an hour, how long each lasts in seconds; `height` is what it means for each."""

    per_hour: float = 0.0
    seconds: Spread = Spread(median=60.0)
    height: float = 1.0


_NONE = Troubles()


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A workload.

    `start` is from the process's start until it serves; until then nobody listens, or with `silent_start` nobody
    answers. A request takes `service` seconds on one of `servers`. `load` is the share of the replicas' full capacity
    that is asked for, `bursts` are times with `height` instead, by users who give up after `patience_seconds`, or with
    `closed` by as many waiting clients as make a queue of `height` seconds at full capacity.
    `glitches` strike a replica, `shared_glitches` all at once: nothing is answered, and it passes. `lockup_seconds` is
    the mean time from a start until the process is stuck for good, `crash_seconds` until it ends by itself, by the
    kernel's hand in a share `oom` of the cases. `outages` are of something that is called: the path `/db` answers 500
    meanwhile, or with `hanging` nothing. `throttled` is the share of speed that is left under a burst by a CPU limit.
    `node_away` is trouble of the node. `stop_seconds` is what a process that works needs to stop, `stopping` what makes
    it stop, `exit_code` how it ends when it was asked to. One that drains closes its listener at once, or with
    `keeps_listening` goes on with all that comes until the rush is over.
    """

    replicas: int = 3
    start: Spread = Spread(median=0.3)
    silent_start: bool = False
    servers: int = 1
    service: Spread = Spread(median=0.05, sigma=0.3)
    load: float = 0.3
    bursts: Troubles = _NONE
    closed: bool = False
    patience_seconds: float = 10.0
    glitches: Troubles = _NONE
    shared_glitches: Troubles = _NONE
    lockup_seconds: float = math.inf
    crash_seconds: float = math.inf
    oom: float = 0.0
    outages: Troubles = _NONE
    hanging: bool = False
    throttled: float = 1.0
    node_away: Troubles = _NONE
    stopping: Stopping = Stopping.AT_ONCE
    stop_seconds: float = 0.5
    keeps_listening: bool = False
    exit_code: int = 143
    grace_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GymCase:
    """A workload and the probes that it has at present. `healthy` says that nothing about them should be changed."""

    family: str
    number: int
    truth: Truth
    probes: Probes
    healthy: bool = False

    @property
    def name(self) -> str:
        """The family and the number within it."""
        return f"{self.family}-{self.number}"
