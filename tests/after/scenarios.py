"""The scenarios of trouble: what runs, how it is probed, and who asks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WINDOW_SECONDS = 300
"""While users ask. Long enough for several kills in each scenario, which take half a minute each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Phases of so many users for so many seconds, each of whom wants to ask once in a period."""

    plan: tuple[tuple[int, int], ...]
    period_seconds: float

    @property
    def arguments(self) -> list[str]:
        """What `apps/load.py` takes after the URL."""
        return [str(self.period_seconds), *(f"{users}x{seconds}" for users, seconds in self.plan)]


STEADY = Load(plan=((4, WINDOW_SECONDS),), period_seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A Deployment in trouble under load.

    `program` is a module of `apps` with its arguments, `beside` one that it depends on, whose URL is then its last
    argument. `kills_cure` says that the process does get stuck for good: more kills are then no harm by themselves,
    since each of them ends an outage, and are shown only.
    """

    name: str
    story: str
    program: tuple[str, ...]
    probes: Mapping[str, Any]
    replicas: int = 2
    grace_seconds: int = 5
    load: Load = STEADY
    beside: tuple[str, ...] = ()
    kills_cure: bool = False


def _asks(path: str, **numbers: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "http"}, **numbers}


_HEALTHZ = "/healthz"
_SLOW_CHECK = ["python3", "-c", "import random, time; time.sleep(random.uniform(0.7, 1.2))"]

SCENARIOS = (
    Scenario(
        name="pressure",
        story="one thread, 0.1 s a request; liveness waits in the queue of 40 users",
        program=("busy",),
        probes={"livenessProbe": _asks("/1")},
        load=Load(plan=((2, 30), (40, 100), (2, 40), (40, 100), (2, 30)), period_seconds=0.5),
    ),
    Scenario(
        name="slow-start",
        story="needs 45 s before it listens; liveness gives it 30 s",
        program=("slow_start",),
        probes={"livenessProbe": _asks("/"), "readinessProbe": _asks("/")},
    ),
    Scenario(
        name="deadlock",
        story="two locks in two orders, taken by liveness too; every life gets stuck for good",
        program=("deadlock",),
        probes={
            "livenessProbe": _asks(_HEALTHZ, initialDelaySeconds=5, periodSeconds=5),
            "readinessProbe": _asks(_HEALTHZ, periodSeconds=5, failureThreshold=2),
        },
        grace_seconds=10,
        kills_cure=True,
    ),
    Scenario(
        name="pauses",
        story="an event loop blocked for 2 to 6 s now and then; process 1 ignores SIGTERM",
        program=("pauses",),
        probes={
            "livenessProbe": _asks(_HEALTHZ, periodSeconds=4, failureThreshold=2),
            "readinessProbe": _asks(_HEALTHZ, periodSeconds=4, failureThreshold=2),
        },
        grace_seconds=30,
    ),
    Scenario(
        name="slow-command",
        story="an exec probe whose command takes 0.7 to 1.2 s, with a timeout of 1 s; nothing else is wrong",
        program=("healthy",),
        probes={
            "livenessProbe": {"exec": {"command": _SLOW_CHECK}, "periodSeconds": 5},
            "readinessProbe": {"exec": {"command": _SLOW_CHECK}, "periodSeconds": 10, "timeoutSeconds": 15},
        },
    ),
    Scenario(
        name="reloads",
        story="answers 503 for 8 to 22 s while it reloads, then serves again; liveness and readiness ask the same",
        program=("reloads",),
        probes={
            "livenessProbe": _asks(_HEALTHZ, initialDelaySeconds=5, periodSeconds=5, timeoutSeconds=2),
            "readinessProbe": _asks(_HEALTHZ, periodSeconds=5, timeoutSeconds=2),
        },
    ),
    Scenario(
        name="dependency-answers",
        story="liveness asks another Service, which answers 503 for 90 s; users are served from memory",
        program=("orders",),
        probes={"livenessProbe": _asks("/health", periodSeconds=5, timeoutSeconds=2)},
        replicas=3,
        beside=("ledger", "answers"),
    ),
    Scenario(
        name="dependency-hangs",
        story="liveness asks another Service, which hangs for 90 s; readiness is local",
        program=("orders",),
        probes={
            "livenessProbe": _asks("/health", periodSeconds=5, timeoutSeconds=2),
            "readinessProbe": _asks("/ready", periodSeconds=5, timeoutSeconds=2),
        },
        replicas=3,
        beside=("ledger", "hangs"),
    ),
    Scenario(
        name="slow-tail",
        story="three of ten answers take 1.3 s; readiness waits for 1 s, once",
        program=("slow_tail",),
        probes={
            "livenessProbe": {"tcpSocket": {"port": "http"}},
            "readinessProbe": _asks(_HEALTHZ, periodSeconds=2, failureThreshold=1),
        },
    ),
    Scenario(
        name="lock-up",
        story="every life gets stuck for good after 60 to 90 s; there is no liveness probe",
        program=("lockup",),
        probes={"readinessProbe": _asks(_HEALTHZ, periodSeconds=5)},
        kills_cure=True,
    ),
    Scenario(
        name="pool-answers",
        story="two workers and four places to wait; what finds none, probes too, is answered 502 or 504",
        program=("pool", "answers"),
        probes={
            "livenessProbe": _asks(_HEALTHZ, initialDelaySeconds=5, periodSeconds=5, timeoutSeconds=5),
            "readinessProbe": _asks(_HEALTHZ, periodSeconds=5, timeoutSeconds=5),
        },
        load=Load(plan=((2, 30), (16, 100), (2, 40), (16, 100), (2, 30)), period_seconds=1),
    ),
    Scenario(
        name="pool-resets",
        story="eight connections; more, probes too, are closed without an answer",
        program=("pool", "resets"),
        probes={
            "livenessProbe": _asks(_HEALTHZ, initialDelaySeconds=5, periodSeconds=5, timeoutSeconds=5),
            "readinessProbe": _asks(_HEALTHZ, periodSeconds=5, timeoutSeconds=5),
        },
        load=Load(plan=((2, 30), (28, 100), (2, 40), (28, 100), (2, 30)), period_seconds=1),
    ),
)
