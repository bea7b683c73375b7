"""A bounded load of HTTP requests, sent by ab from a pod in the cluster."""

from dataclasses import dataclass
from typing import Any

from demo.ab import LoadReport, parse_report
from demo.stage import Stage
from demo.workloads import SECURITY, container_basics

_SECONDS_TO_START = 60
_SECONDS_OF_PATIENCE = 30
# ab takes the length of its first answer as that of all, and mistakes a broken one for it. So it only begins when
# twenty requests in a row were answered, which no replica can miss but once in a million times.
_WAIT = """
import sys, time, urllib.request
in_a_row = 0
while in_a_row < 20:
    try:
        urllib.request.urlopen(sys.argv[1], timeout=5).read()
        in_a_row += 1
    except OSError:
        in_a_row = 0
        time.sleep(0.5)
"""
_SCRIPT = 'python3 -c "$0" "$1" && url=$1 && shift && exec ab "$@" "$url"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """So many clients for so many seconds, each with one request at a time; ab stops earlier after 50,000 requests."""

    clients: int
    seconds: int

    def __str__(self) -> str:
        """As ab is told."""
        return " ".join(["ab", *self.arguments()])

    def arguments(self) -> list[str]:
        """The arguments of ab: -r goes on after broken connections, -s is its patience with a silent service."""
        return ["-q", "-r", "-s", str(_SECONDS_OF_PATIENCE), "-c", str(self.clients), "-t", str(self.seconds)]


def run_load(stage: Stage, load: Load, *, path: str, pod: str) -> LoadReport:
    """Send the load to the Service named as the stage's workload, from a pod of the given name; return its report.

    Raises DemoError when the load does not end, ReportError when it ends without a report.
    """
    found = stage.cluster.get(f"service/{stage.workload}", f"--namespace={stage.namespace}")
    url = f"http://{found['spec']['clusterIP']}{path}"
    stage.say(f"load: {load} {url}")
    stage.cluster.apply([_pod(stage, load, url, name=pod)], namespace=stage.namespace)
    stage.until(
        lambda now: pod in now.ended or None,
        what=f"the end of the load of {load.seconds} s",
        seconds=load.seconds + _SECONDS_TO_START + _SECONDS_OF_PATIENCE,
    )
    report = parse_report(stage.cluster.kubectl("logs", pod, f"--namespace={stage.namespace}"))
    stage.say(f"the load ended: {report.answered} requests answered, {report.failed} failed")
    return report


def _pod(stage: Stage, load: Load, url: str, *, name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "activeDeadlineSeconds": load.seconds + _SECONDS_TO_START,
            "automountServiceAccountToken": False,
            "dnsPolicy": "Default",
            "securityContext": SECURITY,
            "containers": [
                {
                    "name": "ab",
                    "command": ["sh", "-c", _SCRIPT, _WAIT, url, *load.arguments()],
                    **container_basics(stage.cluster),
                }
            ],
        },
    }
