"""The operator's pod, and its sudden death."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from demo.cluster import Cluster
from demo.installation import SELECTOR


def kill(cluster: Cluster, *, namespace: str) -> None:
    """Kill the operator as a power cut would, without a chance to save anything, and remove its pod.

    The Deployment makes another one at once, without the kubelet's back-off between restarts of the same pod.
    """
    for pod in cluster.get("pods", f"--namespace={namespace}", f"--selector={SELECTOR}")["items"]:
        for process in _processes_of(pod["metadata"]["uid"]):
            os.kill(process, signal.SIGKILL)
        where = (f"pod/{pod['metadata']['name']}", f"--namespace={namespace}")
        cluster.kubectl("delete", *where, "--grace-period=0", "--force", "--ignore-not-found")


def _processes_of(pod_uid: str) -> Iterator[int]:
    """The processes of a pod on the lab's node, which is this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            groups = (process / "cgroup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        if f"pod{pod_uid}" in groups:
            yield int(process.name)
