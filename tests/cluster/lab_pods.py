"""Pods for the tests of the lab."""

import json
from typing import Any

from lab import Lab
from lab.images import DEMO


def pod(name: str, *, image: str = DEMO.name, command: tuple[str, ...] = (), **spec: Any) -> dict[str, Any]:
    """Return a pod of one container called as the pod; what `spec` says is laid over the pod's own."""
    container: dict[str, Any] = {"name": name, "image": image, "imagePullPolicy": "Never"}
    container |= {"command": list(command)} if command else {}
    container |= spec.pop("container", {})
    base = {"dnsPolicy": "Default", "terminationGracePeriodSeconds": 0, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": base | spec}


def run_pod(lab: Lab, manifest: dict[str, Any]) -> None:
    """Create the pod and wait until it is ready."""
    lab.kubectl("apply", "-f", "-", input=json.dumps(manifest))
    lab.kubectl("wait", "--for=condition=Ready", "--timeout=60s", f"pod/{manifest['metadata']['name']}")


def delete_pod(lab: Lab, name: str) -> None:
    """Delete the pod and wait until it is gone."""
    lab.kubectl("delete", "pod", name, "--timeout=60s")
