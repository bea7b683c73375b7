"""Redis with an exec probe that leaks, once for each leak and each cure; and what must not be mistaken for that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from demo.cluster import Cluster
from demo.workloads import SECURITY, container_basics

PERIOD_SECONDS = 3
REDIS = ("redis-server", "--save", "")
LEAKS = {
    "background": "redis-cli ping; sleep 2 >/dev/null 2>&1 & exit 0",
    "timeout": "[ $(( $(date +%s) % 24 )) -lt 4 ] || sleep 2 >/dev/null 2>&1; redis-cli ping",
    "within": "(sleep 0.2 >/dev/null 2>&1 &); sleep 0.5; redis-cli ping",
}
"""The script of the probe; `timeout` is slow for 20 s of every 24, and the others never."""

CURES = ("ShareProcessNamespace", "TiniInit", "TiniWrapper")
CANNOT_WORK = (("background", "TiniWrapper"), ("timeout", "TiniWrapper"))
SINGLE, THREADS = "single", "threads"
_POOL = """
import random, threading, time
for _ in range(60):
    time.sleep(random.expovariate(0.35))
    threading.Thread(target=time.sleep, args=(9999,)).start()
time.sleep(9999)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treated:
    """A Redis with that leak, which probetuner may give that cure; None is a Redis that is only observed."""

    leak: str
    cure: str | None

    @property
    def name(self) -> str:
        """The name of its Deployment."""
        return f"{self.leak}-{(self.cure or 'none').lower()}"

    @property
    def probe(self) -> tuple[str, ...]:
        """The command of its probe."""
        return ("sh", "-c", LEAKS[self.leak])

    @property
    def can_work(self) -> bool:
        """Whether probetuner should expect the cure to reach this leak."""
        return self.cure is not None and (self.leak, self.cure) not in CANNOT_WORK


TREATED = tuple(Treated(leak=leak, cure=cure) for leak in LEAKS for cure in (None, *CURES))


def documents(cluster: Cluster) -> Iterator[dict[str, Any]]:
    """Everything that plays, and the policies that say what may be done about it."""
    for case in TREATED:
        yield deployment(cluster, case.name, command=REDIS, probe=case.probe, mode="Apply" if case.cure else "Observe")
        if case.cure:
            yield _policy(case)
    yield deployment(cluster, SINGLE, command=REDIS, probe=("redis-cli", "ping"), mode="Observe")
    yield deployment(cluster, THREADS, command=("python3", "-c", _POOL), probe=("sh", "-c", "test -d /tmp; true"))


def deployment(
    cluster: Cluster, name: str, *, command: Sequence[str], probe: Sequence[str], mode: str = "Apply"
) -> dict[str, Any]:
    """A Deployment of one replica; the threshold of its probe is out of reach, so that nothing but it leaks."""
    slow = probe[-1] == LEAKS["timeout"]
    asked = {
        "exec": {"command": list(probe)},
        "periodSeconds": PERIOD_SECONDS,
        "timeoutSeconds": 1 if slow else PERIOD_SECONDS,
        "failureThreshold": 1000,
    }
    container = {"name": "main", "command": list(command), "livenessProbe": asked, **container_basics(cluster)}
    pod = {
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "dnsPolicy": "Default",
        "securityContext": SECURITY,
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "annotations": {"probetuner.dev/mode": mode}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        },
    }


def _policy(case: Treated) -> dict[str, Any]:
    return {
        "apiVersion": "probetuner.dev/v1alpha1",
        "kind": "ProbePolicy",
        "metadata": {"name": case.name},
        "spec": {
            "targetRef": {"kind": "Deployment", "name": case.name},
            "mode": "Apply",
            "allow": ["Reaper"],
            "reaper": {"strategy": case.cure},
            "apply": {"cooldownSeconds": 600, "verifySeconds": 300},
        },
    }
