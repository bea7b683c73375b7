"""Clients that keep a service busy for as long as a story needs it, whatever becomes of their connections.

The product's own load ends with the first kill or after a share of errors, as it should; here it has to go on.
"""

from typing import Any

from demo.stage import Stage
from demo.workloads import SECURITY, container_basics

_POD = "clients"
_SECONDS_OF_PATIENCE = 30
_SCRIPT = """
import sys, threading, time, urllib.request
url, clients, seconds, patience = sys.argv[1], *map(int, sys.argv[2:])
end = time.monotonic() + seconds
def ask():
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=patience).read()
        except OSError:
            time.sleep(0.1)
threads = [threading.Thread(target=ask) for _ in range(clients)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def begin(stage: Stage, path: str, *, clients: int, seconds: int) -> None:
    """Let so many clients ask the Service named as the stage's workload, one request at a time each."""
    found = stage.cluster.get(f"service/{stage.workload}", f"--namespace={stage.namespace}")
    url = f"http://{found['spec']['clusterIP']}{path}"
    stage.say(f"{clients} clients ask {url}, for {seconds} s at most")
    stage.cluster.apply([_pod(stage, url, clients, seconds)], namespace=stage.namespace)


def end(stage: Stage) -> None:
    """Let them go."""
    stage.cluster.kubectl("delete", "pod", _POD, f"--namespace={stage.namespace}", "--wait=false")


def _pod(stage: Stage, url: str, clients: int, seconds: int) -> dict[str, Any]:
    arguments = [url, str(clients), str(seconds), str(_SECONDS_OF_PATIENCE)]
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
