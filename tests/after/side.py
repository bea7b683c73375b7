"""One side of a comparison: a scenario is played from nothing, and recorded, under the load of its users."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from after import objects
from after.advice import PROBETUNER
from after.apps.load import LEAD_SECONDS, PATIENCE_SECONDS
from after.figures import Asked, Figures, measure
from after.scenarios import WINDOW_SECONDS, Scenario
from demo import namespaces
from demo.cluster import Cluster, DemoError
from lab.boot import wait_until
from probetuner.sources.recording import META_FILE, Recording, Watched

_SECONDS_TO_START = 30
_SECONDS_TO_RECORD = LEAD_SECONDS + WINDOW_SECONDS + PATIENCE_SECONDS + _SECONDS_TO_START
_SECONDS_TO_CLOSE = 60

Change = Callable[[dict[str, Any]], Mapping[str, Any]]
"""From the Deployment of a scenario to the one that is played."""


def play(cluster: Cluster, scenario: Scenario, change: Change, *, namespace: str, folder: Path) -> Figures:
    """Play the scenario in a namespace that is removed afterwards; the recording stays in *folder*.

    Nothing looks at it meanwhile but the recorder: every look would take processor time from what is measured.
    Raises DemoError or LabError when that could not be done to its end.
    """
    namespaces.make(cluster, namespace)
    try:
        said = _record(cluster, scenario, change, namespace=namespace, folder=folder)
    finally:
        cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    asked = Asked(**json.loads(said))
    watched = [record for record in Recording(folder).records() if isinstance(record, Watched)]
    return measure(watched, scenario.name, asked)


def _record(cluster: Cluster, scenario: Scenario, change: Change, *, namespace: str, folder: Path) -> str:
    """Play and record; return what the users said last."""
    with subprocess.Popen(
        [PROBETUNER, "record", folder, f"--namespace={namespace}", f"--seconds={_SECONDS_TO_RECORD}"],
        env={**os.environ, **cluster.environment},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as recorder:
        try:
            wait_until((folder / META_FILE).exists, f"{scenario.name}: the recording does not begin", seconds=60)
            _apply(cluster, scenario, change, namespace=namespace)
            _, told = recorder.communicate(timeout=_SECONDS_TO_RECORD + _SECONDS_TO_CLOSE)
        except subprocess.TimeoutExpired:
            raise DemoError(f"{scenario.name}: the recording does not end") from None
        finally:
            recorder.terminate()
    if recorder.returncode:
        raise DemoError(f"{scenario.name}: the recording failed: {told}")
    users = cluster.get(f"pod/{objects.USERS}", f"--namespace={namespace}")
    if users["status"]["phase"] != "Succeeded":
        raise DemoError(f"{scenario.name}: its users are {users['status']['phase']} at the end of the recording")
    return cluster.kubectl("logs", objects.USERS, f"--namespace={namespace}").splitlines()[-1]


def _apply(cluster: Cluster, scenario: Scenario, change: Change, *, namespace: str) -> None:
    cluster.apply([*objects.services(scenario), objects.programs()], namespace=namespace)
    found = cluster.get("services", f"--namespace={namespace}")["items"]
    addresses = {service["metadata"]["name"]: service["spec"]["clusterIP"] for service in found}
    deployment = change(objects.workload(cluster, scenario, addresses))
    cluster.apply([deployment, *objects.surroundings(cluster, scenario, addresses)], namespace=namespace)
