"""Single replicas without trouble in mode Apply: after ten minutes with light traffic each must be as it was made."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.cluster import Cluster
from demo.stage import Stage
from demo.workloads import SECURITY, container_basics, documents
from lab import LabError

HERE = Path(__file__).parent
NAME, WORKLOAD = "unharmed", "shop"
KINDS = {"redis": "StatefulSet", "ledger": "StatefulSet", "shop": "Deployment"}
WATCHED_SECONDS = 600
KEPT = 5000
_SECONDS_TO_READY = 120
_VISITORS = "visitors"
_KEYS = f"seq {KEPT} | sed 's/.*/SET key:& &/' | redis-cli | grep -c OK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A workload of one replica as it is; `kept` is how much it has in memory, `policy` the status of its policy."""

    generation: int
    managers: frozenset[str]
    pod: str
    restarts: int
    kept: int
    policy: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unharmed:
    """Each workload as it was once it was ready and after the time; and how its users fared meanwhile."""

    before: Mapping[str, Standing]
    after: Mapping[str, Standing]
    answered: int
    failed: tuple[str, ...]


def play(stage: Stage) -> Unharmed:
    """Play the story on that stage. Raises DemoError when something that has to come does not."""
    stage.set_up(documents(NAME, stage.cluster, folder=HERE))
    stage.until(lambda _: _all_ready(stage) or None, what="all three to be ready", seconds=_SECONDS_TO_READY)
    _exec(stage, "redis", "sh", "-c", _KEYS)
    for ledger in ("ledger", "shop"):
        _exec(stage, ledger, "python3", "/app/unharmed.py", "fill", str(KEPT))
    before = {name: _standing(stage, name) for name in KINDS}
    stage.cluster.apply([_visitors(stage)], namespace=stage.namespace)
    began = time.monotonic()
    stage.until(
        lambda _: time.monotonic() - began >= WATCHED_SECONDS or None,
        what="ten minutes to pass",
        seconds=WATCHED_SECONDS + 60,
    )
    visits = stage.until(lambda _: _report(stage), what="the visitors' report", seconds=60)
    return Unharmed(
        before=before,
        after={name: _standing(stage, name) for name in KINDS},
        answered=visits["answered"],
        failed=tuple(visits["failed"]),
    )


def _all_ready(stage: Stage) -> bool:
    pods = [_pod(stage, name) for name in KINDS]
    statuses = [status for pod in pods for status in pod.get("status", {}).get("containerStatuses", [])]
    return len(statuses) == len(KINDS) and all(status["ready"] for status in statuses)


def _standing(stage: Stage, name: str) -> Standing:
    workload = stage.cluster.get(f"{KINDS[name]}/{name}", _where(stage), "--show-managed-fields")
    policy = stage.cluster.get("probepolicy", f"{KINDS[name].lower()}-{name}", _where(stage), "--ignore-not-found")
    pod = _pod(stage, name)
    return Standing(
        generation=workload["metadata"]["generation"],
        managers=frozenset(fields["manager"] for fields in workload["metadata"]["managedFields"]),
        pod=pod["metadata"]["uid"],
        restarts=sum(status["restartCount"] for status in pod["status"]["containerStatuses"]),
        kept=_kept(stage, name),
        policy=policy.get("status", {}),
    )


def _pod(stage: Stage, name: str) -> Mapping[str, Any]:
    pods = stage.cluster.get("pods", _where(stage), f"--selector=app={name}")["items"]
    found: Mapping[str, Any] = pods[0] if pods else {}
    return found


def _kept(stage: Stage, name: str) -> int:
    if name == "redis":
        return int(_exec(stage, name, "redis-cli", "dbsize"))
    return int(_exec(stage, name, "python3", "/app/unharmed.py", "fill", "0"))


def _exec(stage: Stage, name: str, *command: str) -> str:
    return stage.cluster.kubectl("exec", f"{KINDS[name].lower()}/{name}", _where(stage), "--", *command)


def _visitors(stage: Stage) -> Mapping[str, Any]:
    redis, *ledgers = (_address(stage.cluster, stage, name) for name in KINDS)
    command = ["python3", "/app/unharmed.py", "visit", str(WATCHED_SECONDS), ",".join(ledgers), redis]
    container = {"name": _VISITORS, "command": command, "volumeMounts": [{"name": "app", "mountPath": "/app"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _VISITORS},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "dnsPolicy": "Default",
            "securityContext": SECURITY,
            "containers": [{**container, **container_basics(stage.cluster)}],
            "volumes": [{"name": "app", "configMap": {"name": "app"}}],
        },
    }


def _address(cluster: Cluster, stage: Stage, service: str) -> str:
    found: str = cluster.get(f"service/{service}", _where(stage))["spec"]["clusterIP"]
    return found


def _report(stage: Stage) -> Any:
    """What the visitors say in the end, None before that."""
    try:
        *_, last = stage.cluster.kubectl("logs", _VISITORS, _where(stage)).splitlines()
    except (LabError, ValueError):
        return None  # not there yet, or nothing said yet
    return json.loads(last) if last.startswith("{") else None


def _where(stage: Stage) -> str:
    return f"--namespace={stage.namespace}"
