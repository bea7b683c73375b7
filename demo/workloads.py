"""The objects of the stories, from their manifests: the workload, its program, its Service."""

from pathlib import Path
from typing import Any

import yaml

from demo.cluster import Cluster

MODE = "probetuner.dev/mode"
SECURITY = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}
_HERE = Path(__file__).parent


def documents(name: str, cluster: Cluster, *, folder: Path = _HERE, mode: str | None = None) -> list[dict[str, Any]]:
    """Read `manifests/NAME.yaml` with the program `apps/NAME.py` in a ConfigMap, ready for this cluster.

    *mode* takes the place of the mode in the manifest's annotation.
    """
    found = list(yaml.safe_load_all((folder / "manifests" / f"{name}.yaml").read_text()))
    for workload in found:
        if workload["kind"] in ("Deployment", "StatefulSet"):
            _fit(workload["spec"]["template"]["spec"], cluster)
            if mode is not None:
                workload["metadata"]["annotations"][MODE] = mode
    return [_program(name, folder), *found]


def container_basics(cluster: Cluster) -> dict[str, Any]:
    """What every container of the stories has, so that it runs on this cluster, under the restricted profile too."""
    return {
        "image": cluster.demo_image,
        "imagePullPolicy": cluster.pull_policy,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _program(name: str, folder: Path) -> dict[str, Any]:
    source = (folder / "apps" / f"{name}.py").read_text()
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": {f"{name}.py": source}}


def _fit(pod: dict[str, Any], cluster: Cluster) -> None:
    pod["securityContext"] = SECURITY
    for container in pod["containers"]:
        container.update(container_basics(cluster))
