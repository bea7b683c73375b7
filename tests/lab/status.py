"""What labs there are on this machine, and how they do."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta

from lab import cgroups
from lab.binaries import HELM_VERSION
from lab.cache import state_root
from lab.errors import LabError
from lab.lab import Lab
from lab.versions import chosen


def known_labs() -> list[str]:
    """Return the names of the labs that left anything on this machine, up or not."""
    if not state_root().is_dir():
        return []
    folders = {path.name for path in state_root().glob("[a-z0-9]*") if path.is_dir()}
    return sorted(folders | cgroups.names(state_root()))


def status() -> Iterator[str]:
    """Return lines for a person: the versions, and each lab with its state and the ways into it."""
    yield f"A new lab: Kubernetes {chosen()}, helm {HELM_VERSION}"
    for name in known_labs():
        yield from _lab(Lab(name))


def _lab(lab: Lab) -> Iterator[str]:
    if not lab.is_up():
        yield f"{lab.name}: not whole: `up` starts it afresh, `down` clears it"
        return
    uptime = timedelta(seconds=int(time.time() - lab.ready()["ready_since"]))
    yield f"{lab.name}: Kubernetes {lab.version}, {_components(lab)} for {uptime}, pods: {_pods(lab)}"
    yield f"  kubeconfig {lab.kubeconfig}"
    yield f"  kubelet    {lab.kubelet_url}"


def _components(lab: Lab) -> str:
    ailing = [f"{name} {state}" for name, state in lab.components().items() if state != "running"]
    return f"up but for {', '.join(ailing)}," if ailing else "up"


def _pods(lab: Lab) -> str:
    try:
        listed = json.loads(lab.kubectl("get", "pods", "--all-namespaces", "-o", "json", "--request-timeout=3s"))
    except LabError:
        return "unknown, since the API server does not answer"
    phases = [pod["status"]["phase"] for pod in listed["items"]]
    return ", ".join(f"{phases.count(phase)} {phase}" for phase in sorted(set(phases))) or "none"
