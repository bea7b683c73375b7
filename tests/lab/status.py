"""What labs there are on this machine, and how they do."""

import json
import time
from datetime import timedelta

from rich.table import Table

from lab import cgroups
from lab.binaries import HELM_VERSION, KUBERNETES_VERSION
from lab.cache import state_root
from lab.errors import LabError
from lab.lab import Lab


def known_labs() -> list[str]:
    """Return the names of the labs that left anything on this machine, up or not."""
    folders = {path.name for path in state_root().glob("[a-z0-9]*") if path.is_dir()}
    return sorted(folders | cgroups.names(state_root()))


def status_table() -> Table:
    """Return a table with a row for each lab."""
    table = Table(title=f"Kubernetes {KUBERNETES_VERSION}, helm {HELM_VERSION}", title_justify="left")
    for column in ("NAME", "STATE", "UPTIME", "PODS", "KUBECONFIG", "KUBELET"):
        table.add_column(column, overflow="fold")
    for name in known_labs():
        table.add_row(*_row(Lab(name)))
    return table


def _row(lab: Lab) -> tuple[str, ...]:
    if not lab.is_up():
        return lab.name, "dead: `up` starts it afresh, `down` clears it", "", "", "", ""
    uptime = timedelta(seconds=int(time.time() - lab.ready()["ready_since"]))
    return lab.name, _state(lab), str(uptime), _pods(lab), str(lab.kubeconfig), lab.kubelet_url


def _state(lab: Lab) -> str:
    ailing = [f"{name} {state}" for name, state in lab.components().items() if state != "running"]
    return ", ".join(ailing) or "up"


def _pods(lab: Lab) -> str:
    try:
        listed = json.loads(lab.kubectl("get", "pods", "--all-namespaces", "-o", "json", "--request-timeout=3s"))
    except LabError:
        return "unknown: the API server does not answer"
    phases = [pod["status"]["phase"] for pod in listed["items"]]
    return ", ".join(f"{phases.count(phase)} {phase}" for phase in sorted(set(phases))) or "none"
