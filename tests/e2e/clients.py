"""Clients that keep a service busy for as long as a story needs it, whatever becomes of their connections.

The product's own load ends with the first kill or after a share of errors, as it should; here it has to go on.
"""

import json
from dataclasses import dataclass
from typing import Any

from demo.stage import Stage
from demo.workloads import SECURITY, container_basics
from lab import LabError

_POD = "clients"
_SECONDS_OF_PATIENCE = 30
_SCRIPT = """
import json, random, sys, threading, time, urllib.request
url, clients, seconds, patience, pause = sys.argv[1], int(sys.argv[2]), *map(float, sys.argv[3:])
began = latest = time.monotonic()
end, lock, answered, failed, silence = began + seconds, threading.Lock(), 0, 0, 0.0
def tell(good):
    global latest, answered, failed, silence
    with lock:
        now = time.monotonic()
        silence = max(silence, now - latest)
        if good: answered, latest = answered + 1, now
        else: failed += 1
def ask():
    while time.monotonic() < end:
        time.sleep(pause * random.uniform(0.5, 1.5))
        try:
            urllib.request.urlopen(url, timeout=patience).read()
            tell(True)
        except OSError:
            tell(False)
            time.sleep(0.1)
threads = [threading.Thread(target=ask) for _ in range(clients)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps({"answered": answered, "failed": failed, "silence": silence}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fared:
    """How they fared: requests by how they ended, and the longest time without an answer to any of them."""

    answered: int
    failed: int
    silence_seconds: float


def begin(
    stage: Stage,
    path: str,
    *,
    clients: int,
    seconds: int,
    patience_seconds: int = _SECONDS_OF_PATIENCE,
    pause_seconds: float = 0.0,
) -> None:
    """Let so many clients ask the Service named as the stage's workload, one request at a time each.

    Each pauses for about so long before it asks, and waits for an answer for as long as its patience lasts.
    """
    found = stage.cluster.get(f"service/{stage.workload}", f"--namespace={stage.namespace}")
    url = f"http://{found['spec']['clusterIP']}{path}"
    stage.say(f"{clients} clients ask {url}, for {seconds} s at most")
    arguments = (url, str(clients), str(seconds), str(patience_seconds), str(pause_seconds))
    stage.cluster.apply([_pod(stage, arguments, seconds)], namespace=stage.namespace)


def report(stage: Stage) -> Fared | None:
    """How they fared, once their time is over."""
    try:
        said = stage.cluster.kubectl("logs", _POD, f"--namespace={stage.namespace}")
    except LabError:
        return None  # the container is not there yet
    if not said:
        return None
    found = json.loads(said)
    return Fared(answered=found["answered"], failed=found["failed"], silence_seconds=found["silence"])


def end(stage: Stage) -> None:
    """Let them go."""
    stage.cluster.kubectl("delete", "pod", _POD, f"--namespace={stage.namespace}", "--wait=false")


def _pod(stage: Stage, arguments: tuple[str, ...], seconds: int) -> dict[str, Any]:
    container = {"name": _POD, "command": ["python3", "-c", _SCRIPT, *arguments], **container_basics(stage.cluster)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _POD},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "activeDeadlineSeconds": seconds + _SECONDS_OF_PATIENCE,
            "automountServiceAccountToken": False,
            "dnsPolicy": "Default",
            "securityContext": SECURITY,
            "containers": [container],
        },
    }
