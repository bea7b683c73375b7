"""A Redis of one replica with liveness and readiness: what stalls cost its clients, with and without readiness."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.change import wait_for_change, wait_for_verdict
from demo.cluster import Cluster, DemoError
from demo.observation import Observation
from demo.stage import Stage
from demo.workloads import SECURITY, container_basics
from lab import LabError

WORKLOAD = "redis"
STALL_SECONDS = 6
_ASK_SECONDS = 16
_REST_SECONDS, _MOST_STALLS = 20, 8
_HANGS_SECONDS = 120
_PORT = 6379
_PING = {"exec": {"command": ["redis-cli", "ping"]}}
_MODE = "probetuner.dev/mode"
_PROGRAM = Path(__file__).parent / "apps" / "asking.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a client fared that asked four times a second while Redis stalled; `slowest` is in seconds."""

    answered: int
    failed: int
    slowest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisOutcome:
    """The clients before and after, what probetuner did, and how a hang of minutes ended with liveness alone.

    `stalls` is how many there were when readiness was taken away.
    """

    before: Asked
    after: Asked
    stalls: int
    probes: frozenset[str]
    verdict: str
    reason: str
    restarts_of_stall: int
    restarts_of_hang: int
    seconds_to_answer: float


def play(stage: Stage) -> RedisOutcome:
    """Play the story on that stage. Raises DemoError when something that has to come does not."""
    old = stage.set_up(_documents(stage.cluster))
    _wait_until_it_answers(stage)
    before = _ask_through_a_stall(stage, name="before")
    stalls = _stall_until_changed(stage, old=old)
    wait_for_change(stage, old=old)
    verdict = wait_for_verdict(stage)
    _wait_until_it_answers(stage)
    after = _ask_through_a_stall(stage, name="after")
    stalled = _restarts(stage)
    began = time.monotonic()
    _sleep(stage, _HANGS_SECONDS)
    stage.until(lambda _: _restarts(stage) > stalled or None, what="the restart of a Redis that hangs", seconds=90)
    _wait_until_it_answers(stage)
    return RedisOutcome(
        before=before,
        after=after,
        stalls=stalls,
        probes=frozenset(stage.look().probes),
        verdict=str(verdict["verdict"]),
        reason=str(verdict.get("reason", "")),
        restarts_of_stall=stalled,
        restarts_of_hang=_restarts(stage) - stalled,
        seconds_to_answer=time.monotonic() - began,
    )


def _documents(cluster: Cluster) -> Iterator[dict[str, Any]]:
    labels = {"app": WORKLOAD}
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "asking"},
        "data": {"ask.py": _PROGRAM.read_text()},
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": WORKLOAD},
        "spec": {"selector": labels, "ports": [{"port": _PORT}]},
    }
    container = {
        "name": "redis",
        "command": ["redis-server", "--save", "", "--enable-debug-command", "local", "--protected-mode", "no"],
        "ports": [{"containerPort": _PORT}],
        "startupProbe": {**_PING, "periodSeconds": 2, "timeoutSeconds": 2, "failureThreshold": 30},
        "livenessProbe": {**_PING, "periodSeconds": 4, "timeoutSeconds": 8},
        "readinessProbe": {**_PING, "periodSeconds": 2, "timeoutSeconds": 1, "failureThreshold": 1},
        **container_basics(cluster),
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": WORKLOAD, "annotations": {_MODE: "Apply"}},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {**_pod(), "containers": [container]}},
        },
    }


def _pod() -> dict[str, Any]:
    return {
        "terminationGracePeriodSeconds": 2,
        "automountServiceAccountToken": False,
        "dnsPolicy": "Default",
        "securityContext": SECURITY,
    }


def _deployment(stage: Stage) -> tuple[str, str]:
    return f"deployment/{stage.workload}", f"--namespace={stage.namespace}"


def _sleep(stage: Stage, seconds: int) -> None:
    """Let Redis do nothing for that long; the command that asks for it is not waited for."""
    script = f"redis-cli debug sleep {seconds} >/dev/null 2>&1 &"
    stage.cluster.kubectl("exec", *_deployment(stage), "--", "sh", "-c", script)


def _stall_until_changed(stage: Stage, *, old: str) -> int:
    """Let Redis stall again and again until its Deployment is changed; returns how many stalls there were by then.

    The first was before. In each liveness asks in time to be answered late. Raises DemoError without a change.
    """
    for stalls in range(2, _MOST_STALLS + 1):
        _sleep(stage, STALL_SECONDS)
        if _is_changed_in_rest(stage, old=old):
            return stalls
    raise DemoError(f"redis: {_MOST_STALLS} stalls led to no change")


def _is_changed_in_rest(stage: Stage, *, old: str) -> bool:
    over = time.monotonic() + STALL_SECONDS + _REST_SECONDS

    def changed(now: Observation) -> bool | None:
        return now.template != old or (None if time.monotonic() < over else False)

    return stage.until(changed, what="a change, or the next stall", seconds=2 * (STALL_SECONDS + _REST_SECONDS))


def _wait_until_it_answers(stage: Stage) -> None:
    stage.until(lambda _: _answers(stage) or None, what="Redis to answer", seconds=60)


def _answers(stage: Stage) -> bool:
    try:
        return "PONG" in stage.cluster.kubectl("exec", *_deployment(stage), "--", "timeout", "3", "redis-cli", "ping")
    except LabError:
        return False


def _ask_through_a_stall(stage: Stage, *, name: str) -> Asked:
    """Let a client ask at the Service's address while Redis stalls for a few seconds, and read its report."""
    address = stage.cluster.get(f"service/{WORKLOAD}", f"--namespace={stage.namespace}")["spec"]["clusterIP"]
    command = ["python3", "/app/ask.py", address, str(_PORT), str(_ASK_SECONDS)]
    container = {"name": "asking", "command": command, "volumeMounts": [{"name": "app", "mountPath": "/app"}]}
    spec = {
        **_pod(),
        "restartPolicy": "Never",
        "containers": [{**container, **container_basics(stage.cluster)}],
        "volumes": [{"name": "app", "configMap": {"name": "asking"}}],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    stage.cluster.apply([pod], namespace=stage.namespace)
    logs = ("logs", name, f"--namespace={stage.namespace}")
    stage.until(lambda _: _said(stage, logs, "asking"), what="the client", seconds=60)
    _sleep(stage, STALL_SECONDS)
    stage.until(lambda _: _has_ended(stage, name) or None, what="the client's end", seconds=90)
    report = json.loads(stage.cluster.kubectl(*logs).splitlines()[-1])
    return Asked(answered=report["answered"], failed=report["failed"], slowest=report["slowest"])


def _has_ended(stage: Stage, pod: str) -> bool:
    found = stage.cluster.get(f"pod/{pod}", f"--namespace={stage.namespace}")
    return found.get("status", {}).get("phase") in ("Succeeded", "Failed")


def _said(stage: Stage, logs: tuple[str, ...], word: str) -> bool | None:
    try:
        return word in stage.cluster.kubectl(*logs) or None
    except LabError:
        return None


def _restarts(stage: Stage) -> int:
    return sum(pod.restarts for pod in stage.look().pods)
